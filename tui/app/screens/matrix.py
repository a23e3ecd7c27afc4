"""A matrix with a cursor over a section; a cell opens the images that it counts."""

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.binding import BindingType
from textual.events import Click, MouseEvent, MouseMove, MouseScrollDown, MouseScrollUp
from textual.geometry import Size
from textual.screen import Screen
from textual.widgets import Static

from tui.app.heat import Heat
from tui.app.keys.dialogs import DIALOGS
from tui.app.keys.keymap import Keymap
from tui.app.screens.closeup import Drawn
from tui.app.sections.base import ExperimentPane
from tui.drawing.matrix import LEAST_HEAD, Matrix

FAR = 10  # rows that a page has


class MatrixView(Drawn):
    """Subclasses say what the cells are; arrows and the pointer move the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [*DIALOGS["matrix"]]
    axes: tuple[str, str]  # what rows and columns are
    total: ClassVar[tuple[str, int]]  # the last column's name, and its cells
    missing: ClassVar[str] = "It comes with the judging on the test images, at the end."

    def __init__(self, pane: ExperimentPane) -> None:
        super().__init__(pane)
        self.place = 0, 0  # the cursor's row and column
        self.layout_: Matrix | None = None
        self._drawn_of: object = None
        self._began = False

    # What subclasses say.

    @property
    def labels(self) -> Sequence[int]:
        """The classes of the rows."""
        raise NotImplementedError

    def begin(self) -> tuple[int, int]:
        """Return where the cursor begins: where there is most to see."""
        raise NotImplementedError

    def largest(self) -> float:
        """Return the largest share of what should be none."""
        raise NotImplementedError

    def needed(self, room: int) -> int:
        """Return the cells that the words of a cell need, at most so many where possible."""
        raise NotImplementedError

    def cell(self, row: int, column: int, heat: Heat, cells: int) -> tuple[str, str]:
        """Return a cell's words and its style."""
        raise NotImplementedError

    def total_of(self, row: int) -> str:
        """Return what the last column says of a row."""
        raise NotImplementedError

    def legend(self, heat: Heat) -> Text:
        """Return what the colours mean, in a line."""
        raise NotImplementedError

    def told(self, row: int, column: int) -> str:
        """Return what a cell says, in words."""
        raise NotImplementedError

    def images_of(self, row: int, column: int) -> Screen[None] | None:
        """Return the screen that shows a cell's images, None where it has none."""
        raise NotImplementedError

    # What they share.

    def key_words(self, keys: Keymap) -> str:
        """Return the keys in a few words."""
        opens, closes = keys.name("matrix.open"), keys.name("matrix.close")
        if self.layout_ is None:
            return f"{closes} closes"
        moves = keys.names("matrix.left", "matrix.right", "matrix.up", "matrix.down")
        all_fit = self.layout_.shown == (len(self.labels), len(self.shown.classes))
        where = "move" if all_fit else "other classes"
        return f"{moves} {where}  {opens} its images  {closes} closes"

    def title_words(self) -> str:
        """Return what is under the cursor."""
        return self.told(*self.place) if self.layout_ is not None else "Not there yet"

    def keep_up(self) -> None:
        """Draw again where the run has finished, or the theme is another."""
        if self._drawn_of != self._depends() or not self.fits():
            self.draw()

    def _depends(self) -> object:
        return self.shown.history.finished is None, self.app.theme

    def picture(self, room: Size) -> Text:
        """Return the matrix over what its colours mean."""
        self._drawn_of = self._depends()
        if self.shown.history.finished is None:
            self.layout_ = None
            return Text(self.missing, "$text-muted")
        if not self._began:
            self.place, self._began = self.begin(), True
        names, (all_, total) = self.shown.classes, self.total
        before = self.layout_.first if self.layout_ is not None else (0, 0)
        heat = Heat.of(self.app, "surface", self.largest(), colour=not self.pane.look.uncoloured)
        needed = self.needed((room.width - total - LEAST_HEAD) // len(names))
        below = 1 if room.height < 2 + len(self.labels) + 2 else 2
        self.layout_ = shape = Matrix.fit(
            (room.width, room.height), names, len(self.labels), needed=needed, total=total,
            below=below, keep=self.place, first=before,
        )  # fmt: skip
        drawn = shape.draw(
            self.axes, names, self.labels,
            lambda row, column: self.cell(row, column, heat, shape.cell),
            (all_, self.total_of), self.place,
        )  # fmt: skip
        legend = self.legend(heat)
        legend.truncate(room.width, overflow="ellipsis")
        return Text("\n" * below, no_wrap=True).join([drawn, legend])

    def _move_to(self, row: int, column: int) -> None:
        """Move the cursor, to the nearest cell that there is."""
        if self.layout_ is None:
            return
        last = len(self.labels) - 1, len(self.shown.classes) - 1
        place = min(max(row, 0), last[0]), min(max(column, 0), last[1])
        if place != self.place:
            self.place = place
            self.draw()

    def action_move(self, across: int, down: int) -> None:
        """Move the cursor by cells."""
        self._move_to(self.place[0] + down, self.place[1] + across)

    def action_page(self, by: int) -> None:
        """Move the cursor by many rows."""
        self._move_to(self.place[0] + FAR * by, self.place[1])

    def action_jump(self, to: int) -> None:
        """Move the cursor to the first or the last column."""
        self._move_to(self.place[0], 0 if to < 0 else len(self.shown.classes) - 1)

    async def action_open(self) -> None:
        """Show the images of the cell under the cursor."""
        if self.layout_ is None:
            return
        if (images := self.images_of(*self.place)) is not None:
            await self.app.push_screen(images)

    def _at(self, event: MouseEvent) -> tuple[int, int] | None:
        """Return the cell of the matrix under the pointer."""
        if self.layout_ is None:
            return None
        region = self.query_one("#closeup", Static).region
        return self.layout_.at(event.screen_x - region.x, event.screen_y - region.y)

    def on_mouse_move(self, event: MouseMove) -> None:
        """Let the cursor follow the pointer."""
        if (place := self._at(event)) is not None:
            self._move_to(*place)

    async def on_click(self, event: Click) -> None:
        """Show the images of the cell that was clicked."""
        if (place := self._at(event)) is not None:
            self._move_to(*place)
            await self.action_open()

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Move over the rows."""
        self._wheel(event, 1)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Move over the rows."""
        self._wheel(event, -1)

    def _wheel(self, event: MouseEvent, by: int) -> None:
        event.stop()
        if event.shift:
            self.action_move(by, 0)
        else:
            self.action_move(0, by)
