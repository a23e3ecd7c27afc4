"""A curve in one line of braille: two points a cell, four levels."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

LEVELS = 4
# Bits of a braille cell (U+2800) by column, the lowest dot first.
_DOTS = ((0x40, 0x04, 0x02, 0x01), (0x80, 0x20, 0x10, 0x08))


def trace(values: Sequence[float] | np.ndarray, cells: int) -> str:
    """Return the course of values as a line of so many cells, a gap where they are not finite.

    The first value does not count for the scale: a curve that begins at chance would be a step.
    """
    given = np.asarray(values, float)
    scale = given[1:] if len(given) > 2 else given
    scale = scale[np.isfinite(scale)]
    if not len(scale):
        return " " * cells
    low, high = scale.min(), scale.max()
    if given[0] < low:
        low -= (high - low) / (LEVELS - 1)  # a level of its own
    places = np.linspace(0, len(given) - 1, 2 * cells)
    heights = np.interp(places, np.arange(len(given)), given)
    shares = (heights - low) / (high - low) if high > low else np.full(len(heights), 0.5)
    levels = [
        round(float(min(max(share, 0), 1)) * (LEVELS - 1)) if np.isfinite(share) else None
        for share in shares
    ]
    bits = [0] * cells
    for column, level in enumerate(levels):
        if level is not None:
            bits[column // 2] |= _DOTS[column % 2][level]
    for column, (before, after) in enumerate(pairwise(levels), 1):
        if before is None or after is None:
            continue
        for level in range(min(before, after) + 1, max(before, after)):  # no hole where it is steep
            bits[column // 2] |= _DOTS[column % 2][level]
    return "".join(chr(0x2800 + bit) if bit else " " for bit in bits)
