"""How images are drawn: in cells, in real pixels where the terminal has them, or in ASCII."""

import os
from collections.abc import Mapping

from tui.ascii import wanted

AUTO, CELLS, KITTY, ASCII = CHOICES = ("auto", "cells", "kitty", "ascii")
VARIABLE = "MNIST_TUI_IMAGES"  # of the option --images
NEEDED = "kitty 0.28 or later, or Ghostty"
_TEXT_ONLY = ("", "dumb", "linux", "vt100", "vt220")  # values of TERM


def in_tmux(environment: Mapping[str, str] = os.environ) -> bool:
    """Tell whether tmux stands between, which lets images through only where they are wrapped."""
    return bool(environment.get("TMUX"))


def obstacle(*, plain: bool = False, environment: Mapping[str, str] = os.environ) -> str:
    """Return what keeps images from being sent whatever the terminal is, "" if nothing does."""
    if plain or wanted():
        return "there is nothing but ASCII"
    if environment.get("NO_COLOR"):
        return "NO_COLOR is set"
    if environment.get("STY") and not in_tmux(environment):
        return "GNU screen does not let them through"
    if (term := environment.get("TERM", "")) in _TEXT_ONLY:
        return f"TERM={term} shows text alone"
    return ""


def terminal_named(environment: Mapping[str, str] = os.environ) -> str:
    """Return which of the terminals that show images this is, by its own words, or ""."""
    said = f"{environment.get('TERM', '')} {environment.get('TERM_PROGRAM', '')}".lower()
    if "ghostty" in said:
        return "Ghostty"
    if "kitty" in said or environment.get("KITTY_WINDOW_ID"):
        return "kitty"
    return ""
