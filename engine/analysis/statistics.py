"""Is a difference luck? Means with intervals, tests of two settings, corrections. Plain floats.

What is measured once for each seed comes as a mapping by seed, and values that are not finite (a
run that diverged, or has not finished) are left out and counted. Nothing depends on the order of
what is given. The tests are two-sided; NaN is what cannot be said.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.numerics.student_t import at_most, rate_between, t_quantile, two_tails

LEVEL, POWER = 0.05, 0.8
EXACT = 40  # pairs whose signs are all tried
_ROUNDING = 1e-12  # of the values: what is below it comes from floating point alone
_MANY = 100_000  # seeds that nobody will try

Seed = Hashable  # what pairs runs: a number, as a rule


@dataclass(frozen=True, slots=True)
class Spread:
    """What values by seed come to: n of them, ``missing`` not counted, best and worst by seed.

    ``deviation`` is that of one from the others (n - 1), NaN for one value. The 95 % interval of
    the mean is NaN for one value, and where all are the same: that says nothing of the next.
    """

    n: int
    missing: int
    mean: float
    deviation: float
    low: float
    high: float
    best: Seed | None
    worst: Seed | None


@dataclass(frozen=True, slots=True)
class Difference:
    """How much higher one setting is than another, from n pairs, with the 95 % interval of that.

    ``deviation`` is that of the difference of one pair. All but ``mean`` may be NaN, and are where
    there is one pair, or no deviation: then no t test is possible.
    """

    n: int
    mean: float
    deviation: float
    low: float
    high: float
    p: float


def spread(values: Mapping[Seed, float], higher_is_better: bool = True) -> Spread:
    """Return what values by seed come to. Of equally good ones, the lowest seed's is named."""
    finite = {seed: value for seed, value in values.items() if math.isfinite(value)}
    if not finite:
        return Spread(0, len(values), *(math.nan,) * 4, None, None)
    seeds = sorted(finite, key=lambda seed: (len(str(seed)), str(seed)))
    low, high = min(seeds, key=finite.__getitem__), max(seeds, key=finite.__getitem__)
    best, worst = (high, low) if higher_is_better else (low, high)
    numbers = list(finite.values())
    mean, deviation = _moments(numbers, max(map(abs, numbers)))
    around = _around(mean, deviation, len(numbers))
    missing = len(values) - len(finite)
    return Spread(len(finite), missing, mean, deviation, *around, best, worst)


def paired(first: Sequence[float], second: Sequence[float]) -> Difference:
    """Return how much higher the first of each pair is: Student's paired t test."""
    differences = [a - b for a, b in zip(first, second, strict=True)]
    size = max(map(abs, (*first, *second)), default=0.0)
    mean, deviation = _moments(differences, size)
    return _difference(len(differences), mean, deviation, deviation, len(differences) - 1)


def unpaired(first: Sequence[float], second: Sequence[float]) -> Difference:
    """Return how much higher the first values are on average: Welch's t test.

    ``n`` is the number of the fewer, ``deviation`` that of the difference of one and one.
    """
    size = max(map(abs, (*first, *second)), default=0.0)
    (a, a_deviation), (b, b_deviation) = _moments(first, size), _moments(second, size)
    parts = a_deviation**2 / max(len(first), 1), b_deviation**2 / max(len(second), 1)
    n, error = min(len(first), len(second)), math.sqrt(sum(parts))
    if not error > 0:
        return Difference(n, a - b, error, *(math.nan,) * 3)
    df = sum(parts) ** 2 / (parts[0] ** 2 / (len(first) - 1) + parts[1] ** 2 / (len(second) - 1))
    return _difference(n, a - b, math.hypot(a_deviation, b_deviation), error * math.sqrt(n), df)


def sign_flips(first: Sequence[float], second: Sequence[float]) -> float:
    """Return the p-value of the paired permutation test: swapping a pair should change nothing.

    It is the share of all 2^n ways to swap whose mean difference is as far from zero. It supposes
    no distribution, but cannot be below 2 / 2^n. Exact up to 40 pairs: the sums of one half of the
    pairs are looked up among those of the other. Above, by the normal distribution.
    """
    differences = np.sort(np.abs([a - b for a, b in zip(first, second, strict=True)]))
    if not len(differences):
        return math.nan
    total = abs(math.fsum(a - b for a, b in zip(first, second, strict=True)))
    if not math.isfinite(total):
        return math.nan
    total -= _ROUNDING * len(differences) * max(map(abs, (*first, *second)))
    if total <= 0:
        return 1.0
    if len(differences) > EXACT:
        return math.erfc(total / math.sqrt(2 * math.fsum(differences**2)))
    left, right = _all_sums(differences[::2]), np.sort(_all_sums(differences[1::2]))
    as_far = (len(right) - np.searchsorted(right, total - left)).sum()
    return min(1.0, 2 * float(as_far) / 2.0 ** len(differences))


def mcnemar(first_alone: int, second_alone: int) -> float:
    """Return the exact p-value of two networks' answers to the same images (Q. McNemar, 1947).

    The numbers of images that the one, and that the other, alone has right.
    """
    n = first_alone + second_alone
    return min(1.0, 2 * at_most(min(first_alone, second_alone), n))


def mcnemar_interval(first_alone: int, second_alone: int, images: int) -> tuple[float, float]:
    """Return the 95 % interval of the difference of accuracies that goes with ``mcnemar``.

    Given how many images only one has right, it is that of the share that is the first's.
    """
    n = first_alone + second_alone
    if n == 0:
        return math.nan, math.nan
    low, high = rate_between(first_alone, n)
    return (2 * low - 1) * n / images, (2 * high - 1) * n / images


def holm(ps: Sequence[float]) -> list[float]:
    """Return p-values corrected for being several (S. Holm, 1979): all are right at 5 % at once.

    NaN stays NaN and does not count.
    """
    order = sorted((p, place) for place, p in enumerate(ps) if not math.isnan(p))
    corrected, highest = [math.nan] * len(ps), 0.0
    for rank, (p, place) in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * p))
        corrected[place] = highest
    return corrected


def seeds_needed(difference: float, deviation: float, level: float = LEVEL) -> float:
    """Return how many pairs would tell a difference of that size four times in five, about.

    By the t test; infinity where there is no difference, or more than 100,000 would be needed.
    """
    if math.isnan(difference) or math.isnan(deviation):
        return math.nan
    if difference == 0:
        return math.inf
    if deviation == 0:
        return float(flips_needed(level))

    def wanted(df: float) -> float:
        tails = t_quantile(1 - level / 2, df) + t_quantile(POWER, df)
        return (tails * deviation / difference) ** 2

    fewest = wanted(1e6)  # more, since t has wider tails than that
    if fewest > _MANY:
        return math.inf
    n = max(2, int(fewest))
    while n < wanted(n - 1):
        n += 1
    return float(n)


def flips_needed(level: float = LEVEL) -> int:
    """Return the fewest pairs with which ``sign_flips`` can be below a level."""
    return 1 + math.ceil(math.log2(1 / level) + 1e-9)


def _moments(values: Sequence[float], size: float) -> tuple[float, float]:
    """Return mean and sample deviation; what rounding makes of values up to ``size`` is none."""
    n = len(values)
    if n == 0:
        return math.nan, math.nan
    mean = math.fsum(values) / n
    mean = 0.0 if abs(mean) <= _ROUNDING * size else mean
    if n == 1:
        return mean, math.nan
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))
    return mean, deviation if deviation > _ROUNDING * size else 0.0


def _difference(n: int, mean: float, deviation: float, scale: float, df: float) -> Difference:
    """Return a t test of a mean whose standard error is ``scale`` / √n."""
    if not scale > 0:
        return Difference(n, mean, deviation, *(math.nan,) * 3)
    error = scale / math.sqrt(n)
    margin = t_quantile(1 - LEVEL / 2, df) * error
    return Difference(n, mean, deviation, mean - margin, mean + margin, two_tails(mean / error, df))


def _around(mean: float, deviation: float, n: int) -> tuple[float, float]:
    found = _difference(n, mean, deviation, deviation, n - 1)
    return found.low, found.high


def _all_sums(values: np.ndarray) -> np.ndarray:
    """Return the sums of n values with every choice of signs: [2^n]."""
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums - value, sums + value])
    return sums
