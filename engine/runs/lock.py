"""One process at most drives a run, and everyone can see whether one does.

An advisory lock on a file in the run's directory: the system drops it when its process ends,
however that ends, so a run that says ``running`` and is not locked was interrupted.
"""

import fcntl
import os
import threading
import time
from contextlib import suppress
from pathlib import Path

from engine.errors import EngineError
from engine.files.reader import open_regular
from engine.files.writer import open_file
from engine.hints import hint

LOCK_FILE = ".lock"
PATIENCE, LOOK = 0.5, 0.01  # seconds; a mere look holds the lock for an instant

_held: set[str] = set()  # runs that this process drives
_changing = threading.Lock()  # held while a lock and its entry there are not both as they will be


class RunLock:
    """Held from its making to ``release``; also a context manager.

    Raises EngineError where another process (or another lock of this one) holds it, where the run
    is a link, or where it has been removed, and OSError where the file cannot be opened.
    A sweep is locked as a run is.
    """

    def __init__(self, run: Path, kind: str = "Run") -> None:
        """``kind`` is what messages call it: Run or Sweep."""
        self._run, self._holds, self._kind = os.path.realpath(run), False, kind
        try:
            self._file = open_file(run, LOCK_FILE, os.O_RDWR | os.O_CREAT)
        except FileNotFoundError:
            raise EngineError(f"{kind} {run.name} has been removed.") from None
        try:
            self._take(run)
        except BaseException:
            self.release()
            raise
        with suppress(OSError):  # for curious people; a full disk is reported elsewhere
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def _take(self, run: Path) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self._taken():
            if time.monotonic() > deadline:
                stop = ("stop",) if self._kind == "Run" else ("sweep", "stop")
                raise EngineError(
                    f"{self._kind} {run.name} is being driven by another process; "
                    f"{hint(run.parent, *stop, run.name)} stops it there."
                )
            time.sleep(LOOK)
        if not _same_file(self._file, run / LOCK_FILE):  # removed while we waited for it
            raise EngineError(f"{self._kind} {run.name} has been removed.")

    def _taken(self) -> bool:
        with _changing:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            _held.add(self._run)
            self._holds = True
            return True

    def release(self) -> None:
        """Let others drive the run; a second time does nothing."""
        if self._file < 0:
            return
        with _changing:
            os.close(self._file)
            self._file = -1
            if self._holds:
                _held.discard(self._run)

    def __enter__(self) -> "RunLock":
        return self

    def __exit__(self, *exception: object) -> None:
        self.release()


def _same_file(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), os.stat(path, follow_symlinks=False))
    except FileNotFoundError:
        return False


def is_driven(run: Path) -> bool:
    """Tell whether a process drives the run now; writes nothing and never waits."""
    try:
        file = open_regular(run / LOCK_FILE)
    except (OSError, EngineError):
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


def is_driven_elsewhere(run: Path) -> bool:
    """Tell whether another process drives the run now."""
    with _changing:  # else a lock that we are just letting go would be a stranger's
        return not is_driven_here(run) and is_driven(run)
