"""The runs that were stopped before this app was opened."""

from contextlib import suppress
from pathlib import Path

from engine.errors import MnistTuiError
from engine.runs.index import summaries
from engine.runs.run import Run
from tui.live.shelf import Shelf


def open_unfinished(shelf: Shelf, artifacts: str) -> None:
    """Open the newest stopped or interrupted run where no finished one is shown instead.

    Of each model's trainings and of each other section, so that it can be resumed where it was
    left. For a thread.
    """
    with suppress(MnistTuiError):
        there = summaries(Path(artifacts))
        opened = {task.run for task in shelf.tasks}
        shown = {run.kind for run in there if run.run in opened}
        for run in there:
            if run.status in ("stopped", "interrupted") and run.kind not in shown:
                with suppress(MnistTuiError):
                    shelf.open(Run(Path(artifacts) / run.run))
                    shown.add(run.kind)
