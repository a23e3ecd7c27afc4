"""Line charts of characters: braille dots, axes with numbers, gaps where a value is not finite."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rich.text import Text

from engine.runs.curves import Curve
from tui.drawing.canvas import (
    BAND,
    BEHIND,
    CURSOR,
    CURVE,
    GRID,
    Canvas,
    between,
    joined,
    path,
    stippled,
)
from tui.drawing.columns import Columns, columns_of, extent_of, together
from tui.drawing.frame import Frame
from tui.drawing.labels import CURSOR_STYLE, Labels, mark_best, mark_lines
from tui.drawing.plot import Line, Plot
from tui.drawing.ticks import Tick, linear_ticks, log_ticks

AXIS, DOTTED, BADGE = "$text-muted", "$edge", "bold reverse $bad"
LOWEST, NARROWEST = 3, 9  # lines, and cells of the curves, from which on the axes have numbers
APART = 2  # lines from one tick to the next
TICK = 8  # cells that a number at the x axis has at least


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart as text, and where its curves stand in it."""

    text: Text
    frame: Frame | None = None
    margin: int = 0  # cells left of the curves
    valued: bool = False  # whether values stand at the ends of the lines,
    named: bool = False  # and names too
    told: int | None = None  # the step of these values, None for the last

    def step_at(self, column: int) -> int | None:
        """Return the step that a column of cells shows, None outside of the curves."""
        if self.frame is None or not 0 <= column - self.margin < self.frame.columns:
            return None
        return round(self.frame.step(column - self.margin))


def draw(plot: Plot, width: int, height: int) -> Text:
    """Draw a plot in ``height`` lines of ``width`` cells; values below zero vanish from a log.

    Where there is no room for numbers at the axes, the curves have all of it.
    """
    return lay_out(plot, width, height).text


def lay_out(plot: Plot, width: int, height: int) -> Drawing:
    """Draw a plot, and say where its curves stand."""
    if width < 1 or height < 1:
        return Drawing(Text())
    first, last = plot.window or (0, plot.end)
    ends = _ends(plot, first, last)
    if ends is None:
        nothing = Text(
            plot.nothing if width >= len(plot.nothing) else "…", style="italic $text-muted"
        )
        return Drawing(nothing)
    ticks = _ticks(plot, *ends, height - 1)
    margin = max((len(tick.label) for tick in ticks), default=0) + 1
    numbered = height >= LOWEST and width - margin >= NARROWEST
    margin = margin if numbered else 0
    columns, rows = width - margin, height - numbered  # the last line numbers the x axis
    labels = Labels(plot, last, columns if numbered else 0)
    frame = Frame(first, last, *ends, columns - labels.room, rows, plot.log)
    canvas = Canvas(rows, columns)
    placed = _placed(ticks, frame) if numbered else {}
    steps = _steps(frame) if numbered else []
    _grid(canvas, frame, [frame.row(tick.place) for tick in placed.values()], steps)
    for line in sorted(plot.lines, key=lambda line: not line.behind):
        _curve(canvas, frame, plot, line)
    for step in (plot.cursor, plot.pointed):
        if step is not None:
            _cursor(canvas, frame, step)
    badge = f" diverged at step {plot.diverged:,} " if plot.diverged is not None else ""
    if badge and len(badge) <= frame.columns:
        canvas.write(0, frame.columns - len(badge), badge, BADGE)
    mark_lines(canvas, frame, plot)
    for line in plot.named:
        mark_best(canvas, frame, line)
    labels.write(canvas, frame)
    text = Text(no_wrap=True)
    for row, drawn in enumerate(canvas.lines()):
        if numbered:
            tick = placed.get(row)
            text.append((tick.label if tick else "").rjust(margin - 1), AXIS)
            text.append("┤" if tick else "│", AXIS)
        text.append_text(drawn).append("\n" if numbered or row < rows - 1 else "")
    if numbered:
        text.append(" " * margin + _numbers(frame, steps, columns, plot.axis), AXIS)
    return Drawing(text, frame, margin, labels.room > 0, labels.named, labels.step)


def _ends(plot: Plot, first: float, last: float) -> tuple[float, float] | None:
    """Return the ends of the y axis, None where there is nothing finite to show.

    A window is filled by what it shows.
    """
    lows, highs = [], []
    for line in plot.lines:
        for curve in (*line.edges, line.curve):
            if (extent := extent_of(curve, first, last, plot.log)) is not None:
                lows.append(extent[0])
                highs.append(extent[1])
    if not lows:
        return None
    fixed = plot.window is None
    low = plot.low if fixed and plot.low is not None else min(lows)
    high = plot.high if fixed and plot.high is not None else max(highs)
    if plot.log:
        low, high = math.log10(low), math.log10(high)
    if high - low < 1e-12 * max(1.0, abs(low), abs(high)):
        half = 0.5 if not plot.share else 0.01
        low, high = low - half, high + half
    return float(low), float(high)


def _ticks(plot: Plot, low: float, high: float, rows: int) -> list[Tick]:
    if plot.log:
        return log_ticks(low, high, rows, plain=plot.plain)
    most = max(2, min((rows + 2) // 3, 8))
    return linear_ticks(low, high, most, share=plot.share, plain=plot.plain)


def _placed(ticks: Sequence[Tick], frame: Frame) -> dict[int, Tick]:
    """Return ticks by their row of cells; one that would stand close to another is left out."""
    apart = APART if frame.rows >= 2 * APART else 1
    placed: dict[int, Tick] = {}
    for tick in ticks:
        row = frame.row(tick.place) // 4
        if 0 <= row < frame.rows and all(abs(row - other) >= apart for other in placed):
            placed[row] = tick
    return placed


def _steps(frame: Frame) -> list[tuple[int, str]]:
    """Return the numbers of the x axis with the steps that they stand at."""
    if frame.last - frame.first < 1:
        return [(round(frame.first), f"{round(frame.first):,}")]
    most = max(2, frame.columns // max(TICK, len(f"{round(frame.last):,}") + 3))
    ticks = linear_ticks(frame.first, frame.last, most)
    return [(round(t.place), t.label) for t in ticks if abs(t.place - round(t.place)) < 1e-6]


def _numbers(frame: Frame, steps: Sequence[tuple[int, str]], width: int, name: str) -> str:
    """Return the line below the curves: numbers below their steps, and the name of the axis."""
    line = [" "] * width

    def free(start: int, end: int) -> bool:
        around = line[max(start - 2, 0) : end + 2]
        return start >= 0 and end <= width and not "".join(around).strip()

    for step, label in steps:
        start = frame.column(step) // 2 - (len(label) - 1) // 2
        start = max(0, min(start, width - len(label)))
        if free(start, start + len(label)):
            line[start : start + len(label)] = label
    for start in range(width - len(name), width // 2, -1):
        if free(start, start + len(name)):
            line[start : start + len(name)] = name
            break
    return "".join(line)


def _grid(
    canvas: Canvas, frame: Frame, rows: Sequence[int], steps: Sequence[tuple[int, str]]
) -> None:
    """Dot a line at each number, one dot a cell."""
    mask = np.zeros((frame.height, frame.width), bool)
    for row in rows:
        mask[row, ::2] = True
    for step, _ in steps:
        column = frame.column(step)
        if 0 < column < frame.width:
            mask[1::4, column] = True
    canvas.paint(mask, DOTTED, GRID)


def _curve(canvas: Canvas, frame: Frame, plot: Plot, line: Line) -> None:
    def columns(curve: Curve) -> Columns:
        shown = plot.visible(curve)
        return columns_of(shown, frame.first, frame.last, frame.width, frame.log)

    edges = together([columns(curve) for curve in line.edges])
    top, bottom = frame.levels(edges.high), frame.levels(edges.low)
    if line.around:  # where its points are sparse, they are joined
        top, bottom = (joined(levels, edges.broken)[0] for levels in (top, bottom))
    band = between(top, bottom, frame.height)
    if len(line.around) == 1:
        between_points = path(frame.levels(edges.mean), edges.broken, frame.height)
        band |= between_points & (edges.counts < 2)
    canvas.paint(stippled(band, lightly=plot.window is not None), line.band, BAND)
    mean = columns(line.curve)
    curve = path(frame.levels(mean.mean), mean.broken, frame.height)
    if line.thick:
        curve[1:] |= curve[:-1].copy()
    canvas.paint(curve, line.style, BEHIND if line.behind else CURVE)


def _cursor(canvas: Canvas, frame: Frame, step: float) -> None:
    """Mark a step by a dotted column, behind the curves."""
    column = frame.column(step)
    if 0 <= column < frame.width:
        mask = np.zeros((frame.height, frame.width), bool)
        mask[::2, column] = True
        canvas.paint(mask, CURSOR_STYLE, CURSOR)
