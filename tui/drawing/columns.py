"""Curves reduced to columns of dots: lowest, highest and mean of whatever falls into each."""

import weakref
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from engine.runs.curves import Curve

KEPT = 128  # reductions: those of all charts on a screen, with what was there before


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """A curve in W columns; NaN where none of its points is finite.

    ``counts`` are those of finite points, and ``broken`` [W] tells where one is not.
    """

    low: np.ndarray
    high: np.ndarray
    mean: np.ndarray
    counts: np.ndarray
    broken: np.ndarray


_known: OrderedDict[tuple[object, ...], tuple[weakref.ref[np.ndarray], Columns]] = OrderedDict()


def columns_of(curve: Curve, first: float, last: float, width: int, log: bool = False) -> Columns:
    """Return a curve between two steps in ``width`` columns; a log has nothing below zero.

    Kept for arrays that only grow: the same memory of the same length is the same curve.
    """
    values = curve.values
    owner = values if values.base is None else values.base
    place = values.__array_interface__["data"][0], values.strides, len(values), id(owner)
    key = (*place, first, last, width, log)
    found = _known.get(key)
    if found is not None and found[0]() is owner:
        _known.move_to_end(key)
        return found[1]
    columns = _reduced(curve, first, last, width, log)
    if isinstance(owner, np.ndarray):
        _known[key] = weakref.ref(owner), columns
        if len(_known) > KEPT:
            _known.popitem(last=False)
    return columns


def _reduced(curve: Curve, first: float, last: float, width: int, log: bool) -> Columns:
    steps, values, start, end = _within(curve, first, last)
    edges = first + (np.arange(width) - 1e-6) * max(last - first, 1) / max(width - 1, 1)
    begins = np.append(np.searchsorted(steps[start:end], edges), end - start)
    filled = begins[1:] > begins[:-1]
    at = begins[:-1][filled]
    low, high, mean = (np.full(width, np.nan) for _ in range(3))
    counts, broken = np.zeros(width, int), np.zeros(width, bool)
    if len(at):
        inside = values[start:end]
        finite = _drawn(inside, log)
        number = np.diff(np.append(at, end - start))
        lows = highs = sums = inside
        if not finite.all():
            broken[filled] = ~np.logical_and.reduceat(finite, at)
            number = np.add.reduceat(finite.astype(int), at)
            lows, highs, sums = (np.where(finite, inside, x) for x in (np.inf, -np.inf, 0))
        some = number > 0
        counts[filled] = number
        low[filled] = np.where(some, np.minimum.reduceat(lows, at), np.nan)
        high[filled] = np.where(some, np.maximum.reduceat(highs, at), np.nan)
        mean[filled] = np.where(some, np.add.reduceat(sums, at) / np.maximum(number, 1), np.nan)
    for column, edge, beyond in ((0, first, start), (width - 1, last, end)):
        if counts[column] or broken[column]:
            continue
        value = _between(steps, values, beyond, edge, log)
        if value is not None:  # the curve runs on beyond the edge
            low[column] = high[column] = mean[column] = value
            counts[column] = 1
    return Columns(low, high, mean, counts, broken)


def extent_of(
    curve: Curve, first: float, last: float, log: bool = False
) -> tuple[float, float] | None:
    """Return the lowest and the highest value between two steps, None where there is none."""
    steps, values, start, end = _within(curve, first, last)
    inside = values[start:end]
    finite = _drawn(inside, log)
    inside = inside if finite.all() else inside[finite]
    sides = (_between(steps, values, *side, log) for side in ((start, first), (end, last)))
    found = [value for value in sides if value is not None]
    found += [float(inside.min()), float(inside.max())] if len(inside) else []
    return (min(found), max(found)) if found else None


def _within(curve: Curve, first: float, last: float) -> tuple[np.ndarray, np.ndarray, int, int]:
    """Return steps in order, values, and where those between two steps begin and end."""
    steps, values = np.asarray(curve.steps), np.asarray(curve.values, float)
    if (steps[1:] < steps[:-1]).any():  # a damaged journal
        order = np.argsort(steps, kind="stable")
        steps, values = steps[order], values[order]
    start, end = np.searchsorted(steps, first), np.searchsorted(steps, last, "right")
    return steps, values, int(start), int(end)


def _drawn(values: np.ndarray, log: bool) -> np.ndarray:
    finite: np.ndarray = np.isfinite(values)
    return finite & (values > 0) if log else finite


def _between(
    steps: np.ndarray, values: np.ndarray, right: int, at: float, log: bool
) -> float | None:
    """Return the value at a step before the point ``right``, on a straight line from the last."""
    if not 0 < right < len(steps):
        return None
    pair = values[right - 1 : right + 1]
    if not _drawn(pair, log).all():
        return None
    return float(np.interp(at, steps[right - 1 : right + 1], pair))


def together(parts: list[Columns]) -> Columns:
    """Return from the lowest to the highest of several curves, in the same columns."""
    if len(parts) == 1:
        return parts[0]
    low = np.fmin.reduce([part.low for part in parts])
    high = np.fmax.reduce([part.high for part in parts])
    counts = np.sum([part.counts for part in parts], 0)
    broken = np.logical_or.reduce([part.broken for part in parts])
    return Columns(low, high, (low + high) / 2, counts, broken)
