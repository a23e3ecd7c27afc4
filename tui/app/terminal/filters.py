"""What every line of the screen goes through: no control character, ASCII only, no colour."""

import re
from collections.abc import Callable

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter, Monochrome, NoColor

from engine.files.text import visible
from tui.ascii import in_ascii
from tui.drawing.placing import FIRST, LAST

_WORDS = re.compile(f"[^{chr(FIRST)}-{chr(LAST)}]+")
# NO_COLOR means no colour codes at all; to Textual it means shades of grey.
WITHOUT_COLOUR: dict[type[LineFilter], LineFilter] = {Monochrome: NoColor()}


class Replacing(LineFilter):
    """Replaces the texts of a line that are not as they should be."""

    def __init__(self, sound: Callable[[str], bool], replace: Callable[[str], str]) -> None:
        super().__init__()
        self._sound, self._replace = sound, replace

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments, all of them sound."""
        if all(self._sound(text) for text, *_ in segments):
            return segments
        return [
            segment if segment.control else Segment(self._replace(segment.text), segment.style)
            for segment in segments
        ]


def _visible(text: str) -> str:
    """Return a text ``visible``, but for the cells of images: here they stand where they should."""
    return _WORDS.sub(lambda found: visible(found[0]), text)


# No control characters, wherever the text came from.
VISIBLE = Replacing(str.isprintable, _visible)
# What is not ASCII becomes what looks like it, cell for cell.
IN_ASCII = Replacing(str.isascii, in_ascii)
