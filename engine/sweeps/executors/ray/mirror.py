"""What changes in a run's directory, for a copy of it elsewhere that can be resumed at any time."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from engine.files.reader import JOURNAL_LIMIT, open_to_read, read_bytes
from engine.files.writer import PARTIAL
from engine.runs.run import HASHED_LIMIT
from engine.runs.schema import JOURNAL_FILE, RESULT_FILE, RUN_FILE
from engine.sweeps.executors.ray.keeper import Changes

# A session writes these after what they rest on, so they are read before it.
_FIRST = (RUN_FILE, RESULT_FILE, "checkpoint.pt")  # of a module that imports torch

END = 4096  # bytes of what was sent of the journal that are compared

Stamp = tuple[int, int, int]


@dataclass
class Mirror:
    """Knows what of a run's directory has been sent already: nothing at first."""

    path: Path
    _sent: dict[str, Stamp] = field(default_factory=dict)
    _told: int = 0  # bytes of the journal
    _end: bytes = b""  # of these

    def changes(self) -> Changes:
        """Return what has changed since the last call. Raises EngineError and OSError."""
        names = list(_names(self.path))  # before run.json is read: what is gone was gone by then
        found: list[tuple[str, bytes]] = []
        for name in sorted(names, key=_order):
            with suppress(FileNotFoundError):  # a checkpoint that is no longer needed
                path = self.path / name
                stamp = _stamp(path)
                if self._sent.get(name) != stamp:
                    found.append((name, read_bytes(path, HASHED_LIMIT)))
                    self._sent[name] = stamp
        removed = [name for name in self._sent if name not in names]
        for name in removed:
            del self._sent[name]
        place, tail = self._tail()
        return Changes(tail, place, found[::-1], removed)

    def _tail(self) -> tuple[int, bytes]:
        """Return what the journal has beyond what was sent, and where that begins.

        Or all of it, if it was cut meanwhile: a session that is resumed does so. Lines hold the
        time, so what was written after a cut is not what was sent before.
        """
        try:
            with open_to_read(self.path / JOURNAL_FILE, JOURNAL_LIMIT) as journal:
                journal.seek(self._told - len(self._end))
                if journal.read(len(self._end)) != self._end:
                    self._told, self._end = journal.seek(0), b""
                place, tail = self._told, journal.read()
        except FileNotFoundError:
            return 0, b""
        self._told += len(tail)
        self._end = (self._end + tail)[-END:]
        return place, tail


def _names(folder: Path) -> Iterator[str]:
    """Yield the files in a run's directory and its folders, but for journal and hidden ones."""
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        inside = os.path.relpath(place, folder)
        for name in files:
            if not name.startswith(".") and not name.endswith(PARTIAL):
                path = os.path.normpath(os.path.join(inside, name))
                if path != JOURNAL_FILE:
                    yield path


def _order(name: str) -> tuple[int, str]:
    return _FIRST.index(name) if name in _FIRST else len(_FIRST), name


def _stamp(path: Path) -> Stamp:
    found = os.stat(path, follow_symlinks=False)
    return found.st_mtime_ns, found.st_size, found.st_ino
