"""Journals: their writer, and one parser for whole journals and growing ones.

A line that is damaged is skipped and counted; without a sound first one nothing can be read. No
torch in here.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from engine.config import RunConfig
from engine.errors import Unsound
from engine.files.reader import DamagedFile
from engine.files.reader import from_json as strict_json
from engine.files.writer import guard_of, open_file
from engine.runs.events import Event, to_json
from engine.runs.rules import Rules, started_of
from engine.runs.schema import JOURNAL_FILE


class JournalParser:
    """Turns a journal's lines into events. ``damaged`` counts those that were skipped."""

    def __init__(self, path: str | os.PathLike[str], config: Callable[[], RunConfig]) -> None:
        """``config`` returns the config in run.json, which the journal must match."""
        self.damaged = 0
        self._path = path
        self._config = config
        self._rules: Rules | None = None

    def event(self, line: bytes, place: int | None = None) -> Event | None:
        """Return the event of a line that begins at ``place``, None where it is damaged.

        Raises DamagedFile where the first one is no sound Started.
        """
        try:
            if self._rules is not None:
                return self._rules.event(line, place)
            started = started_of(strict_json(line), self._config())
        except Unsound as error:
            if self._rules is None:
                raise DamagedFile(self._path, f"its first line: {error}") from None
            self.damaged += 1
            return None
        self._rules = Rules(started)
        return started


class StoredEvents(Iterator[Event]):
    """The events of a journal that is read from its start. ``damaged`` counts skipped lines.

    A last line that was cut is no damage.
    """

    def __init__(self, lines: Iterable[bytes], parser: JournalParser) -> None:
        self._lines = iter(lines)
        self._parser = parser
        self._place = 0  # bytes read so far

    @property
    def damaged(self) -> int:
        """The number of lines skipped so far."""
        return self._parser.damaged

    def __next__(self) -> Event:
        for line in self._lines:
            if not line.endswith(b"\n"):
                break  # being written, or cut
            event = self._parser.event(line, self._place)
            self._place += len(line)
            if event is not None:
                return event
        raise StopIteration


class Journal:
    """Appends events to a run's journal. Close it, or use it as a context manager."""

    # Progress and previews survive the process without a sync; these survive the machine too.
    _SYNCED = ("started", "checkpoint", "resumed", "stopped", "finished", "failed")

    def __init__(self, run: Path) -> None:
        # Without Python's buffer: what a full disk refused must not be written later.
        file = open_file(run, JOURNAL_FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._file = os.fdopen(file, "ab", buffering=0)
        self._check = guard_of(run)

    @property
    def size(self) -> int:
        """Length in bytes."""
        return self._file.tell()

    def append(self, event: Event) -> None:
        """Write one line and hand it to the system.

        Raises OSError, and EngineError where another process has taken the run over, with nothing
        of it written.
        """
        self._check()
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
