"""The course of values in a line of text."""

from collections.abc import Sequence

import numpy as np

SPARKS = "▁▂▃▄▅▆▇█"


def spark(
    values: Sequence[float] | np.ndarray,
    width: int,
    *,
    limits: tuple[float, float] | None = None,
) -> str:
    """Return the course of values, means of parts, in ``width`` characters; a gap where not finite.

    ``limits`` are the values of the lowest and the highest character, by default those that occur.
    """
    if not len(values):
        return " " * width
    parts = np.array_split(np.asarray(values, float), min(width, len(values)))
    shown = np.array([part.mean() for part in parts])
    finite = shown[np.isfinite(shown)]
    if not len(finite):
        return " " * width
    low, high = limits or (finite.min(), finite.max())
    drawn = ""
    for value in shown:
        if not np.isfinite(value):
            drawn += " "
            continue
        share = (value - low) / (high - low) if high > low else 0.5
        drawn += SPARKS[min(int(share * len(SPARKS)), len(SPARKS) - 1)]
    return drawn.ljust(width)
