"""Where two nested values differ."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

# Another processor rounds differently: by less than one image of 10,000 would change a rate.
TOLERANCE = 2e-5
MEASURED = ("seconds", "images_per_second")  # of a result: times, which no other run has


def differences(
    a: Any, b: Any, path: str = "", *, tolerance: float = TOLERANCE
) -> Iterator[tuple[str, Any, Any]]:
    """Yield where two nested values differ: the path, and both values."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        for name in dict.fromkeys([*a, *b]):
            inner = f"{path}.{name}" if path else name
            yield from differences(a.get(name), b.get(name), inner, tolerance=tolerance)
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for index, (x, y) in enumerate(zip(a, b, strict=True)):
            yield from differences(x, y, f"{path}[{index}]", tolerance=tolerance)
    elif isinstance(a, float) or isinstance(b, float):
        numbers = all(isinstance(x, (int, float)) for x in (a, b))
        if not numbers or not math.isclose(a, b, rel_tol=tolerance, abs_tol=min(tolerance, 1e-9)):
            yield path, a, b
    elif a != b:
        yield path, a, b


def shortened(value: Any) -> str:
    """Return a value in at most 40 characters."""
    if value is None:
        return "missing"
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 40 else text[:37] + "..."
