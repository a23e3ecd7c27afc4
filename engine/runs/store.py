"""The folder of runs: how a run's directory is made, found and removed."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.errors import EngineError
from engine.hints import hint
from engine.runs.lock import LOCK_FILE, RunLock, is_driven
from engine.runs.run import Run, run_beside
from engine.runs.schema import RUN_FILE

REMOVED = ".removed"  # the end of a directory's name while it is being removed
_MADE = re.compile(r"\d{8}-\d{6}-\d{3}-.")  # how an id begins


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
        raise _unwritable(artifacts, error) from None


def create_planned(artifacts: Path, run_id: str) -> Run:
    """Return the directory of a run whose id a sweep has chosen, made if it is not there yet.

    One in which nothing has begun may be there: its process was killed at once. Raises EngineError
    where the folder cannot be written.
    """
    run = Run(run_beside(artifacts, run_id))
    try:
        run.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(artifacts, error) from None
    return run


def create_folder(artifacts: Path, name: str) -> Path:
    """Make a directory that is not there yet, and return it. Raises EngineError."""
    path = run_beside(artifacts, name)
    try:
        artifacts.mkdir(parents=True, exist_ok=True)
        path.mkdir()
    except FileExistsError:
        raise EngineError(f"{path} exists already; try again.") from None
    except OSError as error:
        raise _unwritable(artifacts, error) from None
    return path


def _unwritable(artifacts: Path, error: OSError) -> EngineError:
    return EngineError(
        f"Runs cannot be written to {artifacts} ({error.strerror}). "
        "Choose another folder with --artifacts."
    )


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
    folder = str(artifacts)  # joined as text: of ten thousand paths, pathlib takes a second
    return [
        Run(artifacts / name) for name in names if os.path.lexists(f"{folder}/{name}/{RUN_FILE}")
    ]


def finished_runs(artifacts: Path) -> Iterator[tuple[Run, dict[str, Any]]]:
    """Yield the finished runs in a folder with their ``run.json``, newest first.

    Damaged ones are skipped.
    """
    for run in list_runs(artifacts):
        with suppress(EngineError):
            info = run.read_info()
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
        lists = hint(artifacts, "runs")
        raise EngineError(f"No run {name!r} in {artifacts}; {lists} lists what is there.")
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
