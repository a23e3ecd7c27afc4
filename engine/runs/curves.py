"""Curves: measurements by step, and what is read from them. No torch in here."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(slots=True)
class Curve:
    """Measurements by step: ``steps`` int [S] and ``values`` float [S] or [S, L]."""

    steps: np.ndarray
    values: np.ndarray


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


def binned(curve: Curve, most: int) -> tuple[Curve, int]:
    """Return at most ``most`` means of equal parts of a curve [S], and how long a part is.

    Each stands at the last step of its part. Values that are not finite count for nothing.
    """
    size = max(1, -(-len(curve.steps) // most))
    if size == 1:
        return curve, 1
    first = np.arange(0, len(curve.steps), size)
    finite = np.isfinite(curve.values)
    sums = np.add.reduceat(np.where(finite, curve.values, 0), first)
    counts = np.add.reduceat(finite.astype(int), first)
    means = np.divide(sums, counts, out=np.full(len(first), np.nan), where=counts > 0)
    last = np.minimum(first + size, len(curve.steps)) - 1
    return Curve(curve.steps[last], means), size


def thinned(curve: Curve, most: int) -> Curve:
    """Return the lowest and the highest point of each of ``most`` equal parts of a curve [S].

    Drawn no wider than ``most``, it looks as the whole curve does. Short ones are returned as they
    are; of a part with a gap, the gap is kept too.
    """
    count = len(curve.steps)
    if count <= 4 * most:
        return curve
    size = -(-count // most)
    whole = count // size * size
    parts = curve.values[:whole].reshape(-1, size)
    gap = ~np.isfinite(parts)
    chosen = np.stack(
        [
            np.where(gap, np.inf, parts).argmin(1),
            np.where(gap, -np.inf, parts).argmax(1),
            gap.argmax(1),  # the first point where there is none
        ],
        axis=1,
    )
    places = np.unique(chosen + np.arange(len(parts))[:, None] * size)
    places = np.concatenate([places, np.arange(whole, count)])
    return Curve(curve.steps[places], curve.values[places])


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
