"""What a sweep's runs came to over any two of its options: a heat map, before it is drawn."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, pairwise

import numpy as np

from engine.analysis.statistics import spread
from engine.files.text import visible
from engine.sweeps.outcome import word
from engine.sweeps.plan import NETWORK
from engine.sweeps.schema import Value
from engine.sweeps.states import RunState

MODEL, SEED = "model", "seed"
APART = 12  # numbers that have a row or column each; more are put into so many ranges
RANGES = 8
FAR = 3.0  # interquartile ranges beyond a quartile: a mean there does not stretch the scale
LOG = 20.0  # times the smallest: from there on ranges are even on a log scale


@dataclass(frozen=True, slots=True, eq=False)
class Axis:
    """An option: a word for each of its values, or ranges of values, in their order."""

    name: str
    labels: tuple[str, ...]

    @property
    def title(self) -> str:
        """The option as one says it."""
        return said(self.name)


@dataclass(frozen=True, eq=False)
class Heat:
    """Means over two options: ``mean``, ``margin`` and ``count`` of runs, each [rows, columns].

    ``margin`` is how far the mean's 95 % interval reaches, NaN where there are fewer than two runs
    or they are of several settings: then they differ by more than chance. ``others`` are the
    options over which the mean is taken.
    """

    rows: Axis
    columns: Axis
    mean: np.ndarray
    margin: np.ndarray
    count: np.ndarray
    others: tuple[str, ...]

    @property
    def span(self) -> tuple[float, float]:
        """The lowest and the highest mean, NaN where there is none."""
        finite = self._finite
        return (float(finite.min()), float(finite.max())) if finite.size else (math.nan, math.nan)

    @property
    def scale(self) -> tuple[float, float]:
        """Between what means colours are spread: all but those far below or above the others.

        A setting that learned nothing would make all others look the same.
        """
        return near(self._finite)

    @property
    def _finite(self) -> np.ndarray:
        finite: np.ndarray = self.mean[np.isfinite(self.mean)]
        return finite

    @cached_property
    def shares(self) -> np.ndarray:
        """Where each mean lies on the scale, 0 to 1: [rows, columns], NaN where there is none."""
        low, high = self.scale
        width = high - low
        shares: np.ndarray = (
            np.clip((self.mean - low) / width, 0, 1) if width > 0 else self.mean * 0 + 1
        )
        return shares


def near(values: Sequence[float] | np.ndarray) -> tuple[float, float]:
    """Return the lowest and the highest value of those that are not far from the others.

    NaN where none is finite.
    """
    given = np.asarray(values, float)
    finite = given[np.isfinite(given)]
    if not finite.size:
        return math.nan, math.nan
    low, high = np.quantile(finite, (0.25, 0.75))
    close = finite[np.abs(finite - (low + high) / 2) <= (FAR + 0.5) * (high - low)]
    kept = close if close.size else finite
    return float(kept.min()), float(kept.max())


def said(name: str) -> str:
    """Return an option as one says it: ``learning rate``."""
    return visible(name).replace("_", " ")


def values_of(state: RunState) -> dict[str, Value]:
    """Return what a run has for the options that a sweep may be looked at by."""
    planned = state.planned
    model = planned.config.get(MODEL)
    # Where a sweep trains the networks that it looks at, their models are named by that.
    implied: dict[str, Value] = (
        {} if model is None or NETWORK in planned.setting else {MODEL: model}
    )
    return implied | dict(planned.setting) | {SEED: planned.seed}


def options_of(states: Iterable[RunState]) -> dict[str, list[Value]]:
    """Return the options in which runs of one section differ, with their values in order.

    Those with most values come first, the seed last: settings are what a sweep is about.
    """
    found: dict[str, dict[str, Value]] = {}
    for state in states:
        for name, value in values_of(state).items():
            found.setdefault(name, {})[repr(value)] = value
    several = {name: _ordered(values.values()) for name, values in found.items() if len(values) > 1}
    return dict(sorted(several.items(), key=lambda one: (one[0] == SEED, -len(one[1]))))


def pairs_of(options: Mapping[str, Sequence[Value]]) -> Iterator[tuple[str, str]]:
    """Yield every two options as rows and columns, the most telling first.

    Columns are the option with more values. The seed counts only where it is one of two.
    """
    settings = [name for name in options if name != SEED]
    names = settings if len(settings) > 1 else list(options)
    for first, second in combinations(names, 2):
        yield second, first


def heat(states: Iterable[RunState], metric: str, rows: str, columns: str) -> Heat:
    """Return the means of a metric over two options, of the runs that have it and both of them."""
    known = list(states)
    options = options_of(known)
    row_of, down = _axis(rows, options.get(rows, ()))
    column_of, across = _axis(columns, options.get(columns, ()))
    cells: dict[tuple[int, int], dict[str, list[float]]] = {}
    for state in known:
        values = values_of(state)
        value = state.measured.get(metric, math.nan)
        if rows in values and columns in values and math.isfinite(value):
            place = row_of(values[rows]), column_of(values[columns])
            setting = repr(sorted(state.planned.setting.items()))
            cells.setdefault(place, {}).setdefault(setting, []).append(value)
    shape = len(down.labels), len(across.labels)
    mean, margin, count = np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape, int)
    for place, settings in cells.items():
        every = [value for values_ in settings.values() for value in values_]
        found = spread(dict(enumerate(every)))
        mean[place], count[place] = found.mean, found.n
        if len(settings) == 1:
            margin[place] = (found.high - found.low) / 2
    others = tuple(name for name in options if name not in (rows, columns))
    return Heat(down, across, mean, margin, count, others)


def _ordered(values: Iterable[Value]) -> list[Value]:
    """Return numbers by size, other values in the order in which they were found."""
    found = list(values)
    if all(_is_number(value) for value in found):
        return sorted(found, key=_number)
    return found


def _is_number(value: Value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _number(value: Value) -> float:
    assert isinstance(value, (int, float))
    return float(value)


def _axis(name: str, values: Sequence[Value]) -> tuple[Callable[[Value], int], Axis]:
    """Return an axis, and which of its places a value has."""
    if len(values) > APART and all(_is_number(value) for value in values):
        edges = _edges([_number(value) for value in values])
        labels = tuple(f"{low:.3g}–{high:.3g}" for low, high in pairwise(edges))

        def between(value: Value) -> int:
            return int(np.clip(np.searchsorted(edges, _number(value), "right") - 1, 0, RANGES - 1))

        return between, Axis(name, labels)
    places = {repr(value): place for place, value in enumerate(values)}
    return (lambda value: places[repr(value)]), Axis(
        name, tuple(visible(word(value)) for value in values)
    )


def _edges(values: Sequence[float]) -> np.ndarray:
    """Return the ends of ranges that values fill, even on a log scale where they are far apart."""
    low, high = values[0], values[-1]
    if low > 0 and high >= LOG * low:
        return np.geomspace(low, high, RANGES + 1)
    return np.linspace(low, high, RANGES + 1)
