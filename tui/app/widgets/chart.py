"""Line charts of characters: braille dots, axes with numbers, gaps where a value is not finite."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np
from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from engine.runs.curves import Curve, thinned
from tui.app.guard import Guarded

# Bits of a braille cell (U+2800), by dot row and column.
MOST = 1000  # parts of a long line that are told apart: more than any screen has columns of dots
DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
SPARKS = "▁▂▃▄▅▆▇█"
BADGE = "bold reverse $bad"
CURSOR = "bold $marked"
LOWEST, NARROWEST = 3, 10  # lines, and cells of the curves, from which on the axes have numbers


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A curve: ``steps`` [S], ``values`` [S] and its style."""

    steps: np.ndarray
    values: np.ndarray
    style: str

    def until(self, step: int) -> "Line":
        """Return its points up to a step."""
        end = int(np.searchsorted(self.steps, step, "right"))
        return Line(self.steps[:end], self.values[:end], self.style)


@dataclass(frozen=True, slots=True, eq=False)
class Plot:
    """What a chart shows."""

    lines: Sequence[Line] = ()
    low: float | None = None  # ends of the y axis, where they are fixed
    high: float | None = None
    log: bool = False
    last_step: int = 0  # right end of the x axis; 0 takes the last point
    label_y: Callable[[float], str] = field(default=lambda value: f"{value:.3g}")
    cursor: int | None = None  # a step to mark
    until: int | None = None  # hides what is after this step; the axes stay those of the whole

    @property
    def diverged(self) -> int | None:
        """The first step at which a line is no longer finite."""
        steps = [
            int(line.steps[np.argmin(finite)])
            for line in map(self.visible, self.lines)
            if not (finite := np.isfinite(line.values)).all()
        ]
        return min(steps, default=None)

    def visible(self, line: Line) -> Line:
        """Return what is shown of a line."""
        return line if self.until is None else line.until(self.until)


class Chart(Guarded, Widget):
    """Shows a Plot; give it a new one to show another."""

    DEFAULT_CSS = "Chart { width: 1fr; height: 1fr; min-height: 4; }"

    plot: reactive[Plot] = reactive(Plot, always_update=True, repaint=False)
    _drawn = Text()

    def show_nothing(self, title: str) -> None:
        """Go back to an empty chart."""
        self.plot, self.border_title, self.border_subtitle = Plot(), title, ""

    def watch_plot(self) -> None:
        """Draw at the current size; nothing is sent to the terminal if it looks the same."""
        drawn = self._draw()
        if drawn != self._drawn:
            self._drawn = drawn
            self.refresh()

    def on_resize(self) -> None:
        """Draw for the new size."""
        self.watch_plot()

    def _draw(self) -> Text:
        return draw(self.plot, self.size.width, self.size.height)

    def render(self) -> Text:
        """Return what was drawn last."""
        return self._drawn


def draw(plot: Plot, width: int, height: int) -> Text:
    """Draw a plot in ``height`` lines of ``width`` cells; values below zero vanish from a log.

    Where there is no room for numbers at the axes, the curves have all of it.
    """
    lines = [_scaled(line, plot.log) for line in plot.lines]
    finite = [line.values[np.isfinite(line.values)] for line in lines]
    values = np.concatenate(finite) if finite else np.empty(0)
    if not len(values):
        return Text("nothing yet" if width >= 11 else "…", style="italic $text-muted")
    if width < 1 or height < 1:
        return Text()
    low, high = _range(plot, values)
    labels = [plot.label_y(10**v if plot.log else v) for v in (high, (low + high) / 2, low)]
    margin = max(map(len, labels)) + 1
    numbered = height >= LOWEST and width - margin >= NARROWEST
    margin = margin if numbered else 0
    columns, rows = width - margin, height - numbered  # the last line numbers the x axis
    last = plot.last_step or max(int(line.steps[-1]) for line in lines if len(line.steps))
    canvas = _Canvas(rows, columns)
    for line in lines:
        if len((visible := plot.visible(line)).steps):
            canvas.curve(visible, low, high, last)
    if plot.cursor is not None:
        canvas.cursor(plot.cursor, last)
    badge = f" diverged at step {plot.diverged:,} " if plot.diverged is not None else ""
    badge = badge if len(badge) <= columns else ""
    text = Text(no_wrap=True)
    ticks = {0: labels[0], (rows - 1) // 2: labels[1], rows - 1: labels[2]}
    for row in range(rows):
        if numbered:
            text.append(ticks.get(row, "").rjust(margin - 1), "$text-muted")
            text.append("┤" if row in ticks else "│", "$text-muted")
        drawn = canvas.row(row)
        if row == 0 and badge:
            drawn = drawn[: columns - len(badge)].append(badge, BADGE)
        text.append_text(drawn).append("\n" if numbered or row < rows - 1 else "")
    if not numbered:
        return text
    middle, end = f"{last // 2:,}", f"{last:,}"
    axis = "0".ljust(columns // 2 - len(middle) // 2) + middle
    if len(axis) + len(end) >= columns:  # they would run into each other
        axis = "0"
    text.append(" " * margin + (axis.ljust(columns - len(end)) + end)[:columns], "$text-muted")
    return text


def _scaled(line: Line, log: bool) -> Line:
    curve = thinned(Curve(np.asarray(line.steps), np.asarray(line.values, float)), MOST)
    values = curve.values
    if log:
        values = np.log10(np.where(values > 0, values, np.nan))
    return Line(curve.steps, values, line.style)


def _range(plot: Plot, values: np.ndarray) -> tuple[float, float]:
    def end(fixed: float | None, found: float) -> float:
        if fixed is None:
            return found
        return math.log10(fixed) if plot.log else fixed

    low, high = end(plot.low, values.min()), end(plot.high, values.max())
    if high - low < 1e-12:
        low, high = low - 0.5, high + 0.5
    return low, high


class _Canvas:
    """Cells of 2 x 4 dots; each cell has the style of the last line drawn through it."""

    def __init__(self, rows: int, columns: int) -> None:
        self.dots = np.zeros((rows * 4, columns * 2), bool)
        self.styles = np.full((rows, columns), "", object)

    def curve(self, line: Line, low: float, high: float, last: int) -> None:
        """Draw a line, each column from its lowest to its highest value: no peak is hidden."""
        height, width = self.dots.shape
        place = np.clip(
            (np.asarray(line.steps) / max(last, 1) * (width - 1)).astype(int), 0, width - 1
        )
        level = (high - line.values) / (high - low) * (height - 1)
        columns, first = np.unique(place, return_index=True)
        gap = ~np.isfinite(level)
        tops = np.minimum.reduceat(np.where(gap, np.inf, level), first)
        bottoms = np.maximum.reduceat(np.where(gap, -np.inf, level), first)
        broken = np.logical_or.reduceat(gap, first)
        before: tuple[int, int, int] | None = None
        for column, top, bottom, cut in zip(
            columns.tolist(), tops.tolist(), bottoms.tolist(), broken.tolist(), strict=True
        ):
            if cut:
                before = None
            if not math.isfinite(top):
                continue
            here = column, round(top), round(bottom)
            if before is not None:
                self._join(before, here, line.style)
            self._vertical(*here, line.style)
            before = here

    def _join(self, a: tuple[int, int, int], b: tuple[int, int, int], style: str) -> None:
        """Fill the columns between two neighbours along a straight line."""
        for column in range(a[0] + 1, b[0] + 1):
            share = (column - a[0]) / (b[0] - a[0])
            here = round((a[1] + a[2]) / 2 * (1 - share) + (b[1] + b[2]) / 2 * share)
            share -= 1 / (b[0] - a[0])
            back = round((a[1] + a[2]) / 2 * (1 - share) + (b[1] + b[2]) / 2 * share)
            self._vertical(column, min(here, back), max(here, back), style)

    def _vertical(self, column: int, top: int, bottom: int, style: str) -> None:
        height = len(self.dots)
        top, bottom = max(0, top), min(height - 1, bottom)
        if top > bottom:
            return
        self.dots[top : bottom + 1, column] = True
        self.styles[top // 4 : bottom // 4 + 1, column // 2] = style

    def cursor(self, step: int, last: int) -> None:
        """Mark a step by a dotted column, behind the curves."""
        column = min(int(step / max(last, 1) * (self.dots.shape[1] - 1)), self.dots.shape[1] - 1)
        self.dots[::2, column] = True
        cells = self.styles[:, column // 2]
        cells[cells == ""] = CURSOR

    def row(self, row: int) -> Text:
        """Return a line of cells."""
        cells = self.dots[row * 4 : row * 4 + 4].reshape(4, -1, 2).transpose(1, 0, 2)
        codes = (cells * DOTS).sum((1, 2))
        text = Text()
        # Neighbours of one style together: each change of style costs twenty bytes on the line.
        for style, run in groupby(
            zip(codes.tolist(), self.styles[row], strict=True), key=lambda cell: cell[1]
        ):
            text.append("".join(chr(0x2800 + code) if code else " " for code, _ in run), style)
        return text


def spark(
    values: Sequence[float] | np.ndarray,
    width: int,
    *,
    limits: tuple[float, float] | None = None,
) -> str:
    """Return the course of values, means of parts, in ``width`` characters; a gap where not finite.

    ``limits`` are the values of the lowest and the highest character, by default those that occur.
    """
    if not len(values):
        return " " * width
    parts = np.array_split(np.asarray(values, float), min(width, len(values)))
    shown = np.array([part.mean() for part in parts])
    finite = shown[np.isfinite(shown)]
    if not len(finite):
        return " " * width
    low, high = limits or (finite.min(), finite.max())
    drawn = ""
    for value in shown:
        if not np.isfinite(value):
            drawn += " "
            continue
        share = (value - low) / (high - low) if high > low else 0.5
        drawn += SPARKS[min(int(share * len(SPARKS)), len(SPARKS) - 1)]
    return drawn.ljust(width)
