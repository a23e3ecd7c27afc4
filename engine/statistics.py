"""How sure one may be of a count. No torch in here: tables and panels need it too."""

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
