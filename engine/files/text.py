"""Untrusted text made safe to print: file contents, file names and variables are data.

A terminal obeys control characters wherever they come from: a directory name could set the window's
title or write to the clipboard.
"""

import re
from collections.abc import Iterable, Sequence

# C0 and C1 controls, DEL, marks that reorder text, line separators; halves of surrogate pairs,
# which no encoding can write; planes 4 to 13, without characters, where the app's images stand.
_UNSAFE = re.compile(
    "[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\U00040000-\U000dffff]"
)
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def visible(text: str) -> str:
    """Return ``text`` with each character that a terminal would act on replaced by one it shows.

    Newlines count as such: what is printed is one line. The length stays the same.
    """
    return _UNSAFE.sub(REPLACEMENT, text)


def listed(items: Iterable[object], most: int = 10) -> str:
    """Return items with commas, at most so many, and how many more there are."""
    words = [str(item) for item in items]
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return ", ".join(words[:most]) + more


def enumerated(words: Sequence[str]) -> str:
    """Return words as a sentence lists them: ``a, b and c``."""
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last


def counted(number: int, noun: str) -> str:
    """Return a number of things: ``1 run``, ``2 runs``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
