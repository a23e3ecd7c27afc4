"""The index of a folder of runs: what a list says of each, read once and kept in the user's cache.

With ten thousand runs, reading their files takes half a minute; asking when they changed takes a
moment. An entry counts only while every file that it was read from is the same by time, size and
inode. What is being driven, or might be, is always read anew. An index that is damaged, or cannot
be written, is made again.
"""

import hashlib
import os
import threading
import time
from contextlib import suppress
from pathlib import Path

import msgspec
import platformdirs

from engine.errors import EngineError
from engine.files.reader import MB, read_bytes
from engine.files.writer import write_atomically
from engine.runs.run import Run, is_id
from engine.runs.schema import JOURNAL_FILE, RESULT_FILE, RUN_FILE
from engine.runs.store import list_runs
from engine.runs.summary import Summary, summarize

DRIVEN = ("running", "interrupted")  # the files alone do not say which
FORMAT = f"4 {os.stat(__file__).st_mtime_ns}"  # another installation may word results otherwise
LIMIT = 256 * MB  # bytes of an index
SETTLED = 2_000_000_000  # ns: a younger file may change again and keep its time of change
Stamp = tuple[int, int, int] | None  # time of change in ns, size, inode; None: there is no file


class _Entry(msgspec.Struct, frozen=True, gc=False):
    """A run's summary, and the state of the files that it was read from."""

    summary: Summary
    stamps: tuple[Stamp, ...]


class _Index(msgspec.Struct, gc=False):
    """What the cache holds of one folder, by id of the runs."""

    format: str
    entries: dict[str, _Entry]


_lock = threading.Lock()
_known: dict[Path, dict[str, _Entry]] = {}


def summaries(artifacts: Path) -> list[Summary]:
    """Return what a list says of the runs in a folder, newest first. Raises EngineError."""
    runs = list_runs(artifacts)
    folder = artifacts.resolve()
    with _lock:
        known = _known[folder] if folder in _known else _load(folder)
        entries = {run.id: _current(run, known.get(run.id)) for run in runs}
        if entries != known:
            _save(folder, entries)
        _known[folder] = entries
    return [entry.summary for entry in entries.values()]


def _current(run: Run, known: _Entry | None) -> _Entry:
    """Return an entry as it is known, or from the files if any of them has changed."""
    if (
        known is not None
        and known.summary.status not in DRIVEN
        and known.stamps == _stamps(run.path, known.summary.network)
    ):
        return known
    network = _network_of(run)
    before = _stamps(run.path, network)  # what changes while it is read is then read again
    summary = summarize(run)
    if summary.network != network:  # which files to look at is known only now
        before = _stamps(run.path, summary.network)
        summary = summarize(run)
    return _Entry(summary, before if _settled(before) else ())


def _network_of(run: Run) -> str:
    """Return which run's network it looks at, by its files; "" for a training, by its id."""
    if "-train-" in run.id:
        return ""
    with suppress(EngineError):
        return str(run.read_info()["config"].get("run") or "")
    return ""


def _settled(stamps: tuple[Stamp, ...]) -> bool:
    """Tell whether a later change of any of these files would show in its stamp."""
    newest = max((stamp[0] for stamp in stamps if stamp is not None), default=0)
    return newest + SETTLED < time.time_ns()


def _stamps(path: Path, network: str) -> tuple[Stamp, ...]:
    """Return the state of a run's files, and of those of the network that it looks at."""
    folder = str(path)
    own = tuple(_stamp(f"{folder}/{name}") for name in (RUN_FILE, RESULT_FILE, JOURNAL_FILE))
    if not is_id(network):
        return own
    other = f"{path.parent}/{network}"
    return (*own, _stamp(f"{other}/{RUN_FILE}"), _stamp(f"{other}/{RESULT_FILE}"))


def _stamp(path: str) -> Stamp:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _file(folder: Path) -> Path:
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return platformdirs.user_cache_path("mnist-tui") / "runs" / f"{name}.json"


def _load(folder: Path) -> dict[str, _Entry]:
    with suppress(EngineError, OSError, msgspec.MsgspecError, UnicodeError, RecursionError):
        index = msgspec.json.decode(read_bytes(_file(folder), LIMIT), type=_Index)
        if index.format == FORMAT:
            return index.entries
    return {}


def _save(folder: Path, entries: dict[str, _Entry]) -> None:
    """Write the index, if the cache can be written."""
    with suppress(EngineError, OSError):
        path = _file(folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, msgspec.json.encode(_Index(FORMAT, entries)), path.parent)
