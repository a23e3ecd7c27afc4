"""One process drives a run, and everyone can see whether one does.

An advisory lock on a file in the run's directory: the system drops it when its process ends,
however that ends, so a run that says ``running`` and is not locked was interrupted.
"""

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path

from engine.errors import EngineError

LOCK_FILE = ".lock"
FLAGS = os.O_CLOEXEC | os.O_NOFOLLOW  # a link would lead out of the run
PATIENCE, LOOK = 0.5, 0.01  # seconds; whoever only asks holds the lock for an instant


_held: set[str] = set()  # runs that this process drives, or is about to


class RunLock:
    """Held from its making to ``release``; also a context manager.

    Raises EngineError where another process (or another lock of this one) holds it.
    """

    def __init__(self, run: Path) -> None:
        self._run = os.path.realpath(run)
        self._file = os.open(run / LOCK_FILE, os.O_RDWR | os.O_CREAT | FLAGS, 0o644)
        deadline = time.monotonic() + PATIENCE
        while not self._taken():
            if time.monotonic() > deadline:
                os.close(self._file)
                raise EngineError(
                    f"Run {run.name} is being driven by another process; "
                    f"`mnist-tui stop {run.name}` stops it there."
                )
            time.sleep(LOOK)
        with suppress(OSError):  # for people who want to know; a full disk is told of elsewhere
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def _taken(self) -> bool:
        already = self._run in _held
        _held.add(self._run)  # before the lock, lest another thread take us for a stranger
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not already:
                _held.discard(self._run)
            return False
        return True

    def release(self) -> None:
        """Let others drive the run; a second time does nothing."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
            _held.discard(self._run)

    def __enter__(self) -> "RunLock":
        return self

    def __exit__(self, *exception: object) -> None:
        self.release()


def is_driven(run: Path) -> bool:
    """Tell whether a process drives the run now; writes nothing."""
    try:
        file = os.open(run / LOCK_FILE, os.O_RDONLY | FLAGS)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(file)
    return False


def is_driven_here(run: Path) -> bool:
    """Tell whether this process drives the run."""
    return os.path.realpath(run) in _held
