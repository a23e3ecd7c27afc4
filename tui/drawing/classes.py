"""One image of each class, as large as a panel allows."""

import numpy as np
from rich.text import Text

from tui.drawing.pixels import Ink, draw_grey

LARGEST, SMALLEST = 40, 6  # pixels a side
GAP = 2  # cells between two images; one where they are small
SMALL = 10
UGLY = 1.5  # times as large must images be for a last row that is not full


def arranged(count: int, width: int, height: int) -> tuple[int, int]:
    """Return in how many columns ``count`` images stand, and their side; 0 where none would fit."""
    full = ragged = 0, 0
    for columns in range(count, 0, -1):
        rows = -(-count // columns)
        down = (height - (rows - 1)) // rows * 2
        across = (width - (columns - 1) * GAP) // columns
        if across <= SMALL:
            across = min((width - (columns - 1)) // columns, SMALL)
        size = min(across, down, LARGEST) // 2 * 2
        if size > full[1] and not count % columns:
            full = columns, size
        if size > ragged[1]:
            ragged = columns, size
    best = ragged if ragged[1] > UGLY * full[1] else full
    return best if best[1] >= SMALLEST else (0, 0)


def draw_classes(images: np.ndarray, shades: Ink, width: int, height: int) -> list[Text]:
    """Return images [N, H, W] in 0..255 in lines of equal width; none where they do not fit."""
    columns, size = arranged(len(images), width, height)
    lines: list[Text] = []
    if not columns:
        return lines
    gap = " " * (GAP if size > SMALL else 1)
    drawn = [draw_grey(image / 255, shades, size).split("\n") for image in images]
    for first in range(0, len(drawn), columns):
        if first:
            lines.append(Text())
        row = drawn[first : first + columns]
        lines += [Text(gap).join(parts) for parts in zip(*row, strict=True)]
    return lines
