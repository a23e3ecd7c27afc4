"""The table of runs, of which as many rows are there as the cursor has come near to."""

from collections.abc import Container, Iterable
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.coordinate import Coordinate
from textual.widgets import DataTable
from textual.widgets.data_table import ColumnKey

from engine.runs.summary import Summary
from tui.app.guard import Guarded
from tui.app.sections.runs.columns import Drawing, label_of
from tui.app.sections.runs.order import Fold, Group, Item, Order

AHEAD = 100  # rows beyond the cursor
FAR = 1000  # rows: no farther does the cursor follow its run to another place
SCROLLBAR = 1  # cells beside the rows


class RunTable(Guarded, DataTable[Text]):
    """A table of which Home and End are the first and the last row, not the first column.

    The cursor passes over headings, which are no run.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("home", "scroll_top", show=False),
        Binding("end", "scroll_bottom", show=False),
    ]

    def __init__(self, *, id: str) -> None:
        self.items: list[Item] = []
        self._drawing: Drawing | None = None
        self._order = Order()
        self._drawn: dict[int, list[Text]] = {}  # the rows that were asked for
        super().__init__(cursor_type="row", id=id)

    def get_row_at(self, row_index: int) -> list[Text]:
        """Return the cells of a row, which are made as they are needed."""
        if self._drawing is None or row_index >= len(self.items):
            return []
        cells = self._drawn.get(row_index)
        if cells is None:
            cells = self._drawn[row_index] = self._drawing.cells(self.items[row_index])
        return cells

    def show_items(self, items: list[Item], drawing: Drawing, order: Order) -> None:
        """Show runs below their headings; the cursor stays on its run, unless that is far away."""
        here, before = self._id_at(self.cursor_row), self.cursor_row
        ids = list(map(_id_of, items))
        place = ids.index(here) if here and here in ids else 0
        if place > max(FAR, before + AHEAD):
            place = 0
        columns = self._drawing.columns if self._drawing is not None else ()
        same = columns == drawing.columns and order == self._order and _alike(items, self.items)
        self.items, self._drawing, self._order = items, drawing, order
        if same:
            self.draw_again()
            return
        self._drawn.clear()
        if columns != drawing.columns or self.row_count > len(items):
            self._lay_out(drawing, order)
        for name, width in drawing.columns:
            self.columns[ColumnKey(name)].label = label_of(name, width, order)
        self.write_until(place + AHEAD)
        self._clear_caches()
        self.refresh()
        if self.row_count:
            self.move_cursor(row=place)

    def _lay_out(self, drawing: Drawing, order: Order) -> None:
        """Begin anew with a drawing's columns and no rows."""
        self.clear(columns=True)
        for name, width in drawing.columns:
            self.add_column(label_of(name, width, order), width=width, key=name)

    def draw_again(self, rows: Iterable[int] | None = None) -> None:
        """Draw what has changed in these rows, or in all that were drawn; the others as needed."""
        if self._drawing is None:
            return
        seen = range(self.scroll_offset.y, self.scroll_offset.y + self.size.height)
        for row in list(self._drawn) if rows is None else rows:
            before = self._drawn.pop(row, None)
            if row in seen and before is not None and before != self.get_row_at(row):
                self._update_count += 1  # what caches are known by
                self.refresh_row(row)

    def now(self, drawing: Drawing, runs: Container[str] | None) -> None:
        """Draw the rows of some runs, or of all, as they are now."""
        self._drawing = drawing
        shown = [row for row in self._drawn if runs is None or self._has(row, runs)]
        self.draw_again(shown)

    def _has(self, row: int, runs: Container[str]) -> bool:
        item = self.items[row] if 0 <= row < len(self.items) else None
        if isinstance(item, Fold):
            return any(run.run in runs for run in item.runs)
        return isinstance(item, Summary) and item.run in runs

    def _id_at(self, row: int) -> str:
        return _id_of(self.items[row]) if 0 <= row < len(self.items) else ""

    def write_until(self, end: int) -> None:
        """Have rows up to a place: a terminal shows a few of ten thousand."""
        for _ in range(self.row_count, min(end, len(self.items))):
            self.add_row()
        self._new_rows.clear()  # all columns have their widths: there is nothing to measure

    def write_ahead(self) -> None:
        """Have more rows where the cursor comes near the last one."""
        if self.cursor_row + AHEAD // 2 > self.row_count:
            self.write_until(self.cursor_row + AHEAD)

    @property
    def run(self) -> Summary | None:
        """The run under the cursor."""
        row = self.cursor_row
        item = self.items[row] if 0 <= row < min(len(self.items), self.row_count) else None
        return item if isinstance(item, Summary) else None

    @property
    def fold(self) -> Fold | None:
        """The sweep under the cursor."""
        row = self.cursor_row
        item = self.items[row] if 0 <= row < min(len(self.items), self.row_count) else None
        return item if isinstance(item, Fold) else None

    @property
    def run_id(self) -> str:
        """Its id, "" where there is none."""
        return self.run.run if self.run is not None else ""

    def _is_heading(self, row: int) -> bool:
        return 0 <= row < len(self.items) and isinstance(self.items[row], Group)

    def validate_cursor_coordinate(self, value: Coordinate) -> Coordinate:
        """Return the nearest place of a run, in the direction of the move."""
        place = super().validate_cursor_coordinate(value)
        if not self._is_heading(place.row):
            return place
        down = place.row >= self.cursor_coordinate.row
        for step in (1, -1) if down else (-1, 1):
            row = place.row + step
            if 0 <= row < self.row_count and not self._is_heading(row):
                return Coordinate(row, place.column)
        return place


def _alike(items: list[Item], others: list[Item]) -> bool:
    """Tell whether rows are of the same runs, in the same places."""
    return len(items) == len(others) and all(map(_same, items, others))


def _id_of(item: Item) -> str:
    """Return the id of a row's run or sweep, "" of a heading."""
    if isinstance(item, Group):
        return ""
    return item.sweep if isinstance(item, Fold) else item.run


def _same(a: Item, b: Item) -> bool:
    """Tell whether two rows are of one run, or are the same heading."""
    if isinstance(a, Summary) and isinstance(b, Summary):
        return a.run == b.run
    if isinstance(a, Fold) and isinstance(b, Fold):
        return a.sweep == b.sweep
    return a == b
