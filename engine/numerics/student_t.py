"""Student's t and the binomial distribution, by the incomplete beta function. No torch in here.

scipy has all of it, in a hundred megabytes that nothing else here needs; it checks this in tests.
"""

import math
from collections.abc import Callable
from functools import cache

_TINY = 1e-300  # stands for zero where it would be divided by
_TERMS = 100_000  # of the continued fraction; it needs about the square root of its arguments


def beta_share(a: float, b: float, x: float, rest: float | None = None) -> float:
    """Return the regularized incomplete beta function I_x(a, b); ``rest`` is 1 - x, if known."""
    rest = 1 - x if rest is None else rest
    if x <= 0 or rest <= 0:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):  # where the other tail's fraction converges faster
        return 1 - beta_share(b, a, rest, x)
    log_beta = math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    return math.exp(a * math.log(x) + b * math.log(rest) - log_beta) / (a * _fraction(a, b, x))


def _fraction(a: float, b: float, x: float) -> float:
    """Return 1 + d1 / (1 + d2 / (1 + ...)) of DLMF 8.17.22, from its front (Lentz's method)."""
    value = above = 1.0
    below = 0.0
    for term in range(1, _TERMS):
        m = term // 2
        if term % 2:
            d = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            d = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        below = 1 / ((1 + d * below) or _TINY)
        above = (1 + d / above) or _TINY
        value *= above * below
        if abs(above * below - 1) < 1e-15:
            break
    return value


def two_tails(t: float, df: float) -> float:
    """Return how likely Student's t with ``df`` degrees of freedom is at least so far from 0."""
    square = t * t
    if not math.isfinite(square):
        return math.nan if math.isnan(square) else 0.0
    return beta_share(df / 2, 0.5, df / (df + square), square / (df + square))


@cache
def t_quantile(p: float, df: float) -> float:
    """Return the quantile of Student's t: what it is below with probability ``p``, 0 < p < 1."""
    if p < 0.5:
        return -t_quantile(1 - p, df)
    high = 1.0
    while two_tails(high, df) > 2 * (1 - p):
        high *= 2
    return _root(lambda t: 2 * (1 - p) - two_tails(t, df), 0.0, high)


def at_most(k: int, n: int, rate: float = 0.5) -> float:
    """Return how likely at most ``k`` of ``n`` trials succeed, each at ``rate``."""
    return 1.0 if k >= n else beta_share(n - k, k + 1, 1 - rate, rate)


@cache
def rate_between(k: int, n: int) -> tuple[float, float]:
    """Return the exact 95 % interval of a rate (C. Clopper and E. Pearson, Biometrika 26, 1934).

    It leaves out 0.5 just where the two-sided binomial test, of which either tail is doubled, says
    so at 5 %. ``k`` of ``n`` trials succeeded; n > 0.
    """
    low = 0.0 if k == 0 else _root(lambda rate: 1 - at_most(k - 1, n, rate) - 0.025, 0.0, 1.0)
    high = 1.0 if k == n else _root(lambda rate: 0.025 - at_most(k, n, rate), 0.0, 1.0)
    return low, high


def _root(rising: Callable[[float], float], low: float, high: float) -> float:
    """Return where a function that rises from below 0 to above it crosses it, by bisection."""
    while True:
        middle = (low + high) / 2
        if not low < middle < high:  # no number lies between them
            return middle
        low, high = (middle, high) if rising(middle) < 0 else (low, middle)
