"""Grey pixels, two a cell, of which only the cells that changed are drawn and sent."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.app.guard import Guarded
from tui.app.terminal.bandwidth import CELL, LINE, STYLE
from tui.app.widgets.tiles import Tiles
from tui.drawing.pixels import UPPER_HALF, Ink
from tui.drawing.placing import Placing

BLANK, FRAME, PEN = -1, -2, -3  # instead of a grey: nothing, a frame, a pen that draws
COLOURS = {FRAME: (230, 159, 0), PEN: (224, 48, 80)}
MARKS = {FRAME: "+", PEN: "o"}  # where there is no colour
LEVELS = 24  # of grey: as many as 256 colours have
FEW = 8  # of a picture that is sent often
FINE = 4  # dots across a cell, where the terminal shows images
PLACED = 20  # bytes of a cell there, with its share of the image


def greys(image: np.ndarray, levels: int = LEVELS) -> np.ndarray:
    """Return an image in [0, 1] as greys, int16 in 0..255, few enough for cells to be alike."""
    unit = np.clip(np.nan_to_num(image), 0, 1)
    found: np.ndarray = np.rint(np.rint(unit * (levels - 1)) * 255 / (levels - 1)).astype(np.int16)
    return found


class Pixels(Guarded, Widget):
    """Shows an image; ``shades`` draw it where there is no colour."""

    DEFAULT_CSS = "Pixels { width: auto; height: auto; }"
    ALLOW_SELECT = False

    def __init__(self, shades: Ink, *, id: str) -> None:
        super().__init__(id=id)
        self.shades = None if isinstance(shades, Placing) else shades
        self._tiles = Tiles(shades) if isinstance(shades, Placing) else None
        self._cells = np.empty((0, 2, 0), np.int16)  # rows of cells, upper and lower, columns
        self._strips: dict[int, Strip] = {}

    @property
    def fine(self) -> int:
        """How many dots across a cell can have."""
        return 1 if self._tiles is None else FINE

    def show(self, image: np.ndarray, fine: int = 1) -> int:
        """Show greys int16 [H, W] in 0..255, or what stands for others, ``fine`` dots to a cell.

        Returns about how many bytes that sends to the terminal.
        """
        if rest := len(image) % (2 * fine):
            missing = np.full_like(image[:1], BLANK).repeat(2 * fine - rest, axis=0)
            image = np.concatenate([image, missing])
        if self._tiles is not None:
            image = self._tiles.stand_ins(_coloured(image), fine).repeat(2, axis=0)
        cells = image.reshape(-1, 2, image.shape[1])
        before, self._cells = self._cells, cells
        if before.shape != cells.shape:
            self._strips.clear()
            self.styles.width, self.styles.height = cells.shape[2], cells.shape[0]
            self.refresh(layout=True)
            return self._cost([Region(0, y, cells.shape[2], 1) for y in range(len(cells))])
        parts = list(_regions((before != cells).any(1)))
        for part in parts:
            self._strips.pop(part.y, None)
        if parts:
            self.refresh(*parts)
        return self._cost(parts)

    def _cost(self, parts: Sequence[Region]) -> int:
        """Return about how many bytes some cells are."""
        if self._tiles is not None:
            return PLACED * sum(part.area for part in parts)
        return _cost(self._cells, parts)

    def notify_style_update(self) -> None:
        """Draw all of it again, by the new styles."""
        self._strips.clear()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        """Draw a line unless it is kept."""
        if y >= len(self._cells):
            return Strip.blank(self.size.width, self.visual_style.rich_style)
        if y not in self._strips:
            self._strips[y] = Strip(list(self._segments(self._cells[y])), self._cells.shape[2])
        return self._strips[y].adjust_cell_length(self.size.width, self.visual_style.rich_style)

    def _segments(self, pair: np.ndarray) -> Iterator[Segment]:
        """Yield the runs of cells that look alike."""
        changes = np.flatnonzero((pair[:, 1:] != pair[:, :-1]).any(0)) + 1
        starts = [0, *changes.tolist(), pair.shape[1]]
        plain = self.visual_style.rich_style
        if self._tiles is not None:
            yield Segment("".join(map(chr, pair[0].tolist())), plain)
            return
        for start, end in pairwise(starts):
            if end > start:
                upper, lower = int(pair[0, start]), int(pair[1, start])
                mark, style = self._cell(upper, lower)
                yield Segment(mark * (end - start), plain + style if style else plain)

    def _cell(self, upper: int, lower: int) -> tuple[str, Style | None]:
        if upper == lower == BLANK:
            return " ", None
        if self.shades is None:
            return _half_block(upper, lower, self.background_colors[1].rgb)
        for special in (PEN, FRAME):
            if special in (upper, lower):
                return MARKS[special], None
        unit = (max(upper, 0) + max(lower, 0)) / 510
        shades = self.shades.grey
        return shades[min(int(unit * len(shades)), len(shades) - 1)], None


def _coloured(image: np.ndarray) -> np.ndarray:
    """Return greys, and what stands for others, as colours and alpha uint8 [H, W, 4]."""
    coloured = np.stack([*[image] * 3, np.full_like(image, 255)], axis=-1)
    for one, colour in COLOURS.items():
        coloured[image == one, :3] = colour
    coloured[image == BLANK] = 0
    return coloured.astype(np.uint8)


@lru_cache(maxsize=1 << 12)
def _half_block(upper: int, lower: int, behind: tuple[int, int, int]) -> tuple[str, Style]:
    above, below = (
        Color.from_rgb(*(behind if one == BLANK else COLOURS.get(one) or (one,) * 3))
        for one in (upper, lower)
    )
    if upper == lower:
        return " ", Style(bgcolor=above)
    return UPPER_HALF, Style(color=above, bgcolor=below)


def _cost(cells: np.ndarray, parts: Sequence[Region]) -> int:
    """Return about how many bytes parts of lines take: colours where they change, and cells."""
    size = 0
    for part in parts:
        row = cells[part.y, :, part.x : part.right]
        styles = 1 + int((row[:, 1:] != row[:, :-1]).any(0).sum())
        size += STYLE * styles + CELL * part.width + LINE
    return size


def _regions(differ: np.ndarray) -> Iterator[Region]:
    """Yield of each line the cells from the first to the last that changed, [H, W]."""
    for y in np.flatnonzero(differ.any(1)):
        places = np.flatnonzero(differ[y])
        yield Region(int(places[0]), int(y), int(places[-1] - places[0]) + 1, 1)
