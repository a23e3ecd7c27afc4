"""Every figure of a run, from its directory alone."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from engine import sections
from engine.errors import EngineError
from engine.files.reader import DamagedFile
from engine.runs.history import WholeHistory
from engine.runs.run import Run, run_beside


def draw_figures(run: Run) -> Iterator[Path]:
    """Draw a run's figures into its ``figures`` folder and yield the path of each.

    Runs that were started together with it and lie beside it are drawn in where a figure compares.
    Raises EngineError where the journal does not reach the end of the run, or where a figure cannot
    be written.
    """
    try:
        history = whole_history(run)
        section = sections.find(history.started.section)
        yield from section.draw(run, history, run.path / "figures")
    except OSError as error:
        raise EngineError(
            f"The figures of {run.path} cannot be written ({error.strerror or error})."
        ) from error


def whole_history(run: Run) -> WholeHistory:
    """Return a finished run's history, with all that figures and descriptions are made from.

    Raises EngineError where the run has not finished or lines of its journal are lost.
    """
    history = WholeHistory.of(run.events(), run.journal)
    if history.finished is None:
        raise EngineError(f"Run {run.id} has not finished; there is nothing to draw yet.")
    for name in sections.find(history.started.section).drawn_from:
        curve = history.curves.get(name)
        told = name in history.previews or (curve is not None and np.isfinite(curve.values).any())
        if not told:
            raise DamagedFile(run.journal, f"it has lost all lines about {name}")
    return history


def companions(run: Run) -> list[WholeHistory]:
    """Return the histories of the finished runs of its section that were started with a run.

    One that was removed, or is damaged, is left out.
    """
    info = run.read_info()
    histories = []
    for name in info.get("companions", ()):
        with suppress(EngineError):
            companion = whole_history(Run(run_beside(run.path.parent, name)))
            if companion.started.section == info["section"]:
                histories.append(companion)
    return histories
