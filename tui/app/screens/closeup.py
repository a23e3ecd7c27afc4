"""What is drawn in a panel over a section, and close-ups of one thing: a sample, a noise, a neuron.

A close-up is drawn anew twice a second, so that it lives as long as the run does. It keeps to the
run that it was opened on, also where the section behind it goes on to the next one.
"""

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.app.guard import GuardedDialog
from tui.app.keys.dialogs import DIALOGS
from tui.app.keys.keymap import Keymap
from tui.app.sections.base import ExperimentPane
from tui.drawing.pixels import Ink
from tui.live.task import Task

INTERVAL = 0.5  # seconds


class Drawn(GuardedDialog, ModalScreen[None]):
    """A panel with one text, which subclasses draw for the room that there is."""

    def __init__(self, pane: ExperimentPane, shown: Task | None = None) -> None:
        """``shown`` is the task where the pane may show another one by now."""
        super().__init__()
        self.pane = pane
        task = shown or pane.shown
        assert task is not None
        self.shown: Task = task
        self._drawn, self._room = Text(), Size()

    @property
    def shades(self) -> Ink:
        """What pictures are drawn with where there is no colour."""
        return self.pane.look.shades

    @property
    def cursor(self) -> int | None:
        """The step that the section stands at, None for the latest."""
        return self.pane.cursor if self.pane.shown is self.shown else None

    @property
    def when(self) -> str:
        """Where the cursor stands, for a title."""
        return self.pane.when() if self.pane.shown is self.shown else ""

    def compose(self) -> ComposeResult:
        """Lay out one panel."""
        with VerticalScroll(classes="dialog close", can_focus=False):
            yield Static(id="closeup")

    def on_mount(self) -> None:
        """Draw, and keep drawing."""
        self.draw()
        self.set_interval(INTERVAL, self.keep_up)

    def keep_up(self) -> None:
        """Draw what may have changed meanwhile."""
        self.guarded(self.draw)

    def fits(self) -> bool:
        """Tell whether what stands there was drawn for the room that there is."""
        return not self.query(VerticalScroll) or self.room == self._room

    def on_resize(self) -> None:
        """Draw for the new size."""
        self.call_after_refresh(self.draw)

    @property
    def room(self) -> Size:
        """The most cells that the picture can have: the screen's without the panel's edges."""
        gutter = self.query_one(VerticalScroll).gutter  # border, padding, scrollbar
        return Size(self.app.size.width - gutter.width, self.app.size.height - gutter.height)

    def draw(self) -> None:
        """Update title and picture, unless the panel is not there yet, or no longer."""
        if not self.query("#closeup"):
            return
        panel, room = self.query_one(VerticalScroll), self.room
        picture, self._room = self.picture(room), room
        panel.border_title = Text(self.title_words())
        if picture.plain.endswith("\n"):  # an empty last line would make it scroll for nothing
            picture.right_crop()
        if picture != self._drawn:
            self._drawn = picture
            more = picture.plain.count("\n") >= room.height
            words, keys = self.key_words(self.app.keys), self.app.keys
            scrolls = f"{keys.name('closeup.scroll_down')} more  " if more else ""
            panel.border_subtitle = Text(scrolls + words)
            self.query_one("#closeup", Static).update(picture)
        self.clear_fault()

    def key_words(self, keys: Keymap) -> str:
        """Return the keys in a few words."""
        raise NotImplementedError

    def title_words(self) -> str:
        """Return the panel's title."""
        raise NotImplementedError

    def picture(self, room: Size) -> Text:
        """Return the content, no wider than ``room``; it scrolls if it is higher."""
        raise NotImplementedError


class CloseUp(Drawn):
    """One thing; arrows move between neighbours."""

    follows: ClassVar[bool] = True  # the step cursor
    BINDINGS: ClassVar[list[BindingType]] = [*DIALOGS["closeup"]]

    def key_words(self, keys: Keymap) -> str:
        """Return the keys in a few words."""
        others = keys.names("closeup.left", "closeup.right")
        return f"{others} others  {keys.name('closeup.close')} closes"

    def action_move(self, by: int) -> None:
        """Go to the neighbour."""

    def action_turn(self, by: int) -> None:
        """Scroll, where up and down have no other meaning."""
        self.query_one(VerticalScroll).scroll_relative(y=2 * by, animate=False)

    def action_scroll(self, by: int) -> None:
        """Scroll by half of what is shown."""
        panel = self.query_one(VerticalScroll)
        panel.scroll_relative(y=by * max(1, panel.size.height // 2), animate=False)
