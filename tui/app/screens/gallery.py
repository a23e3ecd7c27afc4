"""Test images as thumbnails, page by page, and one of them closely."""

import textwrap
from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual.binding import BindingType
from textual.events import Click, MouseEvent, MouseMove, MouseScrollDown, MouseScrollUp
from textual.geometry import Size
from textual.widgets import Static

from engine.errors import MnistTuiError
from engine.laboratory import Laboratory
from tui.app.keys.dialogs import DIALOGS
from tui.app.keys.keymap import Keymap
from tui.app.screens.closeup import CloseUp, Drawn
from tui.app.screens.exhibits import Exhibit
from tui.app.sections.base import ExperimentPane
from tui.drawing.pixels import draw_grey
from tui.drawing.sheet import Sheet
from tui.live.task import Task

LOW = 22  # lines, below which a caption has one

Load = Callable[[Laboratory], Exhibit]


class Gallery(Drawn):
    """Arrows and the pointer move the cursor, the wheel turns pages."""

    BINDINGS: ClassVar[list[BindingType]] = [*DIALOGS["gallery"]]

    def __init__(self, pane: ExperimentPane, shown: Task, load: Load) -> None:
        """``load`` returns what is shown. It is called in a thread, and may raise MnistTuiError."""
        super().__init__(pane, shown)
        self._load = load
        self.exhibit: Exhibit | None = None  # while it is loaded
        self.problem = ""  # why it cannot be shown
        self.place = 0  # the cursor's
        self._sheet: Sheet | None = None

    def on_mount(self) -> None:
        """Begin to load."""
        super().on_mount()
        self.app.run_worker(self._fetch, name="gallery", thread=True, exit_on_error=False)

    def _fetch(self) -> None:
        """Load in a thread, which must not wait for the screen."""
        try:
            exhibit = self._load(self.pane.conductor.driver.laboratory)
        except (MnistTuiError, OSError) as error:
            self.call_later(self._show, None, str(error))
        else:
            self.call_later(self._show, exhibit, "")

    def _show(self, exhibit: Exhibit | None, problem: str) -> None:
        self.exhibit, self.problem = exhibit, problem
        self.draw()

    def keep_up(self) -> None:
        """Draw for another room only: nothing changes by itself."""
        if not self.fits():
            self.draw()

    def key_words(self, keys: Keymap) -> str:
        """Return the keys in a few words."""
        closes = f"{keys.name('gallery.close')} closes"
        if self._sheet is None:
            return closes
        pages = keys.names("gallery.page_up", "gallery.page_down")
        turns = f"{pages} pages  " if self._pages > 1 else ""
        return f"{turns}{keys.name('gallery.open')} closer  {closes}"

    @property
    def _pages(self) -> int:
        count = len(self.exhibit) if self.exhibit is not None else 0
        return -(-count // self._sheet.page) if self._sheet is not None else 0

    def title_words(self) -> str:
        """Return which of which images is under the cursor."""
        if self.exhibit is None:
            return "Test images"
        return _titled(self.exhibit, self.place)

    def picture(self, room: Size) -> Text:
        """Return a page, and in a line what is said of the image under the cursor."""
        exhibit, self._sheet = self.exhibit, None
        if exhibit is None or not len(exhibit):
            words = self.problem or (exhibit.nothing if exhibit is not None else "loading …")
            return Text(textwrap.fill(words, max(room.width, 8)), "$text-muted")
        lines = 1 if room.height < LOW else 2
        self._sheet = sheet = Sheet.fit(
            room.width, room.height - lines, pixels=exhibit.pixels, count=len(exhibit), lines=lines
        )
        first = self.place // sheet.page * sheet.page
        pictures = [
            (
                draw_grey(exhibit.thumbnail(n), self.shades, sheet.side),
                exhibit.captions(n, sheet.side, lines),
            )
            for n in range(first, min(first + sheet.page, len(exhibit)))
        ]
        told = exhibit.told(self.place)
        told.truncate(room.width, overflow="ellipsis")
        return Text("\n" * lines).join([sheet.draw(pictures, self.place - first), told])

    def _move_to(self, place: int) -> None:
        """Move the cursor, to the nearest image that there is."""
        if self.exhibit is None or self._sheet is None:
            return
        place = min(max(place, 0), len(self.exhibit) - 1)
        if place != self.place:
            self.place = place
            self.draw()

    def action_move(self, across: int, down: int) -> None:
        """Move the cursor."""
        if self._sheet is not None:
            self._move_to(self.place + across + down * self._sheet.columns)

    def action_page(self, by: int) -> None:
        """Turn pages; the cursor stays where it is on the page."""
        if self._sheet is not None and self.exhibit is not None:
            page = self.place // self._sheet.page + by
            if 0 <= page < self._pages:
                self._move_to(self.place + by * self._sheet.page)

    def action_jump(self, to: int) -> None:
        """Move the cursor to the first image or the last."""
        self._move_to(0 if to < 0 else len(self.exhibit or ()) - 1)

    async def action_open(self) -> None:
        """Look closely at the image under the cursor."""
        if self.exhibit is None or self._sheet is None:
            return
        view = ImageView(self.pane, self.shown, self.exhibit, self.place)
        await self.app.push_screen(view, lambda _: self._move_to(view.place))

    def _at(self, event: MouseEvent) -> int | None:
        """Return the image under the pointer."""
        if self._sheet is None or self.exhibit is None:
            return None
        region, sheet = self.query_one("#closeup", Static).region, self._sheet
        at = sheet.at(event.screen_x - region.x, event.screen_y - region.y)
        place = None if at is None else self.place // sheet.page * sheet.page + at
        return place if place is not None and place < len(self.exhibit) else None

    def on_mouse_move(self, event: MouseMove) -> None:
        """Let the cursor follow the pointer."""
        if (place := self._at(event)) is not None:
            self._move_to(place)

    async def on_click(self, event: Click) -> None:
        """Look closely at the image that was clicked."""
        if (place := self._at(event)) is not None:
            self._move_to(place)
            await self.action_open()

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Turn to the next page."""
        event.stop()
        self.action_page(1)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Turn back."""
        event.stop()
        self.action_page(-1)


class ImageView(CloseUp):
    """One of the images at full size; left and right take its neighbours."""

    follows = False

    def __init__(self, pane: ExperimentPane, shown: Task, exhibit: Exhibit, place: int) -> None:
        super().__init__(pane, shown)
        self.exhibit, self.place = exhibit, place

    def keep_up(self) -> None:
        """Draw for another room only: nothing changes by itself."""
        if not self.fits():
            self.draw()

    def title_words(self) -> str:
        """Return which of the images it is."""
        return _titled(self.exhibit, self.place)

    def picture(self, room: Size) -> Text:
        """Return the image and what the network says of it."""
        return self.exhibit.closely(self.place, room, self.shades)

    def action_move(self, by: int) -> None:
        """Take the next image."""
        self.place = (self.place + by) % len(self.exhibit)
        self.draw()


def _titled(exhibit: Exhibit, place: int) -> str:
    """Return which of its images one is."""
    if len(exhibit) < 2:
        return exhibit.title
    return f"{place + 1:,}/{len(exhibit):,}  {exhibit.title}"
