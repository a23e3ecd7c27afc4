"""The question on quitting while a run is active."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.app.dialogs import DIALOGS
from tui.app.guard import GuardedDialog


class Leave(GuardedDialog, ModalScreen[str]):
    """Returns ``stop``, ``detach`` or ``stay``."""

    BINDINGS: ClassVar[list[BindingType]] = [*DIALOGS["leave"]]

    def __init__(self, waiting: int, paused: bool) -> None:
        super().__init__()
        self.waiting = waiting
        self.paused = paused

    def compose(self) -> ComposeResult:
        """Lay out the question and its answers; the first is what Enter takes."""
        words = "A run is paused" if self.paused else "A run is active"
        words += f", {self.waiting} more queued." if self.waiting else "."
        resumes = "Resume it" if self.paused else "Keep it running"
        with Vertical(classes="dialog"):
            yield Static(words)
            yield OptionList(
                Option("Stop it, keep its progress and quit", id="stop"),
                Option(f"{resumes} in the background and quit", id="detach"),
                Option("Stay", id="stay"),
            )

    def on_mount(self) -> None:
        """Put the cursor on the first answer."""
        self.query_one(OptionList).highlighted = 0
        self.set_focus(self.query_one(OptionList))

    @on(OptionList.OptionSelected)
    def _answer(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)
