"""One process drives a run, and everyone can see whether one does.

An advisory lock on a file in the run's directory: the system drops it when its process ends,
however that ends, so a run that says ``running`` and is not locked was interrupted.
"""

import fcntl
import os
from pathlib import Path

from engine.errors import EngineError

LOCK_FILE = ".lock"


class RunLock:
    """Held from its making to ``release``; also a context manager.

    Raises EngineError where another process (or another lock of this one) holds it.
    """

    def __init__(self, run: Path) -> None:
        self._file = os.open(run / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise EngineError(
                f"Run {run.name} is being driven by another process; "
                f"`mnist-tui stop {run.name}` stops it there."
            ) from None

    def release(self) -> None:
        """Let others drive the run; a second time does nothing."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> "RunLock":
        return self

    def __exit__(self, *exception: object) -> None:
        self.release()


def is_driven(run: Path) -> bool:
    """Tell whether a process drives the run now; writes nothing."""
    try:
        file = os.open(run / LOCK_FILE, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(file)
    return False
