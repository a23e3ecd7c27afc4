"""A matrix of cells with names at its sides, as many of them as a room has place for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from rich.cells import cell_len
from rich.text import Text

from engine.data.classes import numbered
from tui.words import cut, widest

HEADS = 2  # lines above the rows: what the columns are, and their names
LEAST_HEAD, WIDEST_HEAD, WIDEST_CELL = 7, 18, 13
NAMED = 7  # cells of a column, from which on it has a name
HIGHEST = 5  # lines of a cell
MUTED, CHOSEN = "$text-muted", "bold reverse"


@dataclass(frozen=True, slots=True)
class Matrix:
    """How many of ``size`` rows and columns are shown, and how large.

    ``first`` are the row and the column at the upper left, ``shown`` how many there are from them.
    """

    head: int  # cells of a row's name
    cell: int  # cells of a column
    high: int  # lines of a row
    first: tuple[int, int]
    shown: tuple[int, int]

    @classmethod
    def fit(
        cls,
        room: tuple[int, int],
        names: Sequence[str],
        rows: int,
        *,
        needed: int,
        total: int,
        below: int,
        keep: tuple[int, int],
        first: tuple[int, int],
    ) -> Self:
        """Lay out rows by ``names`` in a room of cells and lines.

        A cell's words take ``needed`` cells, a row's total ``total``, what stands below the rows
        ``below`` lines. The cell ``keep`` is shown; the rows and columns at the upper left stay
        ``first`` where they can.
        """
        width, height = room
        spare = width - total - needed * len(names)
        head = min(max(widest(names) + 2, LEAST_HEAD), WIDEST_HEAD)
        head = min(head, spare if spare >= LEAST_HEAD else max(width // 4, LEAST_HEAD))
        across, down = max(width - head - total, needed), max(height - HEADS - below, 1)
        high = max((n for n in range(1, HIGHEST + 1, 2) if n * rows <= down), default=1)
        wanted = max(2 * high + 3, min(max(map(cell_len, names)) + 1, WIDEST_CELL), needed)
        cell = min(max(across // len(names), needed), wanted)
        shown = min(rows, down // high), min(len(names), across // cell)
        lasts = rows - shown[0], len(names) - shown[1]
        corner = [
            min(max(place, here - count + 1), here, last)
            for place, here, count, last in zip(first, keep, shown, lasts, strict=True)
        ]
        return cls(head, cell, high, (corner[0], corner[1]), shown)

    @property
    def rows(self) -> range:
        """The rows that are shown."""
        return range(self.first[0], self.first[0] + self.shown[0])

    @property
    def columns(self) -> range:
        """The columns that are shown."""
        return range(self.first[1], self.first[1] + self.shown[1])

    def at(self, x: int, y: int) -> tuple[int, int] | None:
        """Return the row and column of what is drawn at a cell, None beside the matrix."""
        row, column = (y - HEADS) // self.high, (x - self.head) // self.cell
        if not (0 <= row < self.shown[0] and 0 <= column < self.shown[1]):
            return None
        return self.first[0] + row, self.first[1] + column

    def draw(
        self,
        axes: tuple[str, str],
        names: Sequence[str],
        labels: Sequence[int],
        cells: Callable[[int, int], tuple[str, str]],
        totals: tuple[str, Callable[[int], str]],
        chosen: tuple[int, int],
    ) -> Text:
        """Return the matrix.

        ``axes`` say what rows and columns are; ``labels`` are the classes of the rows. ``cells``
        returns a cell's words and style, ``totals`` are the last column's name and what it says.
        """
        down, across = axes
        if len(self.columns) < len(names):
            across += f" {self.columns[0]}–{self.columns[-1]} of {len(names)}"
        top = Text(f"{cut(down, self.head - 1)} {across}", MUTED)
        heads = Text(" " * self.head)
        for column in self.columns:
            name = names[column] if self.cell >= NAMED else str(column)
            style = CHOSEN if column == chosen[1] else "bold"
            heads.append(_placed(name, self.cell), style)
        heads.append(f" {totals[0]}", "bold")
        lines = [top, heads]
        for row in self.rows:
            middle, style = self.high // 2, CHOSEN if row == chosen[0] else "bold"
            drawn = [cells(row, column) for column in self.columns]
            for number in range(self.high):
                name = numbered(names, labels[row]) if number == middle else ""
                line = Text().append(cut(name, self.head - 1), style if name else "").append(" ")
                for column, (words, look) in zip(self.columns, drawn, strict=True):
                    if (row, column) == chosen:
                        look = CHOSEN
                    said = words if number == middle else ""
                    line.append(_placed(said, self.cell), look)
                line.append(f" {totals[1](row)}" if number == middle else "")
                lines.append(line)
        return Text("\n", no_wrap=True).join(lines)


def _placed(words: str, cells: int) -> str:
    """Return words in the middle of so many cells; at their right where they are narrow.

    One cell at their left stays empty.
    """
    words = cut(words, cells - 1).rstrip() if cell_len(words) >= cells else words
    spare = cells - cell_len(words)
    right = spare // 2 if cells >= NAMED else 0
    return " " * (spare - right) + words + " " * right
