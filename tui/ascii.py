"""ASCII stand-ins, cell for cell, for a terminal that can show nothing else."""

import codecs
import locale
import os
import sys
import unicodedata
from functools import cache
from itertools import pairwise

from rich.cells import cell_len

ERRORS = "mnist-tui-ascii"
VARIABLE = "MNIST_TUI_ASCII"  # of the option --ascii
LAST = "~"  # the last printable character of ASCII
_STANDS_FOR = {
    **dict.fromkeys("─┄┈╌╴╶▔–—−·", "-"),
    **dict.fromkeys("━┅┉╍═╸╺╾╼", "="),  # bars and the heads of tables
    **dict.fromkeys("│┃┆┇┊┋╎╏║╵╷╹╻╽╿▎▏▕▊▌▐", "|"),
    **dict.fromkeys("→›▸▶▷⇒", ">"),
    **dict.fromkeys("←‹◂◀⇐", "<"),
    **dict.fromkeys("↑▲⇑", "^"),
    **dict.fromkeys("↓▼⇓", "v"),
    **dict(zip("▁▂▃▄▅▆▇█", "_.-=+*##", strict=True)),
    **dict(zip("░▒▓", ".+#", strict=True)),
    **dict(zip("◌◐●○■□✗✓▪", ".>*o#%xv+", strict=True)),
    "◆": "@", "…": ".", "ε": "e", "λ": "l", "±": "~", "∞": "8", "≈": "~", "×": "x", "⋯": ".",
    "‘": "'", "’": "'", "“": '"', "”": '"', "•": "*", "╱": "/", "╲": "\\", "╳": "X",
    "🔎": "> ",
}  # fmt: skip
_LEFT, _RIGHT = (0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80)  # dots of braille, downwards
_FULL = 7  # dots of what is an area


@cache
def stand_in(character: str) -> str:
    """Return ASCII as wide as a character: itself, what looks like it, or question marks."""
    if " " <= character <= LAST:
        return character
    if (known := _STANDS_FOR.get(character)) is not None:
        return known
    if "\u2800" <= character <= "\u28ff":
        return _stroke(ord(character) - 0x2800)
    if "\u2500" <= character <= "\u257f":  # what is left of box drawing: corners and crossings
        return "+"
    if "\u2580" <= character <= "\u259f":  # of blocks
        return "#"
    if unicodedata.category(character) == "Zs":
        return " "
    return "?" * cell_len(character)


def _stroke(code: int) -> str:
    """Return what looks like the stroke that a cell's dots are part of."""
    left = [row for row, bit in enumerate(_LEFT) if code & bit]
    right = [row for row, bit in enumerate(_RIGHT) if code & bit]
    dots = left + right
    if any(b - a > 1 for side in (left, right) for a, b in pairwise(side)):
        return ":"  # every other dot: an area, and no stroke
    if len(dots) >= _FULL:
        return "#"
    if len(dots) < 2:
        return "." if dots else " "
    if not left or not right:
        return "|"
    falls = sum(right) / len(right) - sum(left) / len(left)
    if abs(falls) >= 1:
        return "\\" if falls > 0 else "/"
    if max(dots) - min(dots) > 1:
        return "|"
    return '"--_'[round(sum(dots) / len(dots))]


def in_ascii(text: str) -> str:
    """Return a text in ASCII that takes as many cells; line ends and escapes stay."""
    if text.isascii():
        return text
    return "".join(c if c.isascii() else stand_in(c) for c in text)


def is_utf8() -> bool:
    """Tell whether the user's locale is UTF-8, or Python was told to take it so.

    Python works in UTF-8 where the locale is C or POSIX (PEP 540), and makes it C.UTF-8 unless
    LC_ALL is set (PEP 538). That is right where nobody chose a locale, and wrong where LANG asks
    for C or POSIX.
    """
    if os.environ.get("PYTHONUTF8") == "1":
        return True
    if sys.flags.utf8_mode and os.environ.get("LANG") in ("C", "POSIX"):
        return False
    return "utf" in locale.getencoding().lower()


def wanted() -> bool:
    """Tell whether everything must be ASCII, by the environment."""
    return os.environ.get(VARIABLE, "0").lower() not in ("", "0", "false", "no") or not is_utf8()


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return in_ascii(error.object[error.start : error.end]), error.end


codecs.register_error(ERRORS, _replace)
