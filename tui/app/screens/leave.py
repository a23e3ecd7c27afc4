"""The question on quitting while a run is active."""

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
from tui.app.keys.keymap import Keymap
from tui.app.widgets.status import run_title
from tui.live.conductor import Conductor

INTERVAL = 0.2  # seconds between two looks at the run


class Leave(GuardedDialog, ModalScreen[str]):
    """Returns ``stop``, ``detach`` or ``stay``."""

    BINDINGS: ClassVar[list[BindingType]] = [*DIALOGS["leave"]]

    def __init__(self, conductor: Conductor, keys: Keymap) -> None:
        super().__init__()
        self.conductor = conductor
        self.keys = keys
        self._asked: tuple[str, dict[str, Text]] = "", {}

    def compose(self) -> ComposeResult:
        """Lay out the question and its answers."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = "Quit"
            yield Static(id="question")
            yield OptionList()

    def on_mount(self) -> None:
        """Ask, with the cursor on the first answer, which Enter takes."""
        self.ask()
        self.set_focus(self.query_one(OptionList))
        self.set_interval(INTERVAL, self.ask)

    def ask(self) -> None:
        """Write what is asked now: the run may end meanwhile."""
        if self._asked == (asked := self._question()):
            return
        self._asked = words, answers = asked
        self.query_one("#question", Static).update(Text(words))
        box = self.query_one(OptionList)
        at = box.highlighted_option.id if box.highlighted_option is not None else None
        box.set_options(Option(answer, id=id) for id, answer in answers.items())
        box.highlighted = list(answers).index(at) if at in answers else 0

    def _question(self) -> tuple[str, dict[str, Text]]:
        """Return the question, and the answers by id."""
        own, waiting = self.conductor.own, self.conductor.waiting
        if own is None:
            return "The run has ended.", {"stop": Text("Quit"), "stay": Text("Stay")}
        paused = own.control.paused
        words = f"{run_title(own)} is {'paused' if paused else 'active'}."
        if waiting:
            words += f" {waiting:,} more {'is' if waiting == 1 else 'are'} queued behind it"
            words += f", and {'is' if waiting == 1 else 'are'} kept either way."
        answers = {
            "detach": f"{'Resume it' if paused else 'Keep it running'} in the background",
            "stop": "Stop it and keep its progress",
            "stay": "Stay",
        }
        return words, {id: self._with_key(id, answer) for id, answer in answers.items()}

    def _with_key(self, id: str, answer: str) -> Text:
        return Text.assemble(f"{answer}  ", (self.keys.name(f"leave.{id}"), "bold $key"))

    @on(OptionList.OptionSelected)
    def _answer(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)
