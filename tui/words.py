"""How numbers and states are written, on screen and in tables."""

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.cells import cell_len, chop_cells
from rich.text import Text

from engine.data.classes import class_names, numbered
from engine.networks.architectures import CLASSES

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


def names_of(dataset: Mapping[str, Any], count: int | None) -> tuple[str, ...]:
    """Return the names of a run's classes as they may be shown; their numbers if it has none."""
    names, count = class_names(dataset), count or CLASSES
    if len(names) != count:
        return tuple(map(str, range(count)))
    return tuple(names)


def widest(names: Sequence[str]) -> int:
    """Return the cells that the longest class needs, with its number."""
    return max(Text(numbered(names, label)).cell_len for label in range(len(names)))


def cut(words: str, cells: int) -> str:
    """Return words in exactly so many cells, with an ellipsis where there is more."""
    text = Text(words)
    text.truncate(max(cells, 1), overflow="ellipsis", pad=True)
    return text.plain


def cut_middle(words: str, cells: int) -> str:
    """Return words in at most so many cells; what tells one from another may stand at their end."""
    if cell_len(words) <= cells:
        return words
    end = min(12, max(cells, 2) // 2)
    tail = words[-end:]
    while cell_len(tail) > end:
        tail = tail[1:]
    return f"{cut(words, cells - end)[:-1].rstrip('…')}…{tail}"


def wrapped(words: str, cells: int, most: int) -> list[str]:
    """Return words in at most so many lines of so many cells; the last is cut where it must be."""
    lines = [""]
    for word in words.split():
        first, *rest = chop_cells(word, max(cells, 1))
        if lines[-1] and cell_len(lines[-1]) + 1 + cell_len(first) > cells:
            lines.append(first)
        else:
            lines[-1] = f"{lines[-1]} {first}".lstrip()
        lines += rest
    if len(lines) > most:
        lines[most - 1 :] = [cut(" ".join(lines[most - 1 :]), cells)]
    return lines


def near(name: str, names: Iterable[str], otherwise: str = "") -> str:
    """Return what to append to an error about a wrong name: the nearest right one, or advice."""
    [*meant] = difflib.get_close_matches(name, list(names), 1)
    words = f"did you mean {meant[0]}?" if meant else otherwise
    return f"; {words}" if words else ""
