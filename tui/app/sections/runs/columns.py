"""A row of the table of runs: which columns there is room for, and what stands in them."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

from engine.runs.course import POINTS
from engine.runs.filter import age, duration
from engine.runs.summary import DAMAGED, Summary
from engine.sections.table import dataset_title
from tui.app.colours import style_of
from tui.app.sections.pane import BAD
from tui.app.sections.runs.folds import state_of, words_in
from tui.app.sections.runs.names import short_id
from tui.app.sections.runs.order import Fold, Group, Item, Order
from tui.drawing.trace import trace
from tui.live.task import Task
from tui.words import MARKED, MARKS, clock, cut_middle

PADDING = 2  # cells around a column
LEAST, MOST, WIDE_MOST = 30, 34, 46  # cells of a run's id; beside other columns at most
WIDE = 100  # cells of the table from which on ids and results have more of it
RESULT, NARROW_RESULT = 24, 11  # cells of a result at most
WIDTHS = {
    "state": 13, "section": 11, "network": 16, "dataset": 14, "course": POINTS, "duration": 8,
    "age": 5, "recipe": 10, "seed": 6,
}  # fmt: skip
SHOWN = (
    "state", "run", "section", "network", "dataset", "result", "course", "duration", "age",
    "recipe", "seed",
)  # fmt: skip
# What there is room for first. Section and network are told by the id, too.
WANTED = ("age", "course", "state", "duration", "dataset", "network", "section", "recipe", "seed")
SEVERAL = ("age", "dataset", *(name for name in WANTED if name not in ("age", "dataset")))
TITLES = {"course": "curve"}
RIGHT = ("result", "duration", "age", "seed")
UNITS = ((60, "s", 1), (3600, "m", 60), (48 * 3600, "h", 3600), (14 * 86_400, "d", 86_400),
         (730 * 86_400, "w", 7 * 86_400))  # fmt: skip
Columns = tuple[tuple[str, int], ...]  # names and cells


@dataclass(frozen=True, slots=True)
class Drawing:
    """How rows are written: columns, the theme's styles, what is marked and active, the time."""

    columns: Columns
    style: Callable[[str], Style]
    marked: set[str]
    live: dict[str, Task]
    now: float
    form: str = ""  # how ids begin where there is no room for all of them

    def cells(self, item: Item) -> list[Text]:
        """Return a row. All as Text: in a string, brackets would be markup."""
        if isinstance(item, Fold):
            return [self._folded(item, name, width) for name, width in self.columns]
        if isinstance(item, Group):
            return [self._heading(item, name, width) for name, width in self.columns]
        return [self._cell(item, name, width) for name, width in self.columns]

    def _heading(self, group: Group, name: str, width: int) -> Text:
        if name != "run":
            return Text()
        count = f"  {group.count:,}"
        words = cut_middle(group.name, max(width - len(count), 1))
        return Text.assemble(
            (words, self.style("bold $text-primary")), (count, self.style("$text-muted"))
        )

    def _folded(self, fold: Fold, name: str, width: int) -> Text:
        """Return a cell of a sweep's row."""
        if name == "run":
            count = f"  {len(fold.runs):,} runs" if len(fold.runs) != 1 else "  1 run"
            named = self._named(fold.sweep, max(width - len(count), LEAST // 2))
            named.stylize(self.style("bold $text-primary"))
            return named.append(count[: max(width - named.cell_len, 0)], self.style("$text-muted"))
        if name == "state":
            state = state_of(fold, self.live)
            symbol = MARKS.get(state, "?")
            style = self.style(BAD) if state == "failed" else Style()
            return Text(symbol if width == 1 else f"{symbol} {state}", style)
        if name == "age":
            words = age_words(age(fold.runs[0], self.now)) if fold.runs else ""
        else:
            words = words_in(fold, name)
        return Text(cut_middle(words, width), justify="right" if name in RIGHT else "left")

    def _cell(self, run: Summary, name: str, width: int) -> Text:
        match name:
            case "run":
                return self._named(run.run, width)
            case "state":
                return self._state(run, width)
            case "result":
                return self._result(run, width)
            case "course":
                return Text(self._course(run), self.style(style_of(run.model)))
            case "section":
                words = run.section
            case "network":
                words = run.model
            case "dataset":
                words = dataset_title(run.dataset) if run.dataset else ""
            case "duration":
                taken = duration(run, self.now)
                words = "" if taken is None else clock(taken)
            case "age":
                words = age_words(age(run, self.now))
            case "recipe":
                words = run.recipe
            case _:
                words = run.seed
        return Text(cut_middle(words, width), justify="right" if name in RIGHT else "left")

    def _named(self, run: str, width: int) -> Text:
        mark = MARKED if run in self.marked else " "
        name = short_id(run, width - 1, self.form)
        return Text.assemble((mark, self.style("bold $marked")), name)

    def _state(self, run: Summary, width: int) -> Text:
        symbol = MARKS.get(run.status, "?")
        words = symbol if width == 1 else f"{symbol} {self._state_words(run)}"
        return Text(words, self._state_style(run))

    def _state_words(self, run: Summary) -> str:
        task = self.live.get(run.run)
        if task is not None and task.control.paused:
            return "paused"
        if task is not None and task.steps:
            return f"running {min(task.step / task.steps, 0.99):.0%}"
        return run.status

    def _state_style(self, run: Summary) -> Style:
        bad = run.status in ("failed", DAMAGED)
        return self.style(BAD) if bad else Style()

    def _result(self, run: Summary, width: int) -> Text:
        """Return the result, or in its place the state where that has no room for words."""
        if not run.result and dict(self.columns)["state"] == 1:
            words = self._state_words(run)
            return Text(cut_middle(words, width), self._state_style(run), justify="right")
        words = f"{run.result} {run.remark}".strip()
        if run.remark and cell_len(words) > width:
            words = f"{run.result}!"  # what is remarkable, the preview says
        result = Text(cut_middle(words, width), justify="right")
        if run.remark:
            result.stylize(self.style(BAD))
        return result

    def _course(self, run: Summary) -> str:
        task = self.live.get(run.run)
        if task is not None and (curve := headline_of(task)) is not None:
            return trace(curve, POINTS)
        return _traced(run.course)


@lru_cache(maxsize=10_000)
def _traced(course: tuple[float | None, ...]) -> str:
    return trace([math.nan if value is None else value for value in course], POINTS)


def headline_of(task: Task) -> Sequence[float] | None:
    """Return the values of a task's main curve, None where there are none yet."""
    from engine import sections

    curve = task.history.curves.get(sections.find(task.section).headline_curve)
    if curve is None or not len(curve.steps):
        return None
    values: Sequence[float] = curve.values.reshape(len(curve.steps), -1).mean(1)
    return values


def age_words(seconds: float | None) -> str:
    """Return a time that has passed in at most four cells: ``59s``, ``5m``, ``47h``, ``3d``."""
    if seconds is None:
        return ""
    for end, unit, size in UNITS:
        if seconds < end:
            return f"{int(seconds // size)}{unit}"
    return f"{int(min(seconds / (365.25 * 86_400), 999))}y"


def columns_for(width: int, runs: Iterable[Summary]) -> Columns:
    """Return the columns that fit into ``width`` cells, the most important ones."""
    ids, results = [], []
    datasets = set()
    for run in runs:
        datasets.add(run.dataset)
        ids.append(len(run.run))
        results.append(len(f"{run.result} {run.remark}") if run.result else NARROW_RESULT)
    longest = max(ids, default=LEAST) + 1  # with the mark
    most, most_id = (NARROW_RESULT, MOST) if width < WIDE else (RESULT, WIDE_MOST)
    found = {"state": 1, "result": min(max([8, *results]), most)}
    found["run"] = LEAST
    left = width - sum(found.values()) - PADDING * len(found)
    grow = min(max(left - WIDTHS["age"] - PADDING, 0), max(min(longest, most_id) - LEAST, 0))
    found["run"] += grow
    left -= grow
    for name in SEVERAL if len(datasets - {""}) > 1 else WANTED:
        more = WIDTHS[name] - found["state"] if name == "state" else WIDTHS[name] + PADDING
        if more > left:
            continue
        found[name] = WIDTHS[name]
        left -= more
    found["run"] = max(found["run"], min(found["run"] + left, longest))
    return tuple((name, found[name]) for name in SHOWN if name in found)


def label_of(name: str, width: int, order: Order) -> Text:
    """Return a column's heading, which says whether the rows are sorted by it."""
    title = TITLES.get(name, name)
    if name == order.column:
        mark = "▲" if order.backwards else "▼"
        title = f"{title} {mark}" if len(title) + 2 <= width else title[: width - 1] + mark
    if width == 1:
        title = ""
    return Text(title[:width], "bold" if name == order.column else "",
                justify="right" if name in RIGHT else "left")  # fmt: skip
