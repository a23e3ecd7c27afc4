"""Every key and what it does, from the list that binds them."""

import textwrap
from collections.abc import Mapping
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.actions import ACTIONS
from tui.guard import Guarded
from tui.widgets.thumbnails import beside

COLUMNS = (("Sections", "Runs", "The app"), ("Looking",))
KEY = 11  # cells before a sentence
GAP = 3
COLUMN = 54  # cells of a column at least, where there are two


class Help(Guarded, ModalScreen[None]):
    """Shows the keys, with what cannot be done now and why."""

    BINDINGS: ClassVar = [
        Binding("escape,question_mark,q", "dismiss", "close", id="help.close"),
        Binding("up,k", "scroll(-2)", "up", id="help.up"),
        Binding("down,j", "scroll(2)", "down", id="help.down"),
        Binding("pageup", "scroll(-10)", "page up", id="help.page_up"),
        Binding("pagedown,space", "scroll(10)", "page down", id="help.page_down"),
    ]

    def __init__(self, keys: Mapping[str, str], reasons: Mapping[str, str]) -> None:
        """``keys`` are a user's own, by the id of an action; ``reasons`` say what cannot be."""
        super().__init__()
        self.keys = keys
        self.reasons = reasons

    def compose(self) -> ComposeResult:
        """Lay out one panel."""
        with VerticalScroll(classes="dialog close", can_focus=False) as dialog:
            dialog.border_title = "Keys"
            dialog.border_subtitle = "↑↓ scroll  escape closes"
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
        words = beside(*columns, gap=GAP) if two else Text("\n").join(columns)
        words.right_crop()
        self.query_one("#keys-of-all", Static).update(words)

    def _group(self, group: str, width: int) -> Text:
        """Return a group's keys, the sentences folded where they are wider."""
        words = Text(f"{group}\n", "bold")
        for action in ACTIONS:
            if action.group != group:
                continue
            key = self.keys.get(action.id) or action.shown_key or action.keys
            reason = self.reasons.get(action.id, "")
            words.append(f"{key:>{KEY - 2}}  ", "bold #56B4E9" if not reason else "dim")
            words.append(_folded(action.sentence, width), "dim" if reason else "")
            if reason:
                words.append(f"{'':{KEY}}{_folded(reason, width)}", "dim italic")
        return words

    def action_scroll(self, by: int) -> None:
        """Scroll by lines."""
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)


def _folded(sentence: str, width: int) -> str:
    """Return a sentence in lines that stand below each other beside the keys."""
    lines = textwrap.wrap(sentence, max(width - KEY, 10))
    return f"\n{'':{KEY}}".join(lines) + "\n"
