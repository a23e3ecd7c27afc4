"""The journal of a sweep: what was planned, begun and ended, a line for each."""

import fcntl
import os
import threading
from contextlib import suppress
from pathlib import Path

import msgspec

from engine.files.reader import open_to_read, read_lines
from engine.files.writer import open_file
from engine.sweeps.schema import JOURNAL_FILE, PLAN_LIMIT, SweepEvent

LIMIT = PLAN_LIMIT


class Journal:
    """The journal in a sweep's directory. What was read of it is not read again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._using = threading.Lock()
        self._file = 0  # that was read, by its number
        self._place = 0  # up to where
        self._events: list[SweepEvent] = []

    def append(self, event: SweepEvent) -> None:
        """Add a line and sync it; several processes may. Raises OSError."""
        file = open_file(self._folder, JOURNAL_FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            with suppress(OSError):  # on a network, appending alone is not atomic
                fcntl.flock(file, fcntl.LOCK_EX)
            os.write(file, msgspec.json.encode(event) + b"\n")
            os.fsync(file)
        finally:
            os.close(file)

    def events(self) -> list[SweepEvent]:
        """Return the events so far; damaged lines are skipped. Raises EngineError."""
        path = self._folder / JOURNAL_FILE
        try:
            with self._using, open_to_read(path, LIMIT) as journal:
                found = os.fstat(journal.fileno())
                if found.st_ino != self._file or found.st_size < self._place:  # another one
                    self._file, self._place, self._events = found.st_ino, 0, []
                journal.seek(self._place)
                for line in read_lines(journal, path):
                    if not line.endswith(b"\n"):  # it is being written
                        break
                    self._place += len(line)
                    with suppress(msgspec.MsgspecError, UnicodeError, RecursionError):
                        self._events.append(msgspec.json.decode(line, type=SweepEvent))
                return list(self._events)
        except FileNotFoundError:
            return []
