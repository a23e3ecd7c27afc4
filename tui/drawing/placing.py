"""Images that stand in text: each cell of one is a character of its own.

The characters are stand-ins from where Unicode has none to show. They can be cut, moved, compared
and covered like any other; what goes to the terminal has what it understands in their place
(``tui/app/terminal/images.py``). An image is known as long as a text holds it.
"""

import re
from bisect import bisect, insort
from collections import deque
from dataclasses import dataclass, field
from weakref import WeakValueDictionary, finalize

import numpy as np
from rich.color import Color
from rich.style import Style
from rich.text import Text

from tui.drawing.kitty import MOST

# Planes 4 to 13 have no characters, and what is there is one cell wide.
FIRST, LAST = 0x40000, 0xDFFFF
STAND_INS = re.compile(f"[{chr(FIRST)}-{chr(LAST)}]+")
CRISP = 4  # times that a pixel is sent in each direction at most, lest the terminal blurs it
PIXELS = 8  # across, that a cell has about


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """Pixels uint8, [H, W] or [H, W, 3 or 4], for a box of cells."""

    pixels: np.ndarray = field(repr=False)
    columns: int
    rows: int
    first: int  # the stand-in of its first cell; the others follow, row by row

    @property
    def end(self) -> int:
        """The stand-in behind its last cell."""
        return self.first + self.columns * self.rows

    def enlarged(self) -> np.ndarray:
        """Return the pixels as they are sent: large enough for the terminal to keep them crisp."""
        height, width = self.pixels.shape[:2]
        factor = max(
            1, min(CRISP, self.columns * PIXELS // width, self.rows * 2 * PIXELS // height)
        )
        return self.pixels.repeat(factor, 0).repeat(factor, 1)

    def place(self, stand_in: str) -> tuple[int, int]:
        """Return the row and column that a stand-in is for."""
        return divmod(ord(stand_in) - self.first, self.columns)


class Mark(Style):
    """The style of an image's cells. As long as a text has it, the image is needed."""

    __slots__ = ("__weakref__", "image")

    def __init__(self, image: Image) -> None:
        # Any colour would do: without one, texts would drop the style.
        super().__init__(color=Color.from_rgb(128, 128, 128))
        self.image = image


class Placing:
    """Finds stand-ins for images, and the images of stand-ins."""

    def __init__(self) -> None:
        self._marks: WeakValueDictionary[tuple[object, ...], Mark] = WeakValueDictionary()
        self._images: dict[int, Image] = {}  # by their first stand-ins
        self._firsts: list[int] = []  # in order
        self._gone: deque[int] = deque()  # a collector's thread adds to them
        self._next = FIRST

    def draw(self, pixels: np.ndarray, columns: int, rows: int) -> Text | None:
        """Return pixels as lines of stand-ins, None where there is no room for more."""
        mark = self.mark(pixels, columns, rows)
        if mark is None:
            return None
        text = Text(no_wrap=True)
        for row in range(rows):
            start = mark.image.first + row * columns
            text.append("\n" if row else "")
            text.append("".join(map(chr, range(start, start + columns))), mark)
        return text

    def mark(self, pixels: np.ndarray, columns: int, rows: int) -> Mark | None:
        """Return the style of the cells of an image, None where there is no room for more.

        The same pixels in the same box are the same image.
        """
        key = pixels.tobytes(), pixels.shape, columns, rows
        mark = self._marks.get(key)
        if mark is None:
            image = self._settle(pixels, columns, rows)
            if image is None:
                return None
            self._marks[key] = mark = Mark(image)
            finalize(mark, self._gone.append, image.first).atexit = False
        return mark

    def find(self, stand_in: str) -> Image | None:
        """Return the image that a stand-in belongs to, None where it is gone."""
        place = bisect(self._firsts, code := ord(stand_in))
        image = self._images[self._firsts[place - 1]] if place else None
        return image if image is not None and code < image.end else None

    def __len__(self) -> int:
        self._forget()
        return len(self._images)

    def _settle(self, pixels: np.ndarray, columns: int, rows: int) -> Image | None:
        """Return an image with stand-ins that nothing else has, None where none are left."""
        if not 0 < columns <= MOST or not 0 < rows <= MOST:
            return None
        self._forget()
        size, start, turned = columns * rows, self._next, False
        while True:
            if start + size > LAST + 1:
                if turned:
                    return None
                start, turned = FIRST, True
            place = bisect(self._firsts, start)
            before = self._images[self._firsts[place - 1]].end if place else FIRST
            if before > start:
                start = before
                continue
            if place < len(self._firsts) and self._firsts[place] < start + size:
                start = self._images[self._firsts[place]].end
                continue
            break
        image = Image(pixels, columns, rows, start)
        insort(self._firsts, start)
        self._images[start] = image
        self._next = image.end
        return image

    def _forget(self) -> None:
        """Drop the images that no text holds any longer."""
        while self._gone:
            first = self._gone.popleft()
            del self._images[first]
            del self._firsts[bisect(self._firsts, first) - 1]
