"""How numbers and states are written, on screen and in tables."""

import difflib
import math
from collections.abc import Iterable

MARKS = {
    "queued": "◌", "running": "◐", "finished": "●", "stopped": "■", "interrupted": "□",
    "failed": "✗",
}  # fmt: skip
MARKED = "›"


def clock(seconds: float) -> str:
    """Return a duration as m:ss or h:mm:ss."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def number(value: float, spec: str = ".3f") -> str:
    """Return a number, or a dash if it is not finite."""
    return format(value, spec) if math.isfinite(value) else "–"


def near(name: str, names: Iterable[str], otherwise: str = "") -> str:
    """Return what to append to an error about a wrong name: the nearest right one, or advice."""
    [*meant] = difflib.get_close_matches(name, list(names), 1)
    words = f"did you mean {meant[0]}?" if meant else otherwise
    return f"; {words}" if words else ""
