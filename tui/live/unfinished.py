"""The runs that were stopped before this app was opened."""

from contextlib import suppress
from pathlib import Path

from engine.config import RunConfig
from engine.errors import MnistTuiError
from engine.runs.store import list_runs
from tui.live.shelf import Shelf


def open_unfinished(shelf: Shelf, artifacts: str) -> None:
    """Open the newest stopped or interrupted run where no finished one is shown instead.

    Of each model's trainings and of each other section, so that it can be resumed where it was
    left. For a thread.
    """
    shown = {_kind(task.config) for task in shelf.tasks}
    with suppress(MnistTuiError):
        for run in list_runs(Path(artifacts)):
            with suppress(MnistTuiError):
                if run.read_info()["status"] == "finished":
                    continue
                kind = _kind(run.read_config())
                if kind not in shown and run.read_status() in ("stopped", "interrupted"):
                    shelf.open(run)
                    shown.add(kind)


def _kind(config: RunConfig) -> tuple[str, str]:
    return config.section, getattr(config, "model", "") if config.section == "train" else ""
