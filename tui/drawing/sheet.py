"""A page of pictures with captions, as large as lets several fit, one of them chosen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from rich.text import Text

SEVERAL, MANY = 6, 12  # pictures on a page; as many as many, or they are not enlarged
SMALLEST = 8  # pixels a side
SMALL = 10  # pixels a side, up to which pictures stand close together
CHOSEN = "reverse"


@dataclass(frozen=True, slots=True)
class Sheet:
    """How square pictures are laid out: ``side`` cells wide, in columns and rows.

    ``lines`` are those of a caption.
    """

    side: int
    columns: int
    rows: int
    lines: int

    @classmethod
    def fit(cls, width: int, height: int, *, pixels: int, count: int, lines: int) -> Self:
        """Return the largest pictures, of images of so many pixels a side, that fit in a room."""
        most = max(width, 2 * height) // pixels
        larger = [pixels * times // 2 * 2 for times in range(most, 1, -1)]
        smaller = range(max(SMALLEST, pixels // 2 * 2), SMALLEST - 1, -2)
        for side in (*larger, *smaller):
            one = cls(side, 1, 1, lines)
            gaps = one.across - side, one.down - side // 2 - lines
            columns = (width + gaps[0]) // one.across
            rows = (height + gaps[1]) // one.down
            if columns * rows >= min(count, MANY if side > pixels else SEVERAL):
                break
        return cls(side, max(columns, 1), max(rows, 1), lines)

    @property
    def page(self) -> int:
        """How many pictures there are on a page."""
        return self.columns * self.rows

    @property
    def across(self) -> int:
        """The cells from one picture to the next."""
        return self.side + (1 if self.side <= SMALL else 2)

    @property
    def down(self) -> int:
        """The lines from one picture to the next."""
        return self.side // 2 + self.lines + (0 if self.side <= SMALL else 1)

    def at(self, x: int, y: int) -> int | None:
        """Return the place on the page of the picture at a cell, None between them."""
        column, row = x // self.across, y // self.down
        if not (0 <= column < self.columns and 0 <= row < self.rows) or x < 0 or y < 0:
            return None
        return None if x % self.across >= self.side else row * self.columns + column

    def draw(self, pictures: Sequence[tuple[Text, Sequence[Text]]], chosen: int | None) -> Text:
        """Return pictures over their captions; that of the chosen one is reversed."""
        lines: list[Text] = []
        for first in range(0, len(pictures), self.columns):
            row = pictures[first : first + self.columns]
            blocks = []
            for place, (picture, captions) in enumerate(row, first):
                style = CHOSEN if place == chosen else ""
                told = [self._caption(words, style) for words in captions]
                blocks.append([*picture.split("\n"), *told])
            if lines and self.side > SMALL:
                lines.append(Text())
            for parts in zip(*blocks, strict=True):
                line = Text(no_wrap=True)
                for number, part in enumerate(parts):
                    line.append(" " * (number * self.across - line.cell_len))
                    line.append_text(part)
                lines.append(line)
        return Text("\n", no_wrap=True).join(lines)

    def _caption(self, words: Text, style: str) -> Text:
        words = words.copy()
        words.truncate(self.side, overflow="ellipsis", pad=True)
        if style:
            words.stylize(style)
        return words
