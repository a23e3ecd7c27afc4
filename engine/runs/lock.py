"""One process at most drives a run, and everyone can see whether one does.

An advisory lock on a file in the run's directory: the system drops it when its process ends,
however that ends, so a run that says ``running`` and is not locked was interrupted. Between
machines, where such locks may not hold, the file says who drives the run and is renewed meanwhile:
what another machine renewed within a minute is not taken, and whoever lost a run writes nothing
more to it.
"""

import fcntl
import os
import threading
import time
from contextlib import suppress
from pathlib import Path

from engine.errors import EngineError
from engine.files.reader import open_regular
from engine.files.writer import guard, open_folder, unguard
from engine.hints import hint
from engine.runs import holder
from engine.runs.holder import FRESH, SIZE, Holder

LOCK_FILE = ".lock"
PATIENCE, LOOK = 0.5, 0.01  # seconds; a mere look holds the lock for an instant

_held: set[str] = set()  # runs that this process drives
_changing = threading.Lock()  # held while a lock and its entry there are not both as they will be


class Driven(EngineError):
    """Another process on this machine drives a run."""


class HeldElsewhere(EngineError):
    """Another machine drives a run, or did so ``seconds`` before it may be taken over."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


class RunLock:
    """Held from its making to ``release``; also a context manager.

    Raises EngineError where another process (or another lock of this one) holds it, where a later
    attempt has begun, where the run is a link, or where it has been removed, and OSError where the
    file cannot be opened. A sweep is locked as a run is.
    """

    def __init__(self, run: Path, kind: str = "Run", *, attempt: int | None = None) -> None:
        """``kind`` is what messages call it: Run or Sweep. ``attempt`` is a sweep's count."""
        self._run, self._holds, self._kind = os.path.realpath(run), False, kind
        self._name, self._line = run.name, b""  # what we wrote there
        self._path = os.path.join(self._run, LOCK_FILE)
        self._ended, self._using = threading.Event(), threading.Lock()
        try:
            with open_folder(run) as folder:
                flags = os.O_RDWR | os.O_CREAT
                self._file = open_regular(run / LOCK_FILE, flags, folder=folder)
        except FileNotFoundError:
            raise EngineError(f"{kind} {run.name} has been removed.") from None
        try:
            self._take(run)
            self._sign(run, attempt)
        except BaseException:
            self.release()
            raise
        threading.Thread(target=self._renew, daemon=True, name="lock").start()

    def _take(self, run: Path) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self._taken():
            if time.monotonic() > deadline:
                found = _read(self._file)
                where = found.words if found.is_elsewhere else "another process"
                raise Driven(
                    f"{self._kind} {run.name} is being driven by {where}; "
                    f"{self._stops(run)} stops it there."
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

    def _sign(self, run: Path, attempt: int | None) -> None:
        """Write that the run is ours, unless another machine drives it or it is beyond us."""
        found = _read(self._file)
        if found.is_elsewhere:
            silent = holder.silence(run, os.fstat(self._file).st_mtime, exact=True)
            if silent < FRESH:
                wait = FRESH - silent
                raise HeldElsewhere(
                    f"{self._kind} {run.name} is being driven by {found.words}, last heartbeat "
                    f"{silent:.0f} s ago; {self._stops(run)} stops it there. "
                    f"If that machine is gone, try again in {wait + 1:.0f} s.",
                    wait,
                )
        if attempt is not None and attempt < found.attempt:
            raise EngineError(
                f"Attempt {found.attempt} at {self._kind.lower()} {run.name} has begun; "
                f"attempt {attempt} gives way to it."
            )
        host, boot = holder.identity()
        line = Holder(
            host=host,
            boot=boot,
            pid=os.getpid(),
            attempt=found.attempt if attempt is None else attempt,
            count=(found.count + 1) % 2**31,
        ).line()
        with suppress(OSError):  # on a full disk we are known by our lock alone
            os.pwrite(self._file, line, 0)
            os.ftruncate(self._file, SIZE)
            os.fsync(self._file)  # for other machines, which read it from the server
            self._line = line
        guard(self._run, self.check)

    def _stops(self, run: Path) -> str:
        stop = ("stop",) if self._kind == "Run" else ("sweep", "stop")
        return hint(run.parent, *stop, run.name)

    def _renew(self) -> None:
        """Give signs of life until the run is let go, or lost."""
        while not self._ended.wait(holder.BEAT):
            with self._using, suppress(OSError):
                if self._file < 0 or self._there() not in (None, self._line):
                    return
                os.utime(self._file)

    def check(self) -> None:
        """Raise EngineError where another one has taken the run over, OSError where none can tell.

        Called before each write to the run: whoever was cut off for a while must not write then.
        """
        there = self._there()
        if there in (None, self._line) or not self._line or self._ended.is_set():
            return
        found = holder.parse(there or b"")
        attempt = f", attempt {found.attempt}" if found.attempt else ""
        raise EngineError(
            f"{self._kind} {self._name} was taken over by {found.words}{attempt}; "
            "this process writes nothing more to it."
        )

    def _there(self) -> bytes | None:
        """Read the lock file anew, since only that asks the server; None where it was removed."""
        try:
            file = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            return os.pread(file, SIZE, 0)
        finally:
            os.close(file)

    def release(self) -> None:
        """Let others drive the run; a second time does nothing."""
        self._ended.set()
        with self._using:
            if self._file < 0:
                return
            if self._line:
                with suppress(OSError):
                    if self._there() == self._line:
                        os.pwrite(self._file, _let_go(self._line), 0)
            with _changing:
                if self._holds:
                    unguard(self._run)
                os.close(self._file)
                self._file = -1
                if self._holds:
                    _held.discard(self._run)

    def __enter__(self) -> "RunLock":
        return self

    def __exit__(self, *exception: object) -> None:
        self.release()


def _let_go(line: bytes) -> bytes:
    last = holder.parse(line)
    return Holder(attempt=last.attempt, count=last.count).line()


def _same_file(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), os.stat(path, follow_symlinks=False))
    except FileNotFoundError:
        return False


def is_driven(run: Path) -> bool:
    """Tell whether a process drives the run now, here or on another machine; never waits.

    Writes nothing, except where another machine seems to drive it: then a file that is removed
    again, to know what time it is there.
    """
    try:
        file = open_regular(run / LOCK_FILE)
    except (OSError, EngineError):
        return False
    try:
        if not _is_free(file):
            return True
        found, changed = _read(file), os.fstat(file).st_mtime
    finally:
        os.close(file)
    return found.is_elsewhere and holder.silence(run, changed) < FRESH


def _is_free(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _read(file: int) -> Holder:
    try:
        return holder.parse(os.pread(file, SIZE, 0))
    except OSError:
        return holder.NOBODY


def holder_of(run: Path) -> Holder:
    """Return who a run's lock file says drives it; nobody where there is none."""
    try:
        file = open_regular(run / LOCK_FILE)
    except (OSError, EngineError):
        return holder.NOBODY
    try:
        return _read(file)
    finally:
        os.close(file)


def is_driven_here(run: Path) -> bool:
    """Tell whether this process drives the run."""
    return os.path.realpath(run) in _held


def is_driven_elsewhere(run: Path) -> bool:
    """Tell whether another process drives the run now."""
    with _changing:  # else a lock that we are just letting go would be a stranger's
        return not is_driven_here(run) and is_driven(run)
