"""How images are drawn: in cells, in real pixels where the terminal has them, or in ASCII."""

import os
from collections.abc import Mapping
from contextlib import suppress

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


def tmux_obstacle() -> str:
    """Return what keeps tmux from passing images on, "" if nothing does or there is no tmux."""
    if in_tmux() and _tmux("show-options", "-Apv", "allow-passthrough") == "off":
        return "tmux's allow-passthrough is off (`tmux set -g allow-passthrough on` changes that)"
    return ""


def terminal_named(environment: Mapping[str, str] = os.environ) -> str:
    """Return which of the terminals that show images this is, by its own words, or ""."""
    if in_tmux(environment):  # what it was started in may be another terminal than it is shown on
        said, inside = _tmux("display-message", "-p", "#{client_termname}"), False
    else:
        said = f"{environment.get('TERM', '')} {environment.get('TERM_PROGRAM', '')}"
        inside = bool(environment.get("KITTY_WINDOW_ID"))
    if "ghostty" in said.lower():
        return "Ghostty"
    return "kitty" if "kitty" in said.lower() or inside else ""


def image_words(*, plain: bool = False) -> str:
    """Return how images are drawn here, why, and what would change that, in one line."""
    asked = os.environ.get(VARIABLE) or AUTO
    if why := obstacle(plain=plain):
        return f"in characters: {why}"
    if asked == KITTY:
        return f"in characters: {why}" if (why := tmux_obstacle()) else "real pixels, as asked for"
    name, why = terminal_named(), tmux_obstacle()
    words = "in ASCII, as asked for" if asked == ASCII else "in cells"
    if not name:
        return f"{words}; real pixels need {NEEDED}, and this terminal does not say that it is one"
    words += f"; this is {name}{' around tmux' if in_tmux() else ''}"
    if name == "kitty":
        words += ", which has real pixels from 0.28 on"
    return f"{words}: {f'{why}, then ' if why else ''}--images kitty tries them"


def _tmux(*arguments: str) -> str:
    """Return what tmux answers, "" where it does not."""
    import subprocess

    with suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(["tmux", *arguments], capture_output=True, text=True, timeout=2)
        return done.stdout.strip()
    return ""
