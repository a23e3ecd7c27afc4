"""What goes to a terminal that shows images: it gets each one once, and placeholders for its cells.

Everything that Textual writes passes here. Stand-ins (``tui/drawing/placing.py``) become
placeholders, an image is sent when its first cell is, and freed as soon as nothing of it is left on
the screen; for that, the cells of images are kept track of, and of nothing else.
"""

import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

from rich.cells import cell_len

from tui.drawing.kitty import (
    COLOURS,
    IDS,
    colour_of,
    deletion,
    id_of,
    placeholders,
    png,
    through_tmux,
    transmission,
)
from tui.drawing.placing import STAND_INS, Image, Placing

RATE = 48 * 1024  # bytes of images a second in the long run: a slow SSH line carries 64 KB
BURST = 48 * 1024  # bytes of them that may come at once
_TOKENS = re.compile(
    r"\x1b\[(?P<line>\d*);?(?P<column>\d*)H"
    r"|(?P<style>\x1b\[[\d;:]*m)"
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # links and titles
    r"|\x1b[_P^X][^\x1b]*\x1b\\"
    r"|\x1b\[[0-?]*[ -/]*[@-~]|\x1b."
    r"|(?P<end>\n)|[\x00-\x1a\x1c-\x1f]"
    r"|(?P<text>[^\x00-\x1f]+)"
)


class _Cell(NamedTuple):
    image: Image
    row: int
    column: int
    style: str  # the sequence before it


class Images:
    """The images on one terminal."""

    def __init__(
        self,
        placing: Placing,
        *,
        tmux: bool = False,
        busy: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
        start: int | None = None,
    ) -> None:
        """``tmux`` stands between; ``busy`` tells whether the line stalls.

        Ids ``start`` anywhere, since other programs may show images in the same window.
        """
        self.placing = placing
        self._tmux, self._busy = tmux, busy
        self._clock, self._at, self._level = clock, clock(), 0.0
        self._next = random.randrange(len(COLOURS)) if start is None else start
        self._sent: dict[Image, int] = {}  # their ids
        self._taken: set[int] = set()
        self._cells: dict[int, dict[int, _Cell]] = {}  # of images, by line and column
        self._counts: Counter[Image] = Counter()  # cells on the screen
        self._late: set[Image] = set()  # on the screen, but not sent yet
        self._line = self._column = 0

    @property
    def late(self) -> bool:
        """Whether some images are still to be sent."""
        return bool(self._late)

    @property
    def shown(self) -> int:
        """How many images the terminal holds."""
        return len(self._sent)

    def translate(self, data: str) -> str:
        """Return what to write instead of what Textual writes."""
        if not self._counts and not STAND_INS.search(data):
            return data
        ahead: list[str] = []
        parts: list[str] = []
        style = ""
        for token in _TOKENS.finditer(data):
            kind = token.lastgroup
            if kind == "text":
                parts += self._write(token[0], style, ahead)
                continue
            if kind == "style":
                style = "" if token[0] in ("\x1b[0m", "\x1b[m") else token[0]
            elif kind in ("line", "column"):
                self._line = int(token["line"] or 1) - 1
                self._column = int(token["column"] or 1) - 1
            elif kind == "end":
                self._line, self._column = self._line + 1, 0
            parts.append(token[0])
        return "".join([*ahead, *parts, *self._free_unseen()])

    def catch_up(self) -> str:
        """Return what to write for images that had to wait, "" while they still have to."""
        if not self._late or self._busy():
            return ""
        ahead: list[str] = []
        for image in sorted(self._late, key=lambda image: image.first):
            if not self._send(image, ahead):
                break
        if not ahead:
            return ""
        parts = ["\x1b7"]  # the cursor comes back
        for line, cells in self._cells.items():
            for column, cell in cells.items():
                if cell.image not in self._late or cell.image not in self._sent:
                    continue
                before = cells.get(column - 1)
                if before != cell._replace(column=cell.column - 1):  # the others stand behind it
                    count = 1
                    while cells.get(column + count) == cell._replace(column=cell.column + count):
                        count += 1
                    parts.append(f"\x1b[{line + 1};{column + 1}H\x1b[0m{cell.style}")
                    parts.append(self._shown(cell, count))
        self._late -= self._sent.keys()
        written = "".join([*ahead, *parts, "\x1b8"])
        self._level += len(written) - len("".join(ahead))
        return written

    def fit(self, columns: int, lines: int) -> str:
        """Forget what lies outside a terminal's new size; return what to write."""
        for line, cells in list(self._cells.items()):
            for column in [c for c in cells if line >= lines or c >= columns]:
                self._drop(cells.pop(column))
        return "".join(self._free_unseen())

    def free(self) -> str:
        """Return what frees everything; what is shown after that is sent again."""
        freed = "".join(self._escape(deletion(id)) for id in list(self._sent.values()))
        self._sent.clear()
        self._taken.clear()
        self._cells.clear()
        self._counts.clear()
        self._late.clear()
        return freed

    def _write(self, text: str, style: str, ahead: list[str]) -> Iterator[str]:
        """Yield a text with placeholders, and note where it stands."""
        start = 0
        for found in STAND_INS.finditer(text):
            yield self._plain(text[start : found.start()])
            yield from self._placed(found[0], style, ahead)
            start = found.end()
        yield self._plain(text[start:])

    def _plain(self, text: str) -> str:
        if text:
            end = self._column + cell_len(text)
            if cells := self._cells.get(self._line):
                for column in [c for c in cells if self._column <= c < end]:
                    self._drop(cells.pop(column))
            self._column = end
        return text

    def _placed(self, text: str, style: str, ahead: list[str]) -> Iterator[str]:
        """Yield placeholders for stand-ins, blanks for those of images that have to wait."""
        cells = self._cells.setdefault(self._line, {})
        start = 0
        while start < len(text):
            image, row, column, count = self._run(text, start)
            start += count
            for place in range(self._column, self._column + count):
                if (before := cells.pop(place, None)) is not None:
                    self._drop(before)
            if image is not None:
                for place in range(count):
                    cells[self._column + place] = _Cell(image, row, column + place, style)
                self._counts[image] += count
                if image not in self._sent and image not in self._late:
                    self._send(image, ahead)
            self._column += count
            if image is None or image not in self._sent:
                yield " " * count
            else:
                yield self._shown(_Cell(image, row, column, style), count)

    def _shown(self, cell: _Cell, count: int) -> str:
        """Return the placeholders of some cells, the first of which is given."""
        id = self._sent[cell.image]
        shown = placeholders(id, cell.row, cell.column, count)
        return f"{colour_of(id)}{shown}\x1b[0m{cell.style}"

    def _run(self, text: str, start: int) -> tuple[Image | None, int, int, int]:
        """Return whose cells begin at a place of a text, row, column, and how many follow."""
        image, count = self.placing.find(text[start]), 1
        if image is None:
            return None, 0, 0, 1
        row, column = image.place(text[start])
        while (
            start + count < len(text)
            and column + count < image.columns
            and ord(text[start + count]) == ord(text[start]) + count
        ):
            count += 1
        return image, row, column, count

    def _drop(self, cell: _Cell) -> None:
        self._counts[cell.image] -= 1
        if not self._counts[cell.image]:
            del self._counts[cell.image]

    def _send(self, image: Image, ahead: list[str]) -> bool:
        """Send an image if the line allows, and there is an id for it."""
        now = self._clock()
        self._level = max(self._level - RATE * (now - self._at), 0.0)
        self._at = now
        if self._level >= BURST or self._busy() or len(self._taken) == IDS:
            self._late.add(image)
            return False
        id = self._free_id()
        sequences = transmission(id, png(image.enlarged()), image.columns, image.rows)
        written = "".join(map(self._escape, sequences))
        self._level += len(written)
        ahead.append(written)
        self._sent[image] = id
        self._taken.add(id)
        return True

    def _free_id(self) -> int:
        """Return an id that was not used lately, below 256 as long as there is one."""
        few = len(COLOURS)
        numbers: Iterator[int] = iter(range(IDS))
        if len(self._taken) < few:
            numbers = ((self._next + step) % few for step in range(few))
        number = next(number for number in numbers if id_of(number) not in self._taken)
        self._next = (number + 1) % few
        return id_of(number)

    def _free_unseen(self) -> Iterator[str]:
        self._late &= self._counts.keys()
        for image in [image for image in self._sent if image not in self._counts]:
            id = self._sent.pop(image)
            self._taken.discard(id)
            yield self._escape(deletion(id))

    def _escape(self, sequence: str) -> str:
        return through_tmux(sequence) if self._tmux else sequence
