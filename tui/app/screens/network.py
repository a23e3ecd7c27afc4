"""Choosing the trained network that Adversarial and Visualize look at."""

from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from engine.errors import MnistTuiError
from engine.networks.architectures import BEST_MODEL
from engine.runs.run import Run
from engine.runs.store import finished_runs
from engine.sections.table import dataset_title
from tui.app.dialogs import DIALOGS
from tui.app.guard import GuardedDialog
from tui.app.keymap import titled
from tui.app.sections.base import BAD
from tui.summary import headline, remark_of

NEWEST = "the newest"


class ChooseNetwork(GuardedDialog, ModalScreen[tuple[str | None] | None]):
    """Returns the chosen run's id in a tuple, (None,) for the newest, or None for no change."""

    BINDINGS: ClassVar[list[BindingType]] = [*DIALOGS["network"]]

    def __init__(self, artifacts: str, present: str | None) -> None:
        super().__init__()
        self.artifacts = artifacts
        self.present = present

    def compose(self) -> ComposeResult:
        """Lay out the finished trainings, newest first."""
        options = [Option(f"the newest {BEST_MODEL}; trained first where there is none", NEWEST)]
        options += [Option(_line(run), run.id) for run in trained_runs(self.artifacts)]
        with Vertical(classes="dialog wide") as dialog:
            dialog.border_title = "Network"
            keys = self.app.keys
            dialog.border_subtitle = Text(f"enter select  {keys.name('network.cancel')} cancel")
            if len(options) == 1:
                trains = titled("train", keys)
                yield Static(Text(f"No network has been trained yet; {trains} does that.\n"))
            yield OptionList(*options)

    def on_mount(self) -> None:
        """Put the cursor on the current choice."""
        options = self.query_one(OptionList)
        ids = [option.id for option in options.options]
        options.highlighted = ids.index(self.present) if self.present in ids else 0
        self.set_focus(options)

    def action_cursor(self, where: str) -> None:
        """Move the cursor."""
        getattr(self.query_one(OptionList), f"action_cursor_{where}")()

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        self.dismiss((None if event.option_id == NEWEST else event.option_id,))


def trained_runs(artifacts: str) -> list[Run]:
    """Return the finished trainings in a folder, newest first; unreadable ones are skipped."""
    found = []
    with suppress(MnistTuiError):
        for run, info in finished_runs(Path(artifacts)):
            if info["section"] == "train":
                with suppress(MnistTuiError):
                    headline(run, info)
                    found.append(run)
    return found


def _line(run: Run) -> Text:
    info = run.read_info()
    config, remark = info["config"], remark_of(run)
    return Text.assemble(
        config["model"].ljust(13), (headline(run, info).ljust(8), "bold"),
        f"{config['recipe'].ljust(11)}seed {config['seed']:<4}"
        f"{dataset_title(info['dataset']['name']).ljust(8)}",
        ("-".join(run.id.split("-")[:3]), "$text-muted"),
        *([("  " + remark, BAD)] if remark else []),
    )  # fmt: skip
