"""What the classes of a dataset are called, by what ``run.json`` says of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from engine.files.text import visible

DIGITS = tuple(map(str, range(10)))


def class_names(dataset: Mapping[str, Any]) -> Sequence[str]:
    """Return the names of a dataset's classes, safe to print.

    The first runs, all of digits, do not say them.
    """
    return tuple(map(visible, dataset.get("classes", DIGITS)))


def class_noun(names: Sequence[str]) -> str:
    """Return what one of them is called in a sentence."""
    return "digit" if tuple(names) == DIGITS else "class"


def plural(noun: str) -> str:
    """Return the plural of ``class_noun``."""
    return noun + ("es" if noun == "class" else "s")


def numbered(names: Sequence[str], label: int) -> str:
    """Return a class's name, with its number where that is something else: ``9 ankle boot``."""
    name = names[label]
    return name if name == str(label) else f"{label} {name}"
