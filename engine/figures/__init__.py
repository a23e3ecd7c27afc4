"""Every figure of the report, from run directories alone."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from engine.errors import EngineError
from engine.files.reader import DamagedFile, run_beside
from engine.runs.history import History
from engine.runs.store import JOURNAL_FILE, Run
from engine.sections.adversarial.figures import draw_adversarial
from engine.sections.train.figures import draw_train
from engine.sections.visualize.figures import draw_visualize

NEEDED = {  # curves and previews of a finished run, by section
    "train": ("loss", "penalty", "validation_loss", "validation_accuracy", "test_samples"),
    "adversarial": ("loss", "success", "sources", "test_sources", "noise"),
    "visualize": ("activation", "images", "exemplars"),
}


def draw_figures(run: Run) -> Iterator[Path]:
    """Draw a run's figures into its ``figures`` folder and yield the path of each.

    Runs that were started together with it and lie beside it are drawn in where a figure compares.
    Raises EngineError where the journal does not reach the end of the run, or where a figure cannot
    be written.
    """
    try:
        yield from _drawn(run)
    except OSError as error:
        raise EngineError(
            f"The figures of {run.path} cannot be written ({error.strerror or error})."
        ) from error


def _drawn(run: Run) -> Iterator[Path]:
    history = whole_history(run)
    folder = run.path / "figures"
    match history.started.section:
        case "train":
            yield from draw_train(history, _companions(run), folder)
        case "adversarial":
            yield from draw_adversarial(history, run.array(), folder)
        case "visualize":
            yield from draw_visualize(history, run.array(), folder)


def whole_history(run: Run) -> History:
    """Return what a finished run told, with all that figures and descriptions are made from.

    Raises EngineError where the run has not finished or lines of its journal are lost.
    """
    history = History.of(run.events())
    if history.finished is None:
        raise EngineError(f"Run {run.id} has not finished; there is nothing to draw yet.")
    for name in NEEDED[history.started.section]:
        curve = history.curves.get(name)
        told = name in history.previews or (curve is not None and np.isfinite(curve.values).any())
        if not told:
            raise DamagedFile(run.path / JOURNAL_FILE, f"it has lost all lines about {name}")
    return history


def _companions(run: Run) -> list[History]:
    """Return the histories of the finished trainings that were started together with a run.

    One that was removed, or is damaged, is left out.
    """
    histories = []
    for name in run.info.get("companions", ()):
        with suppress(EngineError):
            companion = whole_history(Run(run_beside(run.path.parent, name)))
            if companion.started.section == "train":
                histories.append(companion)
    return histories
