"""Every figure of the report, from run directories alone."""

from pathlib import Path

from engine.errors import EngineError
from engine.figures.train import draw_train
from engine.history import History
from engine.store import Run


def draw_figures(run: Run) -> list[Path]:
    """Draw a run's figures into its ``figures`` folder and return their paths.

    Runs that were started together with it and lie beside it are drawn in where a figure compares.
    Raises EngineError where the journal does not reach the end of the run.
    """
    history = History.of(run.events())
    if history.finished is None:
        raise EngineError(f"Run {run.id} has not finished; there is nothing to draw yet.")
    folder = run.path / "figures"
    match history.started.section:
        case "train":
            return list(draw_train(history, _companions(run), folder))
    raise EngineError(f"No figures are known for section {history.started.section!r}.")


def _companions(run: Run) -> list[History]:
    beside = (Run(run.path.parent / name) for name in run.info.get("companions", ()))
    histories = (History.of(companion.events()) for companion in beside)
    return [history for history in histories if history.finished is not None]
