"""A run's directory: what can be read from it, and what is written to it.

Files appear whole or not at all. Only the journal grows in place, a line at a time; a last line
that was cut is no error. Everything is written by ``engine.files.writer``, so that no link in a
run's directory leads what is written out of it.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
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
    MB,
    DamagedFile,
    check_object,
    from_json,
    open_to_read,
    read_array,
    read_bytes,
    read_lines,
)
from engine.files.writer import clear_partial, open_file, remove_file, write_atomically
from engine.hints import hint
from engine.runs.events import Stopped
from engine.runs.journal import JournalParser, StoredEvents
from engine.runs.lock import is_driven
from engine.runs.schema import (
    JOURNAL_FILE,
    RESULT_FILE,
    RUN_FILE,
    check_result,
    check_run,
    rows_of,
    side_of,
)

SCHEMA = 2  # 1 is that of version 0.1
HASHED_LIMIT = 4096 * MB  # bytes of a file that a result rests on
STOP_FILE = ".stop"  # another process asks the one that drives the run to stop it
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
    def journal(self) -> Path:
        """The file that the journal is in."""
        return self.path / JOURNAL_FILE

    def read_info(self) -> dict[str, Any]:
        """Return ``run.json``, checked. Raises EngineError where it is missing or damaged."""
        return self._read_json(RUN_FILE, check_run)

    def find_damage(self) -> str:
        """Return what is wrong with ``run.json`` or a finished run's result, "" if nothing."""
        try:
            if self.read_info()["status"] == "finished":
                self.read_result()
        except EngineError as error:
            return str(error)
        return ""

    def read_status(self) -> str:
        """Return the status; ``interrupted`` if ``run.json`` says running but nothing drives it.

        A run may end, or be resumed, between the look at the file and the one at the lock. So
        nothing counts as interrupted unless its file is the same after both: each resume and each
        end changes it.
        """
        info = self.read_info()
        while info["status"] == "running" and not is_driven(self.path):
            before, info = info, self.read_info()
            if info == before:
                return "interrupted"
        status: str = info["status"]
        return status

    def read_config(self) -> RunConfig:
        """Return the config; ``artifacts`` is where the run lies now. Raises EngineError."""
        info = self.read_info()
        here = {"artifacts": str(self.path.parent.resolve())}
        kind: type[RunConfig] = sections.find(info["section"]).config
        return kind.from_json(info["config"] | here)

    def read_result(self) -> dict[str, Any]:
        """Return ``result.json``, checked. Raises EngineError where the run has not finished."""

        def check(values: dict[str, Any]) -> None:
            info = self.read_info()
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
        config = self.read_config()
        name = sections.find(config.section).array_file
        if name is None:
            raise EngineError(f"Run {self.id} makes neither noises nor images.")
        try:
            side = side_of(config)
            return read_array(self.path / name, (rows_of(config), 1, side, side))
        except FileNotFoundError:
            raise EngineError(f"Run {self.id} has no {name}.") from None

    def parser(self) -> JournalParser:
        """Return a parser of the journal, before its first line."""
        return JournalParser(self.journal, self.read_config)

    def lines(self) -> Iterator[bytes]:
        """Yield the journal's lines, the last one perhaps cut. Raises EngineError."""
        try:
            with open_to_read(self.journal, JOURNAL_LIMIT) as journal:
                yield from read_lines(journal, self.journal)
        except FileNotFoundError:
            return

    def was_handed_over(self) -> bool:
        """Tell whether its process stopped it only for another one to take it over."""
        last = None
        for event in self.events():
            last = event
        return isinstance(last, Stopped) and last.handed_over

    # What follows writes. It raises OSError, and EngineError where a link leads out of the run.

    def write(self, name: str, content: bytes | memoryview) -> None:
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
        self.write_json(RUN_FILE, self.read_info() | values)

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
        path = self.journal
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

    def hashes(self, names: Iterable[str]) -> dict[str, str]:
        """Return the SHA-256 of files by name; ``config`` is that of the config, as JSON.

        Raises EngineError where a file is missing or cannot be read.
        """
        found = {}
        for name in names:
            try:
                found[name] = self._hash(name)
            except FileNotFoundError:
                raise EngineError(f"Run {self.id} has no {name}.") from None
        return found

    def _hash(self, name: str) -> str:
        digest = hashlib.sha256()
        if name == "config":
            values = self.read_info()["config"]
            digest.update(json.dumps(values, sort_keys=True, ensure_ascii=False).encode())
            return digest.hexdigest()
        with open_to_read(self.path / name, HASHED_LIMIT) as file:
            while chunk := file.read(MB):
                digest.update(chunk)
        return digest.hexdigest()


def now() -> str:
    """Return the time as run.json has it: ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def is_id(name: Any) -> bool:
    """Tell whether a value can be the id of a run: the name of a directory in this folder."""
    return (
        isinstance(name, str)
        and name not in ("", ".", "..")
        and len(name) <= 255
        and not any(sign in name for sign in "/\\\0")
    )


def run_beside(folder: Path, name: str) -> Path:
    """Return the directory of another run in a folder. Raises EngineError unless it is an id."""
    if not is_id(name):
        raise EngineError(
            f"{name!r} is not the id of a run; {hint(folder, 'runs')} lists the runs."
        )
    return folder / name
