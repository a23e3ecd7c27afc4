"""Numbers as JSON holds them, and back; what is not finite is null there."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.errors import Unsound


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it.

    A float32 becomes the shortest decimal that is read back as the same float32 (a third of the
    digits), NaN and infinity become None.
    """
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, np.ndarray):
        return [plain(item) for item in value]
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.float32):
        return float(str(value)) if np.isfinite(value) else None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def array_of(rows: Any) -> np.ndarray:
    """Return float32 from nested lists, None as NaN."""
    if not isinstance(rows, list):
        raise Unsound("not an event: a series that is not a list")
    try:
        return np.array(rows, dtype=np.float32)
    except (TypeError, ValueError, OverflowError):
        raise Unsound("not an event: a series of something other than numbers") from None


def real(value: float | None) -> float:
    """Return a number from JSON, null as NaN."""
    return math.nan if value is None else value


def numbers_of(value: Any) -> Any:
    """Return a measurement, or nested lists of them, None as NaN."""
    if isinstance(value, list):
        return [
            numbers_of(item) if item is None or isinstance(item, list) else item for item in value
        ]
    return math.nan if value is None else value
