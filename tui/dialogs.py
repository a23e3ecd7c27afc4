"""Questions that the app asks."""

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option


class Help(ModalScreen[None]):
    """Every key and what it does."""

    BINDINGS: ClassVar = [
        Binding("escape,question_mark,q", "dismiss", "close", id="help.close"),
    ]

    def __init__(self, bindings: list[Binding]) -> None:
        super().__init__()
        self.bindings = bindings

    def compose(self) -> ComposeResult:
        """Lay out one line a key."""
        words = Text("Keys\n\n", "bold")
        for binding in self.bindings:
            key = binding.key_display or binding.key
            words.append(f"{key:>10}  ", "bold").append(
                f"{binding.tooltip or binding.description}\n"
            )
        words.append(f"{'↑↓ enter':>10}  ", "bold").append("Choose, open\n\n")
        words.append("escape closes this", "dim")
        with Vertical():
            yield Static(words)


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
