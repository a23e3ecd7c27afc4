"""Every key and what it does, from the list that binds them."""

import textwrap
from collections.abc import Mapping
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.app.dialogs import DIALOGS
from tui.app.guard import GuardedDialog
from tui.app.keymap import Keymap
from tui.drawing.thumbnails import beside

COLUMNS = (("Sections", "Runs", "The app"), ("Looking", "Replay"))
KEY = 11  # cells before a sentence, at least
GAP = 3
COLUMN = 54  # cells of a column at least, where there are two


class Help(GuardedDialog, ModalScreen[None]):
    """Shows the keys, with what cannot be done now and why."""

    BINDINGS: ClassVar[list[BindingType]] = [*DIALOGS["help"]]

    def __init__(self, keys: Keymap, reasons: Mapping[str, str]) -> None:
        """``reasons`` say what cannot be done now, by the id of an action."""
        super().__init__()
        self.keys = keys
        self.reasons = reasons
        self._margin = max(KEY, *(len(keys.shown(id)) + 2 for id in keys.actions.by_id))

    def compose(self) -> ComposeResult:
        """Lay out one panel."""
        with VerticalScroll(classes="dialog close", can_focus=False) as dialog:
            dialog.border_title = "Keys"
            dialog.border_subtitle = Text(
                f"{self.keys.names('help.up', 'help.down')} scroll  "
                f"{self.keys.name('help.close')} closes"
            )
            yield Static(id="keys-of-all")

    def on_mount(self) -> None:
        """Draw."""
        self._draw()

    def on_resize(self) -> None:
        """Draw for the new size."""
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        """Write the groups in two columns where both fit, one below the other elsewhere."""
        width = self.app.size.width - self.query_one(VerticalScroll).gutter.width
        half = (width - GAP) // len(COLUMNS)
        two = half >= COLUMN
        columns = [
            Text("\n").join(self._group(name, half if two else width) for name in names)
            for names in COLUMNS
        ]
        left, right = columns
        words = beside(left, right, gap=GAP) if two else Text("\n").join(columns)
        words.rstrip()
        self.query_one("#keys-of-all", Static).update(words)

    def _group(self, group: str, width: int) -> Text:
        """Return a group's keys, the sentences folded where they are wider."""
        words = Text(f"{group}\n", "bold")
        for action in self.keys.actions.all:
            if action.group != group:
                continue
            key = self.keys.shown(action.id)
            reason = self.reasons.get(action.id, "")
            off = "$text-disabled" if reason else ""
            words.append(f"{key:>{self._margin - 2}}  ", off or "bold $key")
            words.append(self._folded(action.sentence, width), off)
            if reason:
                folded = self._folded(reason, width)
                words.append(f"{'':{self._margin}}{folded}", "italic $text-muted")
        return words

    def _folded(self, sentence: str, width: int) -> str:
        """Return a sentence in lines that stand below each other beside the keys."""
        lines = textwrap.wrap(sentence, max(width - self._margin, 10))
        return f"\n{'':{self._margin}}".join(lines) + "\n"

    def action_scroll(self, by: int) -> None:
        """Scroll by lines."""
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)
