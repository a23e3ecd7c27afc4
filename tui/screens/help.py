"""Every key and what it does, from the list that binds them."""

from collections.abc import Mapping
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.actions import ACTIONS
from tui.widgets.thumbnails import beside

COLUMNS = (("Sections", "Runs", "The app"), ("Looking",))


class Help(ModalScreen[None]):
    """Shows the keys, with what cannot be done now and why."""

    BINDINGS: ClassVar = [
        Binding("escape,question_mark,q", "dismiss", "close", id="help.close"),
    ]

    def __init__(self, keys: Mapping[str, str], reasons: Mapping[str, str]) -> None:
        """``keys`` are a user's own, by the id of an action; ``reasons`` say what cannot be."""
        super().__init__()
        self.keys = keys
        self.reasons = reasons

    def compose(self) -> ComposeResult:
        """Lay out the groups in two columns where they fit, one below the other elsewhere."""
        columns = [Text("\n").join(map(self._group, groups)) for groups in COLUMNS]
        wide = self.app.size.width >= 118
        words = beside(*columns, gap=3) if wide else Text("\n").join(columns)
        with VerticalScroll(classes="dialog") as dialog:
            dialog.border_title = "Keys"
            dialog.border_subtitle = "escape closes"
            yield Static(words)

    def _group(self, group: str) -> Text:
        words = Text(f"{group}\n", "bold")
        for action in ACTIONS:
            if action.group != group:
                continue
            key = self.keys.get(action.id) or action.shown_key or action.keys
            reason = self.reasons.get(action.id, "")
            words.append(f"{key:>9}  ", "bold #56B4E9" if not reason else "dim")
            words.append(action.sentence, "dim" if reason else "")
            words.append(f"\n{'':11}{reason}\n" if reason else "\n", "dim italic")
        return words
