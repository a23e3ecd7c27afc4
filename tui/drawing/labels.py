"""What is written over the curves of a chart: signs, best values, and the ends of lines."""

from collections.abc import Iterator

import numpy as np

from tui.drawing.canvas import Canvas
from tui.drawing.columns import columns_of
from tui.drawing.ends import End, room_for, spread
from tui.drawing.frame import Frame
from tui.drawing.plot import Line, Plot
from tui.drawing.ticks import short

CURSOR_STYLE = "bold $marked"
BEST = "◆"
# By the place of a line's colour in the palette; they differ in ASCII too, from each other and from
# the marks of states.
SIGNS = "▲○▼×+▶◀•="
APART = 14  # cells from one sign of a line to the next


def value_at(plot: Plot, line: Line, step: float) -> str:
    """Return the value that a line has at a step, in a few digits."""
    return short(line.at(step), share=plot.share, plain=plot.plain)


def sign_of(style: str) -> str:
    """Return what tells lines of a style apart where colours don't; "" of other styles."""
    number = style.rpartition("$series-")[2]
    return SIGNS[int(number) - 1] if number.isdecimal() and int(number) <= len(SIGNS) else ""


def signs(plot: Plot) -> dict[str, str]:
    """Return the sign of each style, none where colours do or all lines have the same."""
    styles = {line.style for line in plot.lines}
    return {style: sign_of(style) for style in styles} if plot.marked and len(styles) > 1 else {}


def mark_lines(canvas: Canvas, frame: Frame, plot: Plot) -> None:
    """Write signs along the lines, those of two lines in different columns."""
    known = signs(plot)
    for number, line in enumerate(plot.lines):
        if not (sign := known.get(line.style)):
            continue
        curve = plot.visible(line.curve)
        mean = columns_of(curve, frame.first, frame.last, frame.width, frame.log).mean
        shown = np.flatnonzero(np.isfinite(mean))
        if not len(shown):
            continue
        first = (number * APART // len(plot.lines)) % APART
        cells = np.arange(first, frame.columns, APART)
        cells = cells[(2 * cells >= shown[0]) & (2 * cells <= shown[-1])]
        levels = np.interp(2 * cells, shown, frame.levels(mean[shown]))
        for cell, level in zip(cells, levels, strict=True):
            if 0 <= level <= frame.height - 1:
                canvas.write(round(level) // 4, int(cell), sign, line.style)


def mark_best(canvas: Canvas, frame: Frame, line: Line) -> None:
    """Mark the best step of a line."""
    if (best := line.best_point) is None:
        return
    step, value = best
    level = frame.levels(np.array([value]))[0]
    if frame.first <= step <= frame.last and 0 <= level <= frame.height - 1:
        canvas.write(round(level) // 4, frame.column(step) // 2, BEST, f"bold {line.style}")


class Labels:
    """Value and name at the end of each line: its last value, or that at the cursor."""

    def __init__(self, plot: Plot, last: float, columns: int) -> None:
        """``columns`` are the cells of curves and labels together, 0 for no labels."""
        self._plot, self._signs, self._last = plot, signs(plot), last
        # Whose values they tell, None for the last ones. A replay's curves end at its cursor.
        self.step = plot.cursor if plot.until is None else None
        told = [(line.name, words) for line in plot.named for words in self._reserved(line)]
        self.room, self.named = room_for(told, columns, signed=bool(self._signs))
        self._widest = max((len(words) for _, words in told), default=0)
        if plot.pointed is not None and plot.until is None and self._fit(plot.pointed):
            self.step = plot.pointed

    def _words(self, line: Line, step: float) -> str:
        return f"{self._signs.get(line.style, '')} {value_at(self._plot, line, step)}".strip()

    def _reserved(self, line: Line) -> Iterator[str]:
        """Yield what there must be room for, so that a moving cursor moves nothing else."""
        yield self._words(line, self._last)
        values = line.curve.values
        finite = values[np.isfinite(values)]
        if self.step is None or not len(finite):
            return
        yield self._words(line, self.step)
        for value in (finite.min(), finite.max()):
            yield self._words(Line(np.zeros(1), np.full(1, value), line.style), 0)

    def _fit(self, step: int) -> bool:
        words = (self._words(line, step) for line in self._plot.named)
        return all(len(some) <= self._widest for some in words)

    def write(self, canvas: Canvas, frame: Frame) -> None:
        """Write them behind the last of the lines."""
        if not self.room:
            return
        plot, ends, column = self._plot, [], 0
        for line in plot.named:
            columns = columns_of(line.curve, frame.first, frame.last, frame.width, frame.log)
            drawn = np.flatnonzero(columns.counts)
            if not len(drawn):
                continue
            column = max(column, drawn[-1] // 2 + 1)
            level = frame.levels(columns.mean[drawn[-1:]])[0]
            level = min(max(level + 0.5, 0), frame.height - 1) / 4
            words = self._words(line, self._last if self.step is None else self.step)
            ends.append(End(level, line.name, words, line.style, not line.behind))
        if len(ends) < len(plot.lines):  # others may run on
            column = frame.columns
        for row, end in spread(ends, frame.rows).items():
            words = end.words(self.named)
            canvas.write(row, column, f" {words}", end.style)
            if self.step is not None and self.named:  # else its style says whose it is
                value = len(words) - len(end.value)
                canvas.write(row, column + 1 + value, end.value, CURSOR_STYLE)
