"""The runs of a sweep as rows, and its settings ranked; only what is in view is written."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from engine.analysis.compare import is_share
from engine.analysis.statistics import Spread
from engine.files.text import visible
from engine.runs.course import POINTS
from engine.sweeps.heat import SEED, near, options_of, said, values_of
from engine.sweeps.outcome import Settled, word
from engine.sweeps.states import ACTIVE, BLOCKED, FAILED, FINISHED, WAITING, RunState
from tui.drawing.trace import trace
from tui.words import MARKS, clock, cut, cut_middle, number

BAD, MUTED = "bold $bad", "$text-muted"
_MARKED = {FINISHED: "$good", ACTIVE: "$waiting", WAITING: MUTED}
SWEEP_MARKS = MARKS | {WAITING: "◌", BLOCKED: "✗"}
STATE, TIME = 8, 7  # cells: of a result, a share or a state; of a duration
GAP = 2
WIDEST, LEAST = 18, 4  # cells of an option
RANKED = 40  # settings that are listed
WHISKERS, MOST_WHISKERS = 16, 40  # cells from which on an interval is drawn, and at most
SETTING, STROKE = "setting", "━ "


@dataclass(frozen=True, slots=True)
class Columns:
    """The options that have a column, with their cells, and whether curve and time have one."""

    options: tuple[tuple[str, int], ...]
    curve: bool
    time: bool

    @property
    def width(self) -> int:
        """The cells of a row."""
        return (
            2 + sum(cells + GAP for _, cells in self.options) + STATE
            + self.curve * (GAP + POINTS) + self.time * (GAP + TIME)
        )  # fmt: skip


def columns_of(states: Sequence[RunState], width: int) -> Columns:
    """Return the columns for a width: options by how much they tell, then the curve, the time."""
    names: dict[str, int] = {}
    if len({state.planned.section for state in states}) > 1:
        names["section"] = max(len(state.planned.section) for state in states)
    for name, values in options_of(states).items():
        widest = max(cell_len(visible(word(value))) for value in values)
        names[name] = min(max(widest, LEAST), WIDEST)
    while names and Columns(tuple(names.items()), False, False).width > width:
        most = max(names.values())
        if most > LEAST + 2:  # first the widest grow narrower, then the least telling ones go
            names = {name: cells - (cells == most) for name, cells in names.items()}
        else:
            names.pop(next((name for name in reversed(names) if name != SEED), SEED))
    found = Columns(tuple(names.items()), False, False)
    for curve, time in ((True, False), (True, True)):
        if (wanted := Columns(found.options, curve, time)).width <= width:
            found = wanted
    return Columns(_titled(found, width), found.curve, found.time)


def _titled(found: Columns, width: int) -> tuple[tuple[str, int], ...]:
    """Return the options, as wide as their titles where there is room for these."""
    spare = width - found.width
    grown = []
    for name, cells in found.options:
        more = min(max(len(said(name)) - cells, 0), spare)
        spare -= more
        grown.append((name, cells + more))
    return tuple(grown)


def heading(columns: Columns, metric: str) -> Text:
    """Return the line above the rows."""
    line = Text("  ", MUTED, no_wrap=True)
    for name, cells in columns.options:
        line.append(cut(said(name), cells) + " " * GAP)
    line.append(cut(said(metric) or "result", STATE).rstrip().rjust(STATE))
    if columns.curve:
        line.append(" " * GAP + "curve".ljust(POINTS))
    if columns.time:
        line.append(" " * GAP + "time".rjust(TIME))
    return line


def row_of(
    state: RunState,
    columns: Columns,
    share: float,
    course: Iterable[float | None],
    seconds: float | None,
    colour: str,
) -> Text:
    """Return a run's row; ``seconds`` are those that it took, or has been at it."""
    bad = state.status in (FAILED, BLOCKED)
    mark = BAD if bad else _MARKED.get(state.status, "")
    words = BAD if bad else MUTED if state.status == WAITING else ""
    line = Text(f"{SWEEP_MARKS.get(state.status, '?')} ", no_wrap=True)
    if mark:
        line.stylize(mark, 0, 1)
    values = values_of(state) | {"section": state.planned.section}
    for name, cells in columns.options:
        told = visible(word(values[name])) if name in values else ""
        line.append(cut(cut_middle(told, cells), cells) + " " * GAP, words)
    style = BAD if bad else "bold" if state.status == FINISHED else _MARKED.get(state.status, MUTED)
    line.append(cut(_result(state, share), STATE).rstrip().rjust(STATE), style)
    if columns.curve:
        points = [math.nan if value is None else value for value in course]
        line.append(" " * GAP).append(trace(points, POINTS) if points else " " * POINTS, colour)
    if columns.time:
        line.append(" " * GAP + ("" if seconds is None else clock(seconds)).rjust(TIME), MUTED)
    return line


def _result(state: RunState, share: float) -> str:
    if state.status == FINISHED:
        return state.headline
    if state.status == ACTIVE and share > 0:
        return f"{min(share, 0.99):.0%}"
    return state.status


def shown(metric: str, value: float) -> str:
    """Return a value of a metric in a few characters."""
    return number(value, ".2%" if is_share(metric) else ".4g")


def short(one: Settled) -> str:
    """Return a setting by its values alone."""
    return visible(", ".join(map(word, one.setting.values())) or one.label)


def ranked(found: Sequence[Settled], width: int, colours: Sequence[str] = ()) -> list[Text]:
    """Return the settings of one section, the best first: mean, interval, and both drawn.

    ``colours`` are those of the first few in a chart.
    """
    listed = [one for one in found[:RANKED] if one.values]
    if not listed:
        return [Text("No run has finished yet.", f"italic {MUTED}")]
    metric, spreads = listed[0].metric, [one.spread for one in listed]
    cells = [_cells(one, spread, metric) for one, spread in zip(listed, spreads, strict=True)]
    widths = [max(len(title), *map(cell_len, column)) for title, column in
              zip(("runs", "mean", "95 %"), zip(*cells, strict=True), strict=True)]  # fmt: skip
    names = [visible(one.label) for one in listed]
    spare = width - len(STROKE) - sum(widths) - len(widths) * GAP
    if max(map(cell_len, names)) > spare - WHISKERS - GAP:  # the list of runs names the options
        names = [short(one) for one in listed]
    name = max(min(max([*map(cell_len, names), len(SETTING)]), spare), LEAST)
    left = width - len(STROKE) - name - sum(widths) - (len(widths) + 1) * GAP
    whiskers = min(left, MOST_WHISKERS) if left >= WHISKERS else 0
    ends = near([end for one in spreads for end in (one.low, one.high, one.mean)])
    head = Text(" " * len(STROKE) + cut(SETTING, name), MUTED, no_wrap=True)
    for title, cell in zip(("runs", "mean", "95 %"), widths, strict=True):
        head.append(" " * GAP + (title.ljust(cell) if title == "95 %" else title.rjust(cell)))
    lines = [head]
    for place, (spread, (runs, mean, margin)) in enumerate(zip(spreads, cells, strict=True)):
        line = Text(no_wrap=True)
        known = place < len(colours)
        line.append(STROKE if known else " " * len(STROKE), colours[place] if known else "")
        line.append(cut(cut_middle(names[place], name), name), "" if place else "bold")
        line.append(" " * GAP + runs.rjust(widths[0]), MUTED)
        line.append(" " * GAP + mean.rjust(widths[1]), "bold")
        line.append(" " * GAP + margin.ljust(widths[2]), MUTED)
        if whiskers:
            drawn = whisker(spread.mean, spread.low, spread.high, ends, whiskers)
            line.append(" " * GAP).append_text(drawn)
        lines.append(line)
    if (more := len(found) - len(listed)) > 0:
        lines.append(Text(f"and {more:,} more", MUTED))
    return lines


def _cells(one: Settled, spread: Spread, metric: str) -> tuple[str, str, str]:
    """Return the words of a setting's row: how many runs have a result, mean, interval."""
    planned = len(one.states)
    runs = f"{spread.n}" if spread.n == planned else f"{spread.n}/{planned}"
    half = (spread.high - spread.low) / 2
    margin = f"± {shown(metric, half)}" if math.isfinite(half) else ""
    return runs, shown(metric, spread.mean), margin


def whisker(mean: float, low: float, high: float, ends: tuple[float, float], cells: int) -> Text:
    """Return a mean and its interval drawn between two ends: ``  ├──●──┤   ``.

    What lies beyond an end stands at it.
    """

    def place(value: float) -> int:
        share = (value - ends[0]) / (ends[1] - ends[0]) if ends[1] > ends[0] else 0.5
        return round(min(max(share, 0.0), 1.0) * (cells - 1))

    line = [" "] * cells
    if not math.isfinite(mean):
        return Text("".join(line))
    if math.isfinite(low):
        first, last = place(low), place(high)
        line[first : last + 1] = "─" * (last + 1 - first)
        if low >= ends[0]:
            line[first] = "├"
        if high <= ends[1]:
            line[last] = "┤"
    at = place(mean)
    line[at] = "●" if ends[0] <= mean <= ends[1] else "‹" if mean < ends[0] else "›"
    text = Text("".join(line), MUTED, no_wrap=True)
    text.stylize("bold $foreground", at, at + 1)
    return text
