"""A picture in lines, of which only those that changed are drawn and sent."""

from collections.abc import Iterator, Sequence
from itertools import pairwise, zip_longest

from rich.text import Text
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.visual import Visual, visualize
from textual.widget import Widget

from tui.app.faults import plant, words_of
from tui.app.guard import FAULT, Guarded

NEAR = 4  # cells that cost no more than to go past them


class Lines(Guarded, Widget):
    """Shows a text whose lines are never folded: what is too wide is cut.

    A picture is mostly the same as the one before it, in a grid all but a caption: its lines are
    kept as they were drawn.
    """

    DEFAULT_CSS = "Lines { width: 100%; height: auto; text-wrap: nowrap; text-overflow: clip; }"

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._lines: list[Text] = []
        self._strips: dict[int, Strip] = {}  # those that were drawn, by the number of the line
        self._drawn_for = 0  # cells

    def show(self, text: Text) -> int:
        """Show a text; return how many cells of it are sent to the terminal."""
        before, self._lines = self._lines, list(text.split("\n", allow_blank=True))
        if len(before) != len(self._lines):
            self._strips.clear()
            self.refresh(layout=True)
            return text.cell_len
        parts = list(changed(before, self._lines))
        for part in parts:
            self._strips.pop(part.y, None)
        if parts:
            self.refresh(*parts)
        return sum(part.width for part in parts)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the number of lines."""
        return len(self._lines)

    def render(self) -> Text:
        """Return the whole text."""
        return Text("\n").join(self._lines)

    def notify_style_update(self) -> None:
        """Draw all lines again, by the new styles."""
        self._strips.clear()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        """Draw a line unless it is kept."""
        if self._drawn_for != self.size.width:
            self._strips.clear()
            self._drawn_for = self.size.width
        if y >= len(self._lines):
            return Strip.blank(self.size.width, self.visual_style.rich_style)
        if y not in self._strips:
            self._strips[y] = self._drawn(self._lines[y])
        return self._strips[y]

    def _drawn(self, line: Text) -> Strip:
        """Return a line as it is sent, or words about what kept it from being drawn."""
        try:
            plant("Lines.render")
            return self._strip(line)
        except Exception as error:
            self.app.report(error, "Lines.render")
            return self._strip(Text(f"cannot be shown ({words_of(error)})", FAULT))

    def _strip(self, line: Text) -> Strip:
        width, style = self.size.width, self.visual_style
        strips = Visual.to_strips(self, visualize(self, line), width, 1, style, pad=True)
        return strips[0] if strips else Strip.blank(width, style.rich_style)


def changed(before: Sequence[Text], after: Sequence[Text]) -> Iterator[Region]:
    """Yield of each line the cells that look another way, with what lies closely between them."""
    for y, (old, new) in enumerate(zip(before, after, strict=True)):
        if old == new:
            continue
        if (old.cell_len, new.cell_len) != (len(old), len(new)):  # some are two cells wide
            yield Region(0, y, max(old.cell_len, new.cell_len), 1)
            continue
        pairs = enumerate(zip_longest(_cells(old), _cells(new)))
        places = [x for x, (one, other) in pairs if one != other]
        starts = [n for n, x in enumerate(places) if not n or x - places[n - 1] > NEAR]
        for start, end in pairwise([*starts, len(places)]):
            first, last = places[start], places[end - 1]
            yield Region(first, y, last + 1 - first, 1)


def _cells(line: Text) -> list[tuple[object, ...]]:
    """Return each character with its styles."""
    cells: list[tuple[object, ...]] = [(character, line.style) for character in line.plain]
    for start, end, style in line.spans:
        cells[start:end] = [(*cell, style) for cell in cells[start:end]]
    return cells
