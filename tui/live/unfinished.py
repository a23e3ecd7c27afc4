"""The runs that were stopped before this app was opened."""

from contextlib import suppress
from pathlib import Path

from engine.config import RunConfig
from engine.errors import MnistTuiError
from engine.runs.index import summaries
from engine.runs.run import Run
from tui.live.shelf import Shelf


def open_unfinished(shelf: Shelf, artifacts: str) -> None:
    """Open the newest stopped or interrupted run where no finished one is shown instead.

    Of each model's trainings and of each other section, so that it can be resumed where it was
    left. For a thread.
    """
    shown = {_kind(task.config) for task in shelf.tasks}
    with suppress(MnistTuiError):
        for found in summaries(Path(artifacts)):
            if found.status not in ("stopped", "interrupted"):
                continue
            with suppress(MnistTuiError):
                run = Run(Path(artifacts) / found.run)
                kind = _kind(run.read_config())
                if kind not in shown:
                    shelf.open(run)
                    shown.add(kind)


def _kind(config: RunConfig) -> tuple[str, str]:
    return config.section, getattr(config, "model", "") if config.section == "train" else ""
