"""A canvas of braille cells, 2 x 4 dots each, on which what matters more hides what matters less.

A cell has one colour. So it shows the dots of one layer: those of curves where there are any,
else those of the band around them, of the cursor, or of the grid.
"""

from itertools import pairwise

import numpy as np
from rich.text import Text

# Bits of a braille cell (U+2800), by dot row and column.
DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
GRID, CURSOR, BAND, BEHIND, CURVE = range(1, 6)  # layers, the uppermost last


class Canvas:
    """Dots [4 * rows, 2 * columns] in layers, and words over them."""

    def __init__(self, rows: int, columns: int) -> None:
        self._dots = np.zeros((rows * 4, columns * 2), bool)
        self._layers = np.zeros((rows, columns), int)
        self._words = np.zeros((rows, columns), np.uint32)  # code points, 0 where there are none
        self._style = np.zeros((rows, columns), int)  # by place in the list
        self._styles = [""]

    def paint(self, mask: np.ndarray, style: str, layer: int) -> None:
        """Add dots [H, W], from the left edge on, to the cells where no higher layer has any."""
        if mask.shape[1] < self._dots.shape[1]:
            mask = np.pad(mask, ((0, 0), (0, self._dots.shape[1] - mask.shape[1])))
        rows, columns = self._layers.shape
        cells = mask.reshape(rows, 4, columns, 2).any((1, 3)) & (self._layers <= layer)
        above = _dots_of(cells & (self._layers < layer))
        self._dots = np.where(above, mask, self._dots | (mask & _dots_of(cells)))
        self._style[cells] = self._number(style)
        self._layers[cells] = layer

    def write(self, row: int, column: int, words: str, style: str) -> None:
        """Put words over the dots, a cell for each character; what lies outside is cut."""
        rows, columns = self._layers.shape
        for place, character in enumerate(words, column):
            if 0 <= row < rows and 0 <= place < columns:
                self._words[row, place] = ord(character)
                self._style[row, place] = self._number(style)

    def _number(self, style: str) -> int:
        if style not in self._styles:
            self._styles.append(style)
        return self._styles.index(style)

    def lines(self) -> list[Text]:
        """Return the rows of cells.

        Neighbours of one style are together, and what is empty between them too: each change of
        style costs twenty bytes.
        """
        rows, columns = self._layers.shape
        blocks = self._dots.reshape(rows, 4, columns, 2).transpose(0, 2, 1, 3)
        codes = (blocks * DOTS).sum((2, 3), dtype=np.uint32)
        codes = np.where(codes > 0, 0x2800 + codes, ord(" "))
        codes = np.where(self._words > 0, self._words, codes).astype("<u4")
        filled = (self._layers > 0) | (self._words > 0)
        before = np.maximum.accumulate(np.where(filled, np.arange(columns), 0), axis=1)
        styles = np.take_along_axis(self._style, before, 1)
        styles[~filled & (np.take_along_axis(self._words, before, 1) > 0)] = 0
        drawn = []
        for row, row_styles in zip(codes, styles, strict=True):
            words = row.tobytes().decode("utf-32-le")
            starts = [0, *(np.flatnonzero(row_styles[1:] != row_styles[:-1]) + 1), columns]
            line = Text(words)
            for start, end in pairwise(starts):
                if (number := row_styles[start]) and end > start:
                    line.stylize(self._styles[number], int(start), int(end))
            drawn.append(line)
        return drawn


def _dots_of(cells: np.ndarray) -> np.ndarray:
    return cells.repeat(4, 0).repeat(2, 1)


def joined(levels: np.ndarray, broken: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return levels [W] with what lies between two of them on a straight line, and joints [W].

    They are NaN where there is nothing to join, as before a column that is ``broken``. Joints tell
    whether a column is joined with the next.
    """
    width = len(levels)
    present = np.flatnonzero(np.isfinite(levels))
    if not len(present):
        return np.full(width, np.nan), np.zeros(width, bool)
    columns = np.arange(width)
    linked = np.append(np.diff(np.cumsum(broken)[present]) == 0, False)
    left = np.searchsorted(present, columns, "right") - 1
    joints = (left >= 0) & linked[left]
    shown = joints | ((left >= 0) & (present[left] == columns))
    return np.where(shown, np.interp(columns, present, levels[present]), np.nan), joints


def path(levels: np.ndarray, broken: np.ndarray, height: int) -> np.ndarray:
    """Return the dots [height, W] of a line through levels [W], NaN where it has no point.

    Rows count from the top. It is not drawn into a column that is ``broken``, but from it on.
    """
    level, joints = joined(levels, broken)
    middles = (level[:-1] + level[1:]) / 2  # where a column hands over to the next
    ahead = np.append(np.where(joints[:-1], middles, level[:-1]), level[-1])
    behind = np.insert(np.where(joints[:-1], middles, level[1:]), 0, level[0])
    top = np.minimum(level, np.minimum(ahead, behind))
    bottom = np.maximum(level, np.maximum(ahead, behind))
    return between(top, bottom, height)


def between(top: np.ndarray, bottom: np.ndarray, height: int) -> np.ndarray:
    """Return the dots [height, W] from ``top`` to ``bottom`` of each column; none where NaN."""
    rows = np.arange(height)[:, None]
    mask: np.ndarray = (rows >= np.rint(top)) & (rows <= np.rint(bottom))
    return mask


def stippled(mask: np.ndarray, *, lightly: bool = False) -> np.ndarray:
    """Return every other dot of an area, and all at its upper and lower edge: no peak is hidden.

    Lightly, every fourth.
    """
    inside = mask.copy()
    inside[0] = inside[-1] = False
    inside[1:-1] &= mask[:-2] & mask[2:]
    rows, columns = np.arange(mask.shape[0])[:, None], np.arange(mask.shape[1])
    if lightly:
        kept = (rows % 2 == 0) & ((rows // 2 + columns) % 2 == 0)
    else:
        kept = (rows + columns) % 2 == 0
    thinned: np.ndarray = mask & (~inside | kept)
    return thinned
