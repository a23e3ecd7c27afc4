"""A heat map over two options of a sweep: numbers on colours, as many as a room has place for."""

import math
from collections.abc import Callable, Sequence

from rich.cells import cell_len
from rich.text import Text

from engine.sweeps.heat import Axis, Heat
from tui.drawing.sweep_rows import shown
from tui.words import cut, cut_middle

MUTED = "$text-muted"
HEAD, LEAST_HEAD = 22, 4  # cells of a row's name at most, and at least
WIDEST = 14  # cells of a column


def draw_heat(
    heat: Heat,
    metric: str,
    room: tuple[int, int],
    style: Callable[[float], str],
    *,
    highest: int = 3,
) -> Text:
    """Draw a heat map in a room of cells and lines; ``style`` is that of a share, 0 to 1.

    The best cell is marked too. Rows are at most ``highest`` lines high. Rows and columns for which
    there is no room are counted.
    """
    width, height = room
    words = [
        [shown(metric, float(value)) if math.isfinite(value) else "–" for value in row]
        for row in heat.mean
    ]
    longest = max((cell_len(cell) for row in words for cell in row), default=1)
    needed = longest + 2  # a space, or the mark of the best, before it; a space behind it
    head = min(max([LEAST_HEAD, *map(cell_len, heat.rows.labels)]) + 1, HEAD)
    head = max(min(head, width - needed), 1)
    across = min(len(heat.columns.labels), max((width - head) // needed, 1))
    wanted = max(needed, *(cell_len(label) + 2 for label in heat.columns.labels[:across]))
    cells = max(min((width - head) // across, wanted, WIDEST), needed)
    lines_ = max(height - 3, 1)  # lines of the rows: above are the axes, below what is left out
    down = min(len(heat.rows.labels), lines_)
    high = max(1, min(highest, lines_ // max(down, 1)))
    high -= high % 2 == 0  # so that the numbers stand in the middle
    lines = [_axes(heat.rows, heat.columns, width), _titles(heat.columns, head, cells, across)]
    best = _best(heat)
    for row in range(down):
        for line in range(high):
            middle = line == high // 2
            name = cut(cut_middle(heat.rows.labels[row], head - 1), head) if middle else " " * head
            text = Text(name, no_wrap=True)
            for column in range(across):
                share = float(heat.shares[row, column])
                mark = "◆" if (row, column) == best else " "
                number = f"{mark}{words[row][column].rjust(longest)} ".rjust(cells)
                known = math.isfinite(share)
                text.append(number if middle else " " * cells, style(share) if known else MUTED)
            lines.append(text)
    left = _left(len(heat.rows.labels) - down, len(heat.columns.labels) - across)
    if left:
        lines.append(Text(cut(left, width).rstrip(), MUTED))
    return Text("\n", no_wrap=True).join(lines)


def _axes(rows: Axis, columns: Axis, width: int) -> Text:
    return Text(cut(f"{rows.title} ↓  {columns.title} →", width).rstrip(), MUTED, no_wrap=True)


def _titles(columns: Axis, head: int, cells: int, across: int) -> Text:
    labels: Sequence[str] = columns.labels[:across]
    words = [cut_middle(label, cells - 1).rjust(cells - 1) + " " for label in labels]
    return Text(" " * head + "".join(words), MUTED, no_wrap=True)


def _best(heat: Heat) -> tuple[int, int] | None:
    best, value = None, -math.inf
    for row, means in enumerate(heat.mean):
        for column, mean in enumerate(means):
            if mean > value:
                best, value = (row, column), float(mean)
    return best


def _left(rows: int, columns: int) -> str:
    """Return how much there was no room for, "" where nothing."""
    parts = []
    if rows > 0:
        parts.append(f"{rows} more row{'' if rows == 1 else 's'}")
    if columns > 0:
        parts.append(f"{columns} more column{'' if columns == 1 else 's'}")
    return " and ".join(parts)
