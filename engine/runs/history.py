"""A journal as arrays, from which figures, tables and charts are drawn. No torch in here."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from engine.runs.events import Event, Finished, Preview, Progress, Started


@dataclass(slots=True)
class Curve:
    """Measurements by step: ``steps`` int [S] and ``values`` float [S] or [S, L]."""

    steps: np.ndarray
    values: np.ndarray


class History:
    """All events of a run so far, in the order of its steps; grows by ``add``."""

    def __init__(self) -> None:
        self.started: Started | None = None
        self.finished: Finished | None = None
        self.previews: dict[str, list[Preview]] = {}
        self.event_steps: list[int] = []  # of the Progress events: where a step cursor can stand
        self._points: dict[str, tuple[list[int], list[Any]]] = {}
        self._curves: dict[str, Curve] = {}

    @classmethod
    def of(cls, events: Iterable[Event]) -> Self:
        """Collect a run's events."""
        history = cls()
        for event in events:
            history.add(event)
        return history

    def add(self, event: Event) -> None:
        """Take in the next event. Series and values share one namespace of curves."""
        match event:
            case Started():
                self.started = event
            case Finished():
                self.finished = event
            case Preview():
                self.previews.setdefault(event.name, []).append(event)
            case Progress():
                self.event_steps.append(event.step)
                for name, rows in event.series.items():
                    first = event.step - len(rows) + 1
                    self._extend(name, range(first, event.step + 1), rows)
                for name, value in event.values.items():
                    self._extend(name, [event.step], [value])

    def _extend(self, name: str, steps: Iterable[int], values: Iterable[Any]) -> None:
        known_steps, known_values = self._points.setdefault(name, ([], []))
        known_steps.extend(steps)
        known_values.extend(values)
        self._curves.pop(name, None)

    @property
    def curves(self) -> dict[str, Curve]:
        """Every curve by name, as arrays."""
        for name, (steps, values) in self._points.items():
            if name not in self._curves:
                self._curves[name] = Curve(np.array(steps), np.array(values, dtype=np.float64))
        return self._curves

    def preview(self, name: str, step: int | None = None) -> Preview | None:
        """Return the last preview of a name, at ``step`` at the latest; None before the first."""
        for preview in reversed(self.previews.get(name, ())):
            if step is None or preview.step <= step:
                return preview
        return None

    def images(self, name: str) -> np.ndarray:
        """Return the last images of a preview, back in their range: float64 [N, H, W]."""
        preview = next(p for p in reversed(self.previews[name]) if p.images is not None)
        return preview.floats()


class WholeHistory(History):
    """The history of a finished run."""

    started: Started
    finished: Finished


def ema(values: np.ndarray, weight: float) -> np.ndarray:
    """Return the exponential moving average of values [S], each past one ``weight`` times less.

    Corrected for its short past at the start. Values that are not finite count for nothing and
    stay gaps.
    """
    if weight <= 0 or not len(values):
        return values
    length = min(len(values), math.ceil(math.log(1e-3) / math.log(weight)))
    kernel = weight ** np.arange(length)
    finite = np.isfinite(values)
    sums = np.convolve(np.where(finite, values, 0), kernel)[: len(values)]
    counts = np.convolve(finite, kernel)[: len(values)]
    out = np.full(len(values), np.nan)
    np.divide(sums, counts, out=out, where=finite)
    return out


def smooth(values: np.ndarray, window: int) -> np.ndarray:
    """Return the centred moving average of values [S] over ``window`` steps.

    Centred, since an average that looks back only lags behind and makes a falling training loss
    look worse than the validation loss. Shorter at both ends; values that are not finite count
    for nothing, and are NaN where nothing else is near.
    """
    finite = np.isfinite(values)
    kernel = np.ones(min(window, len(values)))
    sums = np.convolve(np.where(finite, values, 0), kernel, "same")
    counts = np.convolve(finite, kernel, "same")
    out = np.full(len(values), np.nan)
    np.divide(sums, counts, out=out, where=counts > 0)
    return out


def by_step(curve: Curve | None) -> np.ndarray:
    """Return a curve's values that are finite, the mean of several at one step: at most [S]."""
    if curve is None or not curve.values.size:
        return np.empty(0)
    values: np.ndarray = curve.values.reshape(len(curve.values), -1).mean(1)
    finite: np.ndarray = values[np.isfinite(values)]
    return finite


def best(curve: Curve | None) -> float:
    """Return the largest value of a curve, NaN where there is none."""
    return float(max(by_step(curve), default=math.nan))


def last(curve: Curve | None) -> float:
    """Return the last value of a curve, NaN where there is none."""
    values = by_step(curve)
    return float(values[-1]) if len(values) else math.nan


def mean(values: Sequence[float]) -> float:
    """Return the mean of values, NaN of none."""
    return float(np.mean(values)) if values else math.nan
