"""What every line of the screen goes through: no control character, ASCII only, no colour."""

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter, Monochrome, NoColor

from engine.files.text import visible
from tui.ascii import in_ascii

# NO_COLOR means no colour codes at all; to Textual it means shades of grey.
WITHOUT_COLOUR: dict[type[LineFilter], LineFilter] = {Monochrome: NoColor()}


class VisibleText(LineFilter):
    """Replaces control characters in all that is drawn, wherever the text came from."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments with text that is safe to print."""
        if all(text.isprintable() for text, *_ in segments):
            return segments
        return [
            segment if segment.control else Segment(visible(segment.text), segment.style)
            for segment in segments
        ]


class Ascii(LineFilter):
    """Replaces what is not ASCII by what looks like it, cell for cell."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments in ASCII."""
        if all(text.isascii() for text, *_ in segments):
            return segments
        return [
            segment if segment.control else Segment(in_ascii(segment.text), segment.style)
            for segment in segments
        ]
