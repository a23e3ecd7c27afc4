"""What a shell completes beside the names of commands and options: ids of runs, known values."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from glob import escape, iglob
from itertools import islice
from pathlib import Path

import typer

from engine.errors import MnistTuiError
from engine.files.text import visible
from engine.runs.store import list_runs

MOST_FILES = 100  # that are offered


def run_ids(context: typer.Context) -> list[str]:
    """Return the ids of the runs in the artifacts folder, newest first, from its names alone."""
    with suppress(MnistTuiError):
        runs = list_runs(Path(context.params.get("artifacts") or "artifacts"))
        return [run.id for run in runs if visible(run.id) == run.id]
    return []


def sweep_ids(context: typer.Context) -> list[str]:
    """Return the ids of the sweeps in the artifacts folder, newest first, from its names alone."""
    from engine.sweeps.sweep import list_sweeps  # what completes nothing of sweeps need not wait

    with suppress(MnistTuiError):
        sweeps = list_sweeps(Path(context.params.get("artifacts") or "artifacts"))
        return [sweep.id for sweep in sweeps if visible(sweep.id) == sweep.id]
    return []


def run_and_sweep_ids(context: typer.Context) -> list[str]:
    """Return the ids of sweeps, and of runs."""
    return [*sweep_ids(context), *run_ids(context)]


def training_ids(context: typer.Context) -> list[str]:
    """Return the ids of the runs that trained a network."""
    return [name for name in run_ids(context) if "-train-" in name]


def one_of(values: Iterable[object]) -> Callable[[], list[str]]:
    """Return what completes to one of ``values``."""
    return lambda: [str(value) for value in values]


def one_of_or_file(values: Iterable[str], ending: str) -> Callable[[str], list[str]]:
    """Return what completes to one of ``values``, or to a file that ends so."""

    def completed(incomplete: str) -> list[str]:
        files = islice(iglob(f"{escape(incomplete)}*{ending}"), MOST_FILES)
        return [*values, *(file for file in files if visible(file) == file)]

    return completed
