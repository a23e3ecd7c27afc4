"""Every figure of the report, from run directories alone."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from engine.errors import EngineError
from engine.figures.adversarial import draw_adversarial
from engine.figures.train import draw_train
from engine.figures.visualize import draw_visualize
from engine.history import History
from engine.store import Run


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
    history = History.of(run.events())
    if history.finished is None:
        raise EngineError(f"Run {run.id} has not finished; there is nothing to draw yet.")
    folder = run.path / "figures"
    match history.started.section:
        case "train":
            yield from draw_train(history, _companions(run), folder)
        case "adversarial":
            yield from draw_adversarial(history, _array(run, "noise.npy"), folder)
        case "visualize":
            yield from draw_visualize(history, _array(run, "images.npy"), folder)
        case section:
            raise EngineError(f"No figures are known for section {section!r}.")


def _array(run: Run, name: str) -> np.ndarray:
    try:
        return np.load(run.path / name, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise EngineError(f"{run.path / name} cannot be read ({error}).") from None


def _companions(run: Run) -> list[History]:
    beside = (Run(run.path.parent / name) for name in run.info.get("companions", ()))
    histories = (History.of(companion.events()) for companion in beside)
    return [history for history in histories if history.finished is not None]
