"""The question what of a sweep is to be stopped."""

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.app.guard import GuardedDialog
from tui.app.keys.dialogs import DIALOGS


class StopSweep(GuardedDialog, ModalScreen[str | None]):
    """Returns ``sweep``, ``run`` or None."""

    BINDINGS: ClassVar[list[BindingType]] = [*DIALOGS["stopping"]]

    def __init__(self, sweep: str, run: str | None) -> None:
        """``run`` is the one under the cursor, in words, None where that is not active."""
        super().__init__()
        self._sweep, self._run = sweep, run

    def compose(self) -> ComposeResult:
        """Lay out the question and its answers."""
        answers = {"sweep": f"Stop the whole sweep {self._sweep}"}
        if self._run is not None:
            answers["run"] = f"Stop this run: {self._run}"
        answers["cancel"] = "Let them go on"
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = "Stop"
            yield Static(Text("All progress is kept; what is stopped can be resumed."))
            yield OptionList(*(Option(self._with_key(*one), id=one[0]) for one in answers.items()))

    def _with_key(self, id: str, answer: str) -> Text:
        return Text.assemble(f"{answer}  ", (self.app.keys.name(f"stopping.{id}"), "bold $key"))

    def on_mount(self) -> None:
        """Put the cursor on the first answer."""
        options = self.query_one(OptionList)
        options.highlighted = 0
        self.set_focus(options)

    @on(OptionList.OptionSelected)
    def _answer(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(None if event.option_id == "cancel" else event.option_id)
