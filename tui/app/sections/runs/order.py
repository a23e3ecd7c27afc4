"""In which order runs are listed, and in which groups."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from engine.runs.filter import age, duration
from engine.runs.summary import Summary
from engine.sections.table import dataset_title

# What a column is sorted by, None where a run has nothing there. The smallest comes first: so
# numbers of which the largest is the best are turned round.
KEYS: dict[str, Callable[[Summary, float], Any]] = {
    "age": lambda run, now: None if (old := age(run, now)) is None else old,
    "result": lambda run, now: _turned(next(iter(run.measured.values()), None)),
    "duration": lambda run, now: _turned(duration(run, now)),
    "network": lambda run, now: run.model.lower() or None,
    "dataset": lambda run, now: dataset_title(run.dataset).lower() or None,
    "section": lambda run, now: run.section or None,
    "state": lambda run, now: run.status,
    "recipe": lambda run, now: run.recipe or None,
    "seed": lambda run, now: int(run.seed) if run.seed.isdecimal() else None,
}
CYCLE = ("age", "result", "duration", "network", "dataset")  # by the key
WORDS = {"age": "newest first", "result": "best result first", "duration": "longest first"}
GROUPS: dict[str, Callable[[Summary], str]] = {
    "": lambda run: "",
    "dataset": lambda run: dataset_title(run.dataset) if run.dataset else "",
    "network": lambda run: run.model,
    "section": lambda run: run.section.capitalize(),
    "sweep": lambda run: run.sweep or "runs of no sweep",
}
NONE = "nothing known"  # the group of what is damaged


@dataclass(frozen=True, slots=True)
class Order:
    """A column to sort by, in its own direction or against it, and what is grouped by."""

    column: str = "age"
    backwards: bool = False
    group: str = ""

    def next_column(self) -> "Order":
        """Sort by the next column."""
        place = CYCLE.index(self.column) + 1 if self.column in CYCLE else 0
        return Order(CYCLE[place % len(CYCLE)], group=self.group)

    def by(self, column: str) -> "Order":
        """Sort by a column, or the other way round where it is sorted by that already."""
        return Order(column, column == self.column and not self.backwards, self.group)

    def next_group(self) -> "Order":
        """Group by the next thing, or no longer."""
        names = list(GROUPS)
        group = names[(names.index(self.group) + 1) % len(names)]
        return Order(self.column, self.backwards, group)

    @property
    def words(self) -> str:
        """How the runs are sorted."""
        if not self.backwards:
            return WORDS.get(self.column, f"by {self.column}")
        if self.column == "age":
            return "oldest first"
        return f"by {self.column}, the other way round"


@dataclass(frozen=True, slots=True)
class Group:
    """A heading above the runs of a group."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Fold:
    """A sweep in one row: its id, and those of its runs that have begun, as they are sorted."""

    sweep: str
    runs: tuple[Summary, ...] = ()


Item = Summary | Group | Fold


def _turned(number: float | None) -> float | None:
    return None if number is None else -number


def sort(runs: Sequence[Summary], order: Order, now: float) -> list[Summary]:
    """Return runs, the newest first, in another order; those without a value last.

    Of equal ones the newest is first.
    """
    if order.column == "age":  # their ids say it, of damaged ones too
        return list(reversed(runs)) if order.backwards else list(runs)
    key = KEYS[order.column]
    keyed = [(key(run, now), run) for run in runs]
    known = [pair for pair in keyed if pair[0] is not None]
    known.sort(key=lambda pair: pair[0], reverse=order.backwards)
    return [run for _, run in known] + [run for value, run in keyed if value is None]


def folded(runs: Sequence[Summary], sweeps: Sequence[str]) -> list[Item]:
    """Return runs with each sweep in one row, at the place of the first of its runs.

    Sweeps of which no run has begun come first.
    """
    found: dict[str, list[Summary]] = {}
    for run in runs:
        found.setdefault(run.sweep or run.run, []).append(run)
    begun = {run.sweep for run in runs}
    items: list[Item] = [Fold(sweep) for sweep in sweeps if sweep not in begun]
    for members in found.values():
        sweep = members[0].sweep
        items.append(Fold(sweep, tuple(members)) if sweep else members[0])
    return items


def grouped(runs: Sequence[Summary], group: str) -> list[Item]:
    """Return runs below the headings of their groups, that of the first run first."""
    if not group:
        return list(runs)
    found: dict[str, list[Summary]] = {}
    name = GROUPS[group]
    for run in runs:
        found.setdefault(name(run) or NONE, []).append(run)
    items: list[Item] = []
    for heading, members in found.items():
        items += [Group(heading, len(members)), *members]
    return items
