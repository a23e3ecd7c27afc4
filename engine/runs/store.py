"""A run on disk: its directory, its journal, and how both are found again.

Files appear whole or not at all. Only the journal grows in place, a line at a time; a last line
that was cut is no error. Everything is written by ``engine.files.writer``, so that no link in a
run's directory leads what is written out of it.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from engine import sections
from engine.config import RunConfig
from engine.errors import EngineError, Unsound
from engine.files.reader import (
    JOURNAL_LIMIT,
    JSON_LIMIT,
    DamagedFile,
    check_object,
    from_json,
    open_to_read,
    read_array,
    read_bytes,
    read_lines,
)
from engine.files.writer import clear_partial, open_file, remove_file, write_atomically
from engine.networks.architectures import IMAGE_SIZE
from engine.runs.events import Event, Stopped, to_json
from engine.runs.journal import JournalParser, StoredEvents
from engine.runs.lock import LOCK_FILE, RunLock, is_driven
from engine.runs.schema import (
    JOURNAL_FILE,
    RESULT_FILE,
    RUN_FILE,
    check_result,
    check_run,
    rows_of,
)

SCHEMA = 1
STOP_FILE = ".stop"  # another process asks the one that drives the run to stop it
REMOVED = ".removed"  # the end of a directory's name while it is being removed
_MADE = re.compile(r"\d{8}-\d{6}-\d{3}-.")  # how an id begins
RESERVE_FILE, RESERVE = ".reserve", 64 * 1024  # bytes, freed so that a full disk can be reported


class Run:
    """A run directory, to read and to write. Nothing is read in advance."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._sound: dict[str, bytes] = {}  # what was found sound need not be checked again

    @property
    def id(self) -> str:
        """The directory's name: unique, sorts by time, says what the run is."""
        return self.path.name

    @property
    def info(self) -> dict[str, Any]:
        """``run.json``, checked. Raises EngineError where it is missing or damaged."""
        return self._read_json(RUN_FILE, check_run)

    @property
    def damage(self) -> str:
        """What is wrong with ``run.json`` or a finished run's result; "" if nothing."""
        try:
            if self.info["status"] == "finished":
                _ = self.result
        except EngineError as error:
            return str(error)
        return ""

    @property
    def status(self) -> str:
        """The status in ``run.json``; ``interrupted`` if it says running but nothing drives it.

        A run may end, or be resumed, between the look at the file and the one at the lock. So
        nothing counts as interrupted unless its file is the same after both: each resume and each
        end changes it.
        """
        info = self.info
        while info["status"] == "running" and not is_driven(self.path):
            before, info = info, self.info
            if info == before:
                return "interrupted"
        status: str = info["status"]
        return status

    @property
    def config(self) -> RunConfig:
        """What the run was asked to do; ``artifacts`` is where it lies now. Raises EngineError."""
        info = self.info
        here = {"artifacts": str(self.path.parent.resolve())}
        kind: type[RunConfig] = sections.find(info["section"]).config
        return kind.from_json(info["config"] | here)

    @property
    def result(self) -> dict[str, Any]:
        """``result.json``, checked. Raises EngineError where the run has not finished."""

        def check(values: dict[str, Any]) -> None:
            info = self.info
            check_result(values, info["section"], info["config"])

        return self._read_json(RESULT_FILE, check)

    def events(self) -> StoredEvents:
        """Return the journal's events, to be iterated over once; none where there is no journal.

        Raises DamagedFile, at the first of them, where that is no sound Started. A later line that
        is damaged is skipped, and counted in ``damaged``.
        """
        return StoredEvents(self.lines(), self.parser())

    def array(self) -> np.ndarray:
        """Return the array that a run made: float32 [N, 1, H, W], all finite.

        Raises EngineError where they are missing or damaged.
        """
        config = self.config
        name = sections.find(config.section).array_file
        if name is None:
            raise EngineError(f"Run {self.id} makes neither noises nor images.")
        try:
            return read_array(self.path / name, (rows_of(config), 1, IMAGE_SIZE, IMAGE_SIZE))
        except FileNotFoundError:
            raise EngineError(f"Run {self.id} has no {name}.") from None

    def parser(self) -> JournalParser:
        """Return a parser of the journal, before its first line."""
        return JournalParser(self.path / JOURNAL_FILE, lambda: self.config)

    def lines(self) -> Iterator[bytes]:
        """Yield the journal's lines, the last one perhaps cut. Raises EngineError."""
        path = self.path / JOURNAL_FILE
        try:
            with open_to_read(path, JOURNAL_LIMIT) as journal:
                yield from read_lines(journal, path)
        except FileNotFoundError:
            return

    @property
    def handed_over(self) -> bool:
        """Whether its process stopped it only for another one to take it over."""
        last = None
        for event in self.events():
            last = event
        return isinstance(last, Stopped) and last.handed_over

    # What follows writes. It raises OSError, and EngineError where a link leads out of the run.

    def write(self, name: str, content: bytes) -> None:
        """Write a file of the run, atomically; ``name`` may be of a folder in it."""
        write_atomically(self.path / name, content, self.path)

    def remove(self, name: str) -> None:
        """Remove a file of the run, if it exists."""
        remove_file(self.path, name)

    def sync(self, name: str) -> None:
        """Sync a file of the run to the disk."""
        file = open_file(self.path, name, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)

    def write_json(self, name: str, values: dict[str, Any]) -> None:
        """Write a JSON file of the run, atomically."""
        text = json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False)
        self.write(name, text.encode() + b"\n")

    def update(self, **values: Any) -> None:
        """Change fields of ``run.json``."""
        self.write_json(RUN_FILE, self.info | values)

    def ask_to_stop(self) -> None:
        """Ask the process that drives the run to stop it at its next event. Raises EngineError."""
        try:
            self.write(STOP_FILE, b"")
        except OSError as error:
            raise EngineError(
                f"Run {self.id} cannot be stopped from here ({error.strerror})."
            ) from None

    def stop_asked(self) -> bool:
        """Tell whether another process has asked for a stop."""
        return os.path.lexists(self.path / STOP_FILE)

    def keep_reserve(self) -> None:
        """Reserve some space, so that a full disk can still be reported."""
        self.write(RESERVE_FILE, bytes(RESERVE))

    def free_reserve(self) -> None:
        """Free that space."""
        with suppress(OSError, EngineError):
            self.remove(RESERVE_FILE)

    def clear_partial(self) -> None:
        """Remove what a killed process left of files that it was writing."""
        clear_partial(self.path)

    def cut_journal(self, size: int | None) -> bool:
        """Shorten the journal to ``size`` bytes; None leaves its first line alone.

        Returns whether anything is left: a process may have died before its first line was whole.
        Raises EngineError where the journal is shorter than ``size``.
        """
        path = self.path / JOURNAL_FILE
        try:
            descriptor = open_file(self.path, JOURNAL_FILE, os.O_RDWR | os.O_CREAT)
            with os.fdopen(descriptor, "r+b") as file:
                if size is None:
                    size = len(first) if (first := file.readline()).endswith(b"\n") else 0
                if file.seek(0, os.SEEK_END) < size:
                    raise EngineError(f"{path} has lost lines that the checkpoint builds on.")
                file.truncate(size)
                os.fsync(file.fileno())
        except OSError as error:
            raise EngineError(f"{path} cannot be cut ({error.strerror}).") from None
        return size > 0

    def _read_json(self, name: str, check: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
        path = self.path / name
        try:
            content = read_bytes(path, JSON_LIMIT)
            values: dict[str, Any] = from_json(content)
            if content != self._sound.get(name):
                check_object(values)
                check(values)
                if name == RUN_FILE:  # the result is checked against it
                    self._sound.clear()
                self._sound[name] = content
        except FileNotFoundError:
            raise EngineError(f"Run {self.id} has no {name}.") from None
        except Unsound as error:
            raise DamagedFile(path, str(error)) from None
        return values


class Journal:
    """Appends events to a run's ``events.jsonl``. Close it, or use it as a context manager."""

    # Progress and previews survive the process without a sync; these survive the machine too.
    _SYNCED = ("started", "checkpoint", "resumed", "stopped", "finished", "failed")

    def __init__(self, run: Run) -> None:
        # Without Python's buffer: what a full disk refused must not be written later.
        file = open_file(run.path, JOURNAL_FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._file = os.fdopen(file, "ab", buffering=0)

    @property
    def size(self) -> int:
        """Length in bytes."""
        return self._file.tell()

    def append(self, event: Event) -> None:
        """Write one line and hand it to the system. Raises OSError, with nothing of it written."""
        line = json.dumps(to_json(event), separators=(",", ":"), allow_nan=False) + "\n"
        size, rest = self.size, memoryview(line.encode())
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
            if event.kind in self._SYNCED:
                os.fsync(self._file.fileno())
        except OSError:
            self._file.seek(self._file.truncate(size))
            raise

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def create_run(artifacts: Path, name: str) -> Run:
    """Make a new run directory, ``20260131-235959-123-NAME`` by the current time in UTC.

    Two processes at the same instant get two directories: making one is atomic, and who comes
    second takes a later instant. Raises EngineError where the folder cannot be written.
    """
    try:
        artifacts.mkdir(parents=True, exist_ok=True)
        while True:
            now = datetime.now(UTC)
            path = artifacts / f"{now:%Y%m%d-%H%M%S}-{now.microsecond // 1000:03d}-{name}"
            try:
                path.mkdir()
            except FileExistsError:
                if not path.is_dir():
                    raise
                continue
            return Run(path)
    except OSError as error:
        raise EngineError(
            f"Runs cannot be written to {artifacts} ({error.strerror}). "
            "Choose another folder with --artifacts."
        ) from None


def list_runs(artifacts: Path) -> list[Run]:
    """Return the runs in a folder, newest first: all directories with a ``run.json``.

    Nor is what is hidden: a run that is being removed.
    """
    try:
        found = (entry.name for entry in os.scandir(artifacts))
        names = sorted((name for name in found if not name.startswith(".")), reverse=True)
    except FileNotFoundError:
        return []
    except NotADirectoryError:
        raise EngineError(f"{artifacts} is not a folder; choose one with --artifacts.") from None
    except OSError as error:
        raise EngineError(f"{artifacts} cannot be read ({error.strerror}).") from None
    # Whatever kind of thing it is: a damaged run is listed too. Unlike pathlib's, lexists is False
    # for another user's folder that may not be read.
    return [Run(artifacts / name) for name in names if os.path.lexists(artifacts / name / RUN_FILE)]


def finished_runs(artifacts: Path) -> Iterator[tuple[Run, dict[str, Any]]]:
    """Yield the finished runs in a folder with their ``run.json``, newest first.

    Damaged ones are skipped.
    """
    for run in list_runs(artifacts):
        with suppress(EngineError):
            info = run.info
            if info["status"] == "finished":
                yield run, info


def is_named(id_: str, name: str) -> bool:
    """Tell whether ``name`` can mean a run: it is the id, or its beginning or end."""
    return bool(name) and (id_.startswith(name) or id_.endswith(name))


def find_run(artifacts: Path, name: str) -> Run:
    """Return the run of that id, or the only one whose id begins or ends with ``name``.

    Raises EngineError where there is none, or more than one.
    """
    runs = list_runs(artifacts)
    for run in runs:
        if run.id == name:
            return run
    matches = [run for run in runs if is_named(run.id, name)]
    if not name or not matches:
        raise EngineError(f"No run {name!r} in {artifacts}; `mnist-tui runs` lists what is there.")
    if len(matches) > 1:
        raise EngineError(f"{name!r} could be {' or '.join(run.id for run in matches[:3])}.")
    return matches[0]


def remove_run(run: Run) -> None:
    """Remove a run's directory; a link in it is removed, never what it points to.

    The directory is hidden first, under its lock, so that nobody can begin to drive the run while
    its files go. Raises EngineError where the run is being driven, is itself a link, or cannot be
    removed; what is left of it can then still be named.
    """
    if run.path.is_symlink():
        raise EngineError(f"{run.path} is a link to another place; remove it there.")
    hidden = run.path.with_name(f".{run.id}{REMOVED}")
    try:
        with RunLock(run.path):
            run.path.rename(hidden)
            try:
                _remove_folder(hidden)
            except BaseException:  # Ctrl-C too
                hidden.rename(run.path)
                raise
    except OSError as error:
        raise EngineError(f"{run.path} cannot be removed ({error.strerror}).") from None


def finish_removals(artifacts: Path) -> list[str]:
    """Remove what killed processes left of runs that they were removing; return the runs' ids.

    A folder counts as such by a name that ``create_run`` and ``remove_run`` make together, and by
    the lock, which goes last. Whatever else is hidden in the folder belongs to someone.
    """
    finished = []
    for path in sorted(artifacts.glob(f".*{REMOVED}")):
        id_ = path.name[1 : -len(REMOVED)]
        ours = _MADE.match(id_) and os.path.lexists(path / LOCK_FILE)
        if ours and not path.is_symlink() and not is_driven(path):
            with suppress(OSError):
                _remove_folder(path)
                finished.append(id_)
    return finished


def _remove_folder(path: Path) -> None:
    """Remove a hidden run; ``run.json`` late, for people who look, and the lock last of all.

    What another process removes meanwhile is as well gone. Raises OSError.
    """
    order = ("", RUN_FILE, LOCK_FILE)
    names = sorted(os.listdir(path), key=lambda name: order.index(name) if name in order else 0)
    for entry in (path / name for name in names):
        with suppress(FileNotFoundError):
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
    with suppress(FileNotFoundError):
        path.rmdir()


def content_hashes(config: Mapping[str, Any], files: Mapping[str, bytes]) -> dict[str, str]:
    """Return the SHA-256 of a run's config, as JSON, and of the files that it leaves, by name."""
    text = json.dumps(config, sort_keys=True, ensure_ascii=False)
    contents = {"config": text.encode()} | dict(files)
    return {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
