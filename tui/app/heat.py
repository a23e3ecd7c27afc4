"""Colours of a matrix: what is as it should be stays calm, what is not stands out.

Blue and orange, and the more the further from the background: the colour-blind tell them apart.
"""

import math
from dataclasses import dataclass
from typing import Any, Self

from rich.text import Text
from textual.app import App
from textual.color import Color

from tui.app.colours import ink_on
from tui.drawing.matrix import MUTED

CALM = {True: Color.parse("#2F6F8F"), False: Color.parse("#9CC9DD")}  # by whether all is dark
WRONG = {True: Color.parse("#FF9A3C"), False: Color.parse("#D9541E")}
FULL = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)  # shares that can have all of the colour
FAINTEST = 0.16  # of the colour of what is wrong at all


@dataclass(frozen=True, slots=True)
class Heat:
    """The styles of a theme's cells; without ``colour`` what stands out is bold.

    ``full`` is the share from which on what is wrong has all of its colour: the largest there is,
    or else those of a good network would all look the same.
    """

    dark: bool
    surface: Color
    full: float
    colour: bool = True

    @classmethod
    def of(cls, app: App[Any], paper: str, largest: float, *, colour: bool) -> Self:
        """Return the styles in an app's theme, on the theme's colour ``paper``."""
        surface = Color.parse(app.theme_variables[paper])
        return cls(app.current_theme.dark, surface, cls.full_of(largest), colour)

    @staticmethod
    def full_of(largest: float) -> float:
        """Return the share that has all of the colour where the largest is this one."""
        return next((share for share in FULL if share >= largest), 1.0)

    def calm(self, share: float) -> str:
        """Return the style of a share that should be large."""
        if not self.colour:
            return ""
        return _on(self.surface.blend(CALM[self.dark], 0.3 + 0.6 * min(share, 1)))

    def wrong(self, share: float) -> str:
        """Return the style of a share that should be none."""
        if not self.colour:
            return "bold" if share >= self.full / 4 else MUTED
        part = math.sqrt(min(share / self.full, 1))
        return _on(self.surface.blend(WRONG[self.dark], FAINTEST + (1 - FAINTEST) * part))

    def legend(self, calm: str, wrong: str) -> Text:
        """Return what the colours mean, in a line."""
        if not self.colour:
            return Text(f"{wrong}: bold from {self.full / 4:.2%}", MUTED)
        words = Text.assemble(("  ", self.calm(1)), (f" {calm}   {wrong} ", MUTED))
        for share in (self.full / 20, self.full / 4, self.full):
            words.append(f" {share * 100:g}% ", self.wrong(share))
        return words


def _on(colour: Color) -> str:
    return f"{ink_on(colour)} on {colour.hex}"
