"""The question that is asked when someone leaves while a run goes on."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option


class Leave(ModalScreen[str]):
    """Returns ``stop``, ``detach`` or ``stay``."""

    BINDINGS: ClassVar = [
        Binding("escape", "dismiss('stay')", "stay", id="leave.stay"),
        Binding("d", "dismiss('detach')", "keep running", id="leave.detach"),
        # Where Enter comes so soon after q that the list has no focus yet.
        Binding("enter", "dismiss('stop')", "stop", id="leave.stop"),
    ]

    def __init__(self, waiting: int) -> None:
        super().__init__()
        self.waiting = waiting

    def compose(self) -> ComposeResult:
        """Lay out the question and its answers; the first is what Enter takes."""
        words = "A run is going on."
        if self.waiting:
            words = f"A run is going on and {self.waiting} more wait."
        with Vertical(classes="dialog"):
            yield Static(words)
            yield OptionList(
                Option("Stop, keep what was done, and leave", id="stop"),
                Option("Keep running in the background, and leave", id="detach"),
                Option("Stay", id="stay"),
            )

    def on_mount(self) -> None:
        """Put the cursor on the first answer."""
        self.query_one(OptionList).highlighted = 0
        self.query_one(OptionList).focus()

    @on(OptionList.OptionSelected)
    def _answer(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)
