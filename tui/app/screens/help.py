"""What the focused panel shows, then every key, from the list that binds them."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.app.guard import GuardedDialog
from tui.app.keys.action_list import AnyAction
from tui.app.keys.dialogs import DIALOGS
from tui.app.keys.keymap import Keymap
from tui.drawing.thumbnails import beside

OF_SECTION = "Runs", "Looking", "Replay"  # groups of actions, of those that the section has
OF_APP = "Sections", "The app"
ELSEWHERE = "In other sections"
COLUMNS = ("Runs", *OF_APP, ELSEWHERE), ("Looking", "Replay")
KEY = 11  # cells before a sentence, at least
GAP = 3
WIDEST = 100  # cells of a line about the panel
COLUMN = 54  # cells of a column at least, where there are two


class Help(GuardedDialog, ModalScreen[None]):
    """Shows the keys, with what cannot be done now and why."""

    BINDINGS: ClassVar[list[BindingType]] = [*DIALOGS["help"]]

    def __init__(
        self,
        keys: Keymap,
        reasons: Mapping[str, str],
        section: str,
        about: tuple[str, str],
        actions: Sequence[AnyAction] = (),
    ) -> None:
        """``reasons`` say what cannot be done now, by the id of an action.

        ``about`` is what the focused panel is called and what there is to say of it, ``actions``
        those of a screen that is no section.
        """
        super().__init__()
        self.keys = keys
        self.reasons = reasons
        self.about = about
        here = actions or keys.actions.of_section(section)
        self._groups: dict[str, list[AnyAction]] = {}
        for action in actions or keys.actions.all:
            group = action.group if action in here else ELSEWHERE
            self._groups.setdefault(group, []).append(action)
        self._columns: tuple[tuple[str, ...], ...] = COLUMNS
        if actions:
            names = tuple(self._groups)
            self._columns = names[: len(names) // 2], names[len(names) // 2 :]
        shown = (keys.shown(action.id) for action in actions or keys.actions.all)
        self._margin = max(KEY, *(len(words) + 2 for words in shown))

    def compose(self) -> ComposeResult:
        """Lay out one panel."""
        with VerticalScroll(classes="dialog close", can_focus=False) as dialog:
            dialog.border_title = "Help"
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
        half = (width - GAP) // len(self._columns)
        if half >= COLUMN:
            left, right = (self._groups_in(names, half) for names in self._columns)
            words = beside(left, right, gap=GAP)
        else:
            order = (*OF_SECTION, *OF_APP, ELSEWHERE)
            words = self._groups_in(order if self._columns is COLUMNS else self._groups, width)
        words = Text.assemble(self._about(min(width, WIDEST)), words)
        words.rstrip()
        self.query_one("#keys-of-all", Static).update(words)

    def _about(self, width: int) -> Text:
        """Return what there is to say of the focused panel."""
        title, sentences = self.about
        if not sentences:
            return Text()
        return Text.assemble((f"{title}\n", "bold"), textwrap.fill(sentences, width), "\n\n")

    def _groups_in(self, names: Iterable[str], width: int) -> Text:
        """Return groups of keys, one below the other."""
        return Text("\n").join(self._group(name, width) for name in names if name in self._groups)

    def _group(self, group: str, width: int) -> Text:
        """Return a group's keys, the sentences folded where they are wider."""
        words = Text.assemble((f"{group}\n", "bold"))
        for action in self._groups[group]:
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
