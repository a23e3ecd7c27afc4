"""The keeper: an actor on the driver's node that every task reports to.

It tells tasks when they are to stop. Of runs on nodes that do not see the folder of runs, it also
owns the files there: it gives what has been done so far to a new attempt, writes what that sends,
and refuses whatever an older attempt sends, which was on a node that is thought to be lost.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from engine.errors import EngineError, MnistTuiError
from engine.files.reader import JOURNAL_LIMIT, read_bytes
from engine.files.writer import open_file
from engine.networks.code import LIMIT
from engine.runs.lock import RunLock
from engine.runs.run import HASHED_LIMIT, STOP_FILE, Run
from engine.runs.schema import JOURNAL_FILE, RUN_FILE
from engine.runs.store import create_planned


class Superseded(Exception):
    """A newer attempt drives the run."""


class NotTaken(Exception):
    """This keeper did not give out the run: an earlier one did, which has died."""


class Busy(Exception):
    """Another process holds the run, perhaps not for long."""


@dataclass(frozen=True)
class Changes:
    """What has changed in a run's directory, in the order in which it is written elsewhere.

    The journal has ``tail`` from byte ``place`` on. A checkpoint knows no more than that journal,
    and run.json, which comes last, nothing that the other files do not bear out.
    """

    tail: bytes = b""
    place: int = 0
    files: list[tuple[str, bytes]] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.tail or self.files or self.removed)


class Keeper:
    """Its methods are called by tasks, by run and attempt; ``expect`` and ``stop`` by the driver.

    They raise Superseded where there is a newer attempt.
    """

    def __init__(self, sweep: Path) -> None:
        self._sweep, self._artifacts = sweep, sweep.parent
        self._newest: dict[str, int] = {}  # attempts by run
        self._active: dict[tuple[str, int], str] = {}  # with the node that each is on
        self._locks: dict[str, RunLock] = {}
        self._stopping: str | None = None
        self.refused = 0  # calls of older attempts

    # The driver calls these.

    def expect(self, run_id: str, attempt: int) -> None:
        """Refuse older attempts from now on."""
        self._newest[run_id] = max(attempt, self._newest.get(run_id, 0))

    def stop(self, reason: str) -> set[tuple[str, int]]:
        """Have every active run stopped, and those that would begin; return the active ones."""
        self._stopping = self._stopping or reason
        return set(self._active)

    def on(self, node: str) -> set[tuple[str, int]]:
        """Return what is active on a node."""
        return {key for key, where in self._active.items() if where == node}

    def lost(self, run_id: str, attempt: int) -> None:
        """Let go of a run whose worker is lost, unless a newer attempt has it."""
        self._active.pop((run_id, attempt), None)
        if self._newest.get(run_id, 0) <= attempt:
            self._release(run_id, attempt)

    def refusals(self) -> int:
        """Return how often an older attempt was refused."""
        return self.refused

    # A task calls these.

    def begin(self, run_id: str, attempt: int, node: str) -> str | None:
        """Hear that an attempt begins on a node; return why it should not, if so."""
        self._check(run_id, attempt)
        if self._stopping is None:
            self._active[run_id, attempt] = node
        return self._stopping

    def take(self, run_id: str, attempt: int) -> dict[str, bytes]:
        """Lock a run for an attempt that works elsewhere; return the files that it has so far.

        Raises Busy and EngineError.
        """
        self._check(run_id, attempt)
        run = Run(self._artifacts / run_id)
        with _in_words(run):
            begun = os.path.lexists(run.path / RUN_FILE)
            if not begun:
                create_planned(self._artifacts, run_id)
            if (lock := self._locks.pop(run_id, None)) is not None:  # of an attempt that was lost
                lock.release()
            try:
                self._locks[run_id] = RunLock(run.path, attempt=attempt)
            except EngineError as error:
                raise Busy(str(error)) from None
            run.clear_partial()
            run.remove(STOP_FILE)
            if begun:
                return dict(_files(run))
            for name, _ in list(_files(run)):  # a keeper was killed before it wrote run.json
                run.remove(name)
            return {}

    def look(self, run_id: str) -> dict[str, bytes]:
        """Return the files of a finished run that others look at. Raises EngineError."""
        run = Run(self._artifacts / run_id)
        with _in_words(run):
            return dict(_files(run))

    def code(self, name: str) -> bytes:
        """Return the sweep's copy of a network's file. Raises EngineError."""
        with _in_words(Run(self._sweep)):
            return read_bytes(self._sweep / name, LIMIT)

    def write(self, run_id: str, attempt: int, changes: Changes) -> None:
        """Write what has changed in a run, which the attempt has taken. Raises EngineError.

        Killed at any point, it leaves what can be resumed. Raises NotTaken where it was taken from
        another keeper.
        """
        self._check(run_id, attempt)
        if run_id not in self._locks:  # by this keeper, where an earlier one has died
            raise NotTaken(run_id)
        run = Run(self._artifacts / run_id)
        with _in_words(run):
            if changes.tail:
                _write_journal(run, changes.place, changes.tail)
            for name, content in changes.files:
                run.write(_sound(name), content)
            for name in changes.removed:
                run.remove(_sound(name))

    def stopping(self, run_id: str, attempt: int) -> str | None:
        """Return why an active run is to stop, None if it is not."""
        self._check(run_id, attempt)
        self._active.setdefault((run_id, attempt), "")  # where an earlier keeper heard it begin
        if run_id in self._locks and Run(self._artifacts / run_id).stop_asked():
            return "another process"
        return self._stopping

    def end(self, run_id: str, attempt: int) -> None:
        """Let go of a run whose attempt has ended."""
        self._check(run_id, attempt)
        self._release(run_id, attempt)

    def _check(self, run_id: str, attempt: int) -> None:
        if attempt < self._newest.get(run_id, 0):
            self.refused += 1
            raise Superseded(f"attempt {self._newest[run_id]} drives {run_id}")
        self._newest[run_id] = attempt

    def _release(self, run_id: str, attempt: int) -> None:
        self._active.pop((run_id, attempt), None)
        if (lock := self._locks.pop(run_id, None)) is not None:
            lock.release()


@contextmanager
def _in_words(run: Run) -> Iterator[None]:
    """Raise plain EngineErrors only: others do not survive the way to another process."""
    try:
        yield
    except MnistTuiError as error:
        raise EngineError(str(error)) from None
    except OSError as error:
        raise EngineError(
            f"The files of {run.path} cannot be kept ({error.strerror or error}); fix that, "
            "then resume the sweep."
        ) from None


def _files(run: Run) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a run, but for those that are of its process alone and its figures."""
    for name in sorted(os.listdir(run.path)):
        if not name.startswith(".") and (run.path / name).is_file():
            limit = JOURNAL_LIMIT if name == JOURNAL_FILE else HASHED_LIMIT
            yield name, read_bytes(run.path / name, limit)


def _sound(name: str) -> str:
    """Return the name of a file in a run. Raises EngineError where it would lie elsewhere."""
    parts = Path(name).parts
    if not parts or os.path.isabs(name) or any(part.startswith(".") for part in parts):
        raise EngineError(f"{name!r} is not the name of a file in a run.")
    return name


def _write_journal(run: Run, place: int, tail: bytes) -> None:
    """Make ``tail`` what a journal has from ``place`` on; what is there alike is left alone.

    A session that was resumed has cut its journal, but never what a checkpoint builds on.
    """
    file = open_file(run.path, JOURNAL_FILE, os.O_RDWR | os.O_CREAT)
    with os.fdopen(file, "r+b") as journal:
        if journal.seek(0, os.SEEK_END) < place:
            raise EngineError(f"{run.journal} has lost lines that were sent before.")
        journal.seek(place)
        same = _alike(journal.read(), tail)
        journal.seek(place + same)
        journal.truncate()
        journal.write(tail[same:])
        journal.flush()
        os.fsync(journal.fileno())


def _alike(first: bytes, second: bytes) -> int:
    """Return with how many equal bytes two strings begin."""
    low, high = 0, min(len(first), len(second))
    while low < high:
        middle = (low + high + 1) // 2
        if first[low:middle] == second[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
