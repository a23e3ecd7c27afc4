"""Small matrices beside a section's list on a wide terminal: where the errors are, at a glance."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from rich.text import Text
from textual.geometry import Size

from tui.app.heat import Heat
from tui.app.sections.base import hint
from tui.app.sections.pane import Pane
from tui.app.widgets.room import Room
from tui.drawing.matrix import MUTED
from tui.live.task import Task

WIDE, NARROW = 2, 1  # cells of a class across
SYMBOLS = "·+#"  # without colour: none, some, most of what is wrong
Cell = tuple[float, bool]  # a share, and whether it is one that should be large
Cells = Sequence[Sequence[Cell]]
Results = Mapping[str, Any]


def draw_confusion(pane: Pane, room: Room, task: Task | None) -> None:
    """Show which classes are taken for which on the test images, in a training's panel."""
    words = "Which classes are taken for which, once it has finished."
    _show(pane, room, task, None, _confused, "look.confusion", words)


def draw_success(pane: Pane, room: Room, task: Task | None, labels: Sequence[int]) -> None:
    """Show which classes resist which noises, in a panel of the noises."""
    words = "Which classes resist which noise, once it has finished."
    _show(pane, room, task, labels, _resisting, "look.map", words)


def _confused(results: Results) -> Cells:
    """Return the shares of each class's images, the correct ones on the diagonal."""
    counts = np.array(results["confusion"])
    shares = (counts / np.maximum(counts.sum(1, keepdims=True), 1)).tolist()
    return [[(share, r == c) for c, share in enumerate(row)] for r, row in enumerate(shares)]


def _resisting(results: Results) -> Cells:
    """Return the shares of each class's images that resist each noise."""
    return [[_of_rate(rate) for rate in target["by_source"]] for target in results["targets"]]


def _of_rate(rate: float | None) -> Cell:
    """Return how many images resist; the target's own class says nothing."""
    if rate is None:
        return 0.0, False
    return (1.0, True) if rate >= 1 else (1.0 - rate, False)


def _show(
    pane: Pane,
    room: Room,
    task: Task | None,
    labels: Sequence[int] | None,
    cells_of: Callable[[Results], Cells],
    action: str,
    words: str,
) -> None:
    """Show the cells of a finished run's results; they are made only where there is room.

    ``labels`` are the classes of the rows, None for all.
    """
    finished = task.history.finished if task is not None else None
    if finished is None:
        room.draw(partial(hint, words))
        room.border_subtitle = ""
        return

    def draw(size: Size) -> Text:
        cells = cells_of(finished.results)
        largest = max((share for row in cells for share, calm in row if not calm), default=0.0)
        heat = Heat.of(pane.app, "background", largest, colour=not pane.look.uncoloured)
        rows = range(len(cells)) if labels is None else labels
        return _draw(rows, cells, partial(_look, heat), size)

    room.draw(draw, of=(task, finished, pane.app.current_theme))
    room.border_subtitle = Text(f"{pane.keys.name(action)} opens it")


def _look(heat: Heat, share: float, calm: bool) -> tuple[str, str]:
    """Return a cell's symbol and style."""
    if calm:
        return " " if heat.colour else "=", heat.calm(share)
    if not share:
        return "·", MUTED
    some = SYMBOLS[1] if share < heat.full / 4 else SYMBOLS[2]
    return " " if heat.colour else some, heat.wrong(share)


def _draw(
    labels: Sequence[int],
    cells: Cells,
    look: Callable[[float, bool], tuple[str, str]],
    room: Size,
) -> Text:
    """Return as many rows and columns as there is room for, with the classes' numbers."""
    head = len(str(max(labels))) + 1
    across = WIDE if head + WIDE * len(cells[0]) <= room.width else NARROW
    columns = range(min(len(cells[0]), (room.width - head) // across))
    top = Text(" " * head, MUTED)
    for column in columns:
        number = str(column % 10) if across == NARROW else str(column % 100)
        top.append(number.rjust(across), MUTED)
    lines = [top]
    for label, row in list(zip(labels, cells, strict=True))[: room.height - 1]:
        line = Text(str(label).rjust(head - 1) + " ", MUTED)
        for column in columns:
            symbol, style = look(*row[column])
            line.append(symbol.rjust(across), style)
        lines.append(line)
    return Text("\n", no_wrap=True).join(lines)
