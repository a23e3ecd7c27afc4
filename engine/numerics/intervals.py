"""Confidence intervals of counts. No torch in here: tables and panels need them too."""

import math

Z_95 = 1.959963984540054  # the normal distribution's 97.5 % quantile


def wilson_interval(successes: int, n: int, z: float = Z_95) -> tuple[float, float]:
    """Return the Wilson score interval of a proportion (E. B. Wilson, JASA 22, 1927, 209-212).

    ``z`` is the normal quantile of the confidence level, 95 % by default. Without trials nothing
    is known: (0, 1).
    """
    if n == 0:
        return 0.0, 1.0
    rate = successes / n
    centre = rate + z * z / (2 * n)
    spread = z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low, high = (centre - spread) / scale, (centre + spread) / scale
    return (0.0 if successes == 0 else low), (1.0 if successes == n else high)


def rate_interval(rate: float, n: int) -> tuple[float, float]:
    """Return the 95 % Wilson interval of a rate that was counted on ``n`` trials."""
    return wilson_interval(round(rate * n), n)


def at_chance(accuracy: float, n: int, guessing: float) -> bool:
    """Tell whether an accuracy on ``n`` images is no better than guessing.

    It is unless its whole 95 % Wilson interval lies above ``guessing``. What guessing gives is the
    no-information rate, the share of the most frequent class, which one and the same answer to
    everything scores: what caret's ``confusionMatrix`` tests an accuracy against (M. Kuhn, Journal
    of Statistical Software 28(5), 2008). One over the number of classes would be too low a bar: a
    network that calls all of MNIST's test images "1" has 11.35 % right, for sure above 10 %.
    """
    return rate_interval(accuracy, n)[0] <= guessing
