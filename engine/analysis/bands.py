"""The curves of several runs as one: their mean by step, and how far it is to be trusted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.numerics.student_t import t_quantile
from engine.runs.curves import Curve


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """Several runs' curve: ``mean`` and ``deviation`` [S] over the ``count`` that have the step."""

    steps: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray  # of one run from the others, n - 1; NaN where there is one run
    count: np.ndarray

    @property
    def margin(self) -> np.ndarray:
        """How far the 95 % interval of the mean reaches, by Student's t: [S], NaN of one run."""
        margins = np.full(len(self.steps), np.nan)
        for n in np.unique(self.count[self.count > 1]).tolist():
            here = self.count == n
            margins[here] = t_quantile(0.975, n - 1) * self.deviation[here] / np.sqrt(n)
        return margins

    @property
    def low(self) -> np.ndarray:
        """The lower end of the 95 % interval of the mean: [S]."""
        low: np.ndarray = self.mean - self.margin
        return low

    @property
    def high(self) -> np.ndarray:
        """The upper end of the 95 % interval of the mean: [S]."""
        high: np.ndarray = self.mean + self.margin
        return high


def band(curves: Sequence[Curve]) -> Band | None:
    """Return mean and deviation of curves [S] or [S, L] (the mean of L) over all their steps.

    Values that are not finite count for nothing; a step where nothing is left is NaN.
    """
    if not curves:
        return None
    steps = np.unique(np.concatenate([curve.steps for curve in curves]))
    table = np.full((len(curves), len(steps)), np.nan)
    for row, curve in zip(table, curves, strict=True):
        row[np.searchsorted(steps, curve.steps)] = _flat(curve)
    table[~np.isfinite(table)] = np.nan
    return _of(steps, table)


def aligned_band(curves: Sequence[Curve]) -> Band | None:
    """Return mean, deviation and interval of curves whose steps may differ.

    Where one has a step that another lacks, the other's value is read off the line between its
    neighbours, so that the mean is of the same runs throughout. A step stays where more than half
    of the runs are measured or still are: one that diverged or was stopped early does not cut the
    others short. None where there is no such step.
    """
    found = [(curve.steps, _flat(curve)) for curve in curves]
    finite = [
        (steps[keep], flat[keep]) for steps, flat in found if (keep := np.isfinite(flat)).any()
    ]
    if not finite:
        return None
    steps = np.unique(np.concatenate([own for own, _ in finite]))
    table = np.stack(
        [np.interp(steps, own, values, left=np.nan, right=np.nan) for own, values in finite]
    )
    common = 2 * np.isfinite(table).sum(0) > len(finite)
    return _of(steps[common], table[:, common]) if common.any() else None


def _flat(curve: Curve) -> np.ndarray:
    """Return one value a step: float64 [S]."""
    values: np.ndarray = np.asarray(curve.values, np.float64)
    return values.reshape(len(values), -1).mean(1) if values.size else values


def _of(steps: np.ndarray, table: np.ndarray) -> Band:
    """Return the band of values [R, S], NaN where a run has none."""
    count = np.isfinite(table).sum(0)
    mean = np.divide(
        np.nansum(table, 0), count, out=np.full(len(steps), np.nan), where=count > 0
    )  # fmt: skip
    squares = np.nansum((table - mean) ** 2, 0)
    variance = np.divide(squares, count - 1, out=np.full(len(steps), np.nan), where=count > 1)
    return Band(steps, mean, np.sqrt(variance), count)
