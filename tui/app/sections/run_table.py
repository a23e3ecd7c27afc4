"""The table of runs, of which as many rows are written as the cursor has come near to."""

from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.coordinate import Coordinate
from textual.widgets import DataTable

from engine.runs.summary import Summary
from tui.app.guard import Guarded
from tui.app.sections.run_cells import Drawing, label_of
from tui.app.sections.run_order import Item, Order

AHEAD = 100  # rows written beyond the cursor
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
        self.items: list[Item] = []  # of which the first ones are written
        self._drawing: Drawing | None = None
        self._order = Order()
        super().__init__(cursor_type="row", id=id)

    def show_items(self, items: list[Item], drawing: Drawing, order: Order) -> None:
        """Show runs below their headings; the cursor stays on its run.

        Where they are the same as before, only what changed in the rows that are seen is written.
        """
        same = self._drawing is not None and drawing.columns == self._drawing.columns
        if same and order == self._order and self._are_written(items):
            self.items, self._drawing = items, drawing
            first = self.scroll_offset.y
            for row in range(first, min(first + self.size.height, self.row_count)):
                self.update_row(row, drawing)
            return
        here = self.run_id
        self.items, self._drawing, self._order = [], drawing, order
        self.clear(columns=True)
        for name, width in drawing.columns:
            self.add_column(label_of(name, width, order), width=width, key=name)
        self.items = items
        places = (
            n for n, item in enumerate(items) if isinstance(item, Summary) and item.run == here
        )
        place = next(places, 0) if here else 0
        self.write_until(place + AHEAD)
        if self.row_count:
            self.move_cursor(row=place)

    def _are_written(self, items: list[Item]) -> bool:
        """Tell whether the rows are of these runs, in their places."""
        if len(items) != len(self.items) or (items and not self.row_count):
            return False
        return all(map(_same, items[: self.row_count], self.items))

    def write_until(self, end: int) -> None:
        """Write rows up to a place: a terminal shows a few of ten thousand."""
        if self._drawing is None:
            return
        for item in self.items[self.row_count : end]:
            key = item.run if isinstance(item, Summary) else None
            self.add_row(*self._drawing.cells(item), key=key)

    def write_ahead(self) -> None:
        """Write more rows where the cursor comes near the last one."""
        if self.cursor_row + AHEAD // 2 > self.row_count:
            self.write_until(self.cursor_row + AHEAD)

    def update_row(self, row: int, drawing: Drawing) -> None:
        """Write what has changed in a row."""
        before = self.get_row_at(row)
        for column, cell in enumerate(drawing.cells(self.items[row])):
            if cell != before[column]:
                self.update_cell_at(Coordinate(row, column), cell)

    @property
    def run(self) -> Summary | None:
        """The run under the cursor."""
        row = self.cursor_row
        item = self.items[row] if 0 <= row < min(len(self.items), self.row_count) else None
        return item if isinstance(item, Summary) else None

    @property
    def run_id(self) -> str:
        """Its id, "" where there is none."""
        return self.run.run if self.run is not None else ""

    def _is_heading(self, row: int) -> bool:
        return row < len(self.items) and not isinstance(self.items[row], Summary)

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


def _same(a: Item, b: Item) -> bool:
    """Tell whether two rows are of one run, or are the same heading."""
    if isinstance(a, Summary) and isinstance(b, Summary):
        return a.run == b.run
    return a == b
