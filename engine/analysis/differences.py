"""Where two nested values differ."""

import math
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

# Another processor rounds differently: by less than one image of 10,000 would change a rate.
TOLERANCE = 2e-5
NONE: Mapping[str, float] = MappingProxyType({})
MEASURED = ("seconds", "images_per_second")  # of a result: times, which no other run has


def differences(
    a: Any,
    b: Any,
    path: str = "",
    *,
    tolerance: float = TOLERANCE,
    slack: Mapping[str, float] = NONE,
) -> Iterator[tuple[str, Any, Any]]:
    """Yield where two nested values differ: the path, and both values.

    ``slack`` is how far numbers may lie apart beyond rounding, by a name in their path; under ""
    it is that of all fractions.
    """
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        for name in dict.fromkeys([*a, *b]):
            inner = f"{path}.{name}" if path else name
            yield from differences(
                a.get(name), b.get(name), inner, tolerance=tolerance, slack=slack
            )
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for index, (x, y) in enumerate(zip(a, b, strict=True)):
            inner = f"{path}[{index}]"
            yield from differences(x, y, inner, tolerance=tolerance, slack=slack)
    elif a != b and not _close(a, b, path, tolerance, slack):
        yield path, a, b


def _close(a: Any, b: Any, path: str, tolerance: float, slack: Mapping[str, float]) -> bool:
    """Tell whether two values are numbers and as near as rounding, and slack, leave them."""
    if not all(isinstance(x, (int, float)) and not isinstance(x, bool) for x in (a, b)):
        return False
    fractions = isinstance(a, float) or isinstance(b, float)
    allowed = max((far for name, far in slack.items() if name and name in path), default=0.0)
    if fractions:
        allowed = max(allowed, slack.get("", 0.0), min(tolerance, 1e-9))
    rounding = tolerance if fractions else 0.0
    return math.isclose(a, b, rel_tol=rounding, abs_tol=allowed)


def shortened(value: Any) -> str:
    """Return a value in at most 40 characters."""
    if value is None:
        return "missing"
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 40 else text[:37] + "..."
