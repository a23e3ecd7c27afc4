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
from engine.files.text import visible
from engine.networks.architectures import BEST_MODEL
from engine.runs.index import summaries
from engine.runs.summary import Summary
from engine.sections.table import dataset_title
from tui.app.guard import GuardedDialog
from tui.app.keys.dialogs import DIALOGS
from tui.app.keys.keymap import titled
from tui.app.sections.pane import BAD
from tui.words import cut, cut_middle

NEWEST = "the newest"
MODEL, DATASET = 14, 13  # cells: all of a line fits in 80


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
        options += [Option(_line(run), run.run) for run in trained_runs(self.artifacts)]
        with Vertical(classes="dialog wide") as dialog:
            dialog.border_title = "Network to look at"
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


def trained_runs(artifacts: str) -> list[Summary]:
    """Return the finished trainings in a folder, newest first; unreadable ones are skipped."""
    with suppress(MnistTuiError):
        found = summaries(Path(artifacts))
        return [run for run in found if run.section == "train" and run.status == "finished"]
    return []


def _line(run: Summary) -> Text:
    remark = [("  " + run.remark, BAD)] if run.remark else []
    return Text.assemble(
        f"{cut_middle(visible(run.model), MODEL):{MODEL}} ", (run.result.ljust(8), "bold"),
        f"{cut(dataset_title(run.dataset), DATASET)} {run.recipe.ljust(11)}seed {run.seed:<4}",
        ("-".join(run.run.split("-")[:3]), "$text-muted"), *remark, no_wrap=True,
    )  # fmt: skip
