"""The line above the table of runs in which a filter is typed."""

from rich.text import Text
from textual import getters
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from tui.app.guard import Guarded
from tui.app.sections.pane import BAD

EXAMPLE = "words, model:baseline, accuracy>97%, age<2h, -state:failed"
TYPING = (("enter", "to the runs"), ("escape", "shows all again"))  # all other keys are letters


class RunFilter(Guarded, Vertical):
    """A box behind a prompt, and what is wrong with the words in it."""

    box = getters.query_one("#filter", Input)
    mistake = getters.query_one("#filter-mistake", Static)

    def compose(self) -> ComposeResult:
        """Lay out prompt and box over the mistake."""
        with Horizontal(id="filter-row"):
            yield Static("filter", id="filter-prompt")
            yield Input(placeholder=EXAMPLE, id="filter")
        yield Static(id="filter-mistake")

    @property
    def is_open(self) -> bool:
        """Whether it is shown, with the focus or without."""
        return self.has_class("-shown")

    def open(self) -> None:
        """Let the user type."""
        self.add_class("-shown")
        self.screen.set_focus(self.box)

    def close(self) -> None:
        """Hide it, without words."""
        self.box.value = ""
        self.remove_class("-shown")

    def tell(self, mistake: str) -> None:
        """Say what is wrong with the words, "" for nothing."""
        self.mistake.display = bool(mistake)
        self.mistake.update(Text(mistake, BAD))
