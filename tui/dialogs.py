"""Questions that the app asks."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option


class Leave(ModalScreen[bool]):
    """Asked when someone leaves while a run goes on; True is to stop it and leave."""

    BINDINGS: ClassVar = [Binding("escape", "dismiss(False)", "cancel", id="leave.cancel")]

    def compose(self) -> ComposeResult:
        """Lay out the question and its answers; the first is what Enter takes."""
        with Vertical():
            yield Static("A run is going on.")
            yield OptionList(
                Option("Stop it, keep what was done, and leave", id="stop"),
                Option("Stay", id="stay"),
            )

    def on_mount(self) -> None:
        """Put the cursor on the first answer."""
        self.query_one(OptionList).highlighted = 0
        self.query_one(OptionList).focus()

    @on(OptionList.OptionSelected)
    def _answer(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id == "stop")
