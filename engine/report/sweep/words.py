"""Numbers as the report of a sweep writes them."""

import math

from engine.analysis.compare import is_share


def shown(metric: str, value: float) -> str:
    """Return a value of a metric as it is written, a dash where there is none."""
    if not math.isfinite(value):
        return "–"
    text = f"{value * 100:.2f} %" if is_share(metric) else f"{value:.4g}"
    return text.replace("-", "−", 1) if value < 0 else text


def in_hours(seconds: float) -> str:
    """Return the time that all runs took together."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
