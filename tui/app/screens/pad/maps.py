"""The activation maps of a layer as one picture of thumbnails, one of them framed."""

from dataclasses import dataclass

import numpy as np
from textual.events import Click
from textual.message import Message

from tui.app.widgets.pixelled import BLANK, FEW, FRAME, Pixels, greys
from tui.drawing.pixels import exactly

LARGEST, SMALLEST = 32, 4  # pixels a side
GAP, ROW_GAP = 1, 2  # pixels between two, beside and below each other
BRIGHTER = 0.6  # the power that shows weak activations too


@dataclass(frozen=True, slots=True)
class Grid:
    """How thumbnails stand: of ``size`` pixels a side, ``columns`` in ``rows``."""

    size: int
    columns: int
    rows: int

    @property
    def page(self) -> int:
        """How many fit."""
        return self.columns * self.rows

    def first(self, chosen: int) -> int:
        """Return the number of the first on the page that has ``chosen``."""
        return chosen // self.page * self.page

    def at(self, x: int, line: int) -> int | None:
        """Return which place on the page a cell is in, None between them."""
        column, right = divmod(x - GAP, self.size + GAP)
        row, below = divmod(2 * line, self.size + ROW_GAP)
        inside = right < self.size and below < self.size and 0 <= column < self.columns
        return row * self.columns + column if inside else None


def grid_for(count: int, width: int, lines: int) -> Grid:
    """Return the largest thumbnails of which ``count`` fit, or pages of small ones."""
    grid = Grid(SMALLEST, 1, 1)
    for size in range(LARGEST, SMALLEST - 1, -2):
        columns = max((width - GAP) // (size + GAP), 1)
        rows = max((2 * lines + ROW_GAP) // (size + ROW_GAP), 1)
        grid = Grid(size, columns, rows)
        if grid.page >= count and size <= min(width - 2 * GAP, 2 * lines):
            break
    return grid


def draw_maps(maps: np.ndarray, grid: Grid, chosen: int) -> np.ndarray:
    """Return greys int16 [H, W] of the page of maps [C, H, W] that has the chosen one.

    Black is no activation, white the strongest of the layer; where some are negative, the lowest is
    black. The chosen one stands between two bars.
    """
    low, high = min(float(maps.min()), 0.0), float(maps.max())
    first = grid.first(chosen)
    shown = maps[first : first + grid.page]
    size, down, across = grid.size, grid.size + ROW_GAP, grid.size + GAP
    rows, columns = -(-len(shown) // grid.columns), min(grid.columns, len(shown))
    picture = np.full((rows * down - ROW_GAP, GAP + columns * across), BLANK, np.int16)
    for place, one in enumerate(shown):
        row, column = divmod(place, grid.columns)
        top, left = row * down, GAP + column * across
        unit = (exactly(_square(one), size) - low).clip(0) / ((high - low) or 1)
        picture[top : top + size, left : left + size] = greys(unit**BRIGHTER, FEW)
        if first + place == chosen:
            picture[top : top + size, [left - 1, left + size]] = FRAME
    return picture


def _square(one: np.ndarray) -> np.ndarray:
    """Return a map with as many rows as columns; what is missing is not activated."""
    side = max(one.shape)
    if one.shape == (side, side):
        return one
    whole = np.zeros((side, side), one.dtype)
    whole[: one.shape[0], : one.shape[1]] = one
    return whole


class MapsView(Pixels):
    """Shows the maps; a click chooses one, a second one opens it."""

    grid: Grid | None = None
    first = 0

    class Clicked(Message):
        """A map was clicked, ``times`` in a row."""

        def __init__(self, number: int, times: int) -> None:
            super().__init__()
            self.number, self.times = number, times

    def show_maps(self, maps: np.ndarray, grid: Grid, chosen: int) -> int:
        """Show the page that has the chosen map; return about how many bytes that sends."""
        self.grid, self.first = grid, grid.first(chosen)
        return self.show(draw_maps(maps, grid, chosen))

    def clear(self) -> None:
        """Show none: they are not known."""
        self.grid = None
        self.show(np.full((2, 1), BLANK, np.int16))

    def on_click(self, event: Click) -> None:
        """Tell which map it was."""
        place = self.grid.at(event.x, event.y) if self.grid is not None else None
        if place is not None:
            self.post_message(self.Clicked(self.first + place, event.chain))
