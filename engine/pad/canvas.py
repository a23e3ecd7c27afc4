"""What is drawn: ink in fine pixels, stroke by stroke.

Places are (x, y) in [0, 1], from the left and from the top, whatever the resolution.
"""

import numpy as np

from engine.pad.centring import centred, fitted

FINEST = 96  # fine pixels a side, at least
PEN = 0.045  # radius, as a share of the side: MNIST's strokes are two to three pixels wide
RUBBER = 0.08
SOFT = 0.03  # how wide the pen's edge is
MOST_UNDONE = 200  # strokes

Place = tuple[float, float]


class Canvas:
    """A drawing for a network whose images have ``side`` pixels.

    ``ink`` is float32 [R, R] in [0, 1], R a multiple of ``side``, so that an image can be put on
    the canvas and comes out as it was.
    """

    def __init__(self, side: int) -> None:
        self.side = side
        self.factor = max(2, -(-FINEST // side))
        self.ink = self._empty()
        self._before: list[tuple[np.ndarray, np.ndarray | None]] = []
        self._whole: np.ndarray | None = None  # an image that was put here and not drawn on

    def _empty(self) -> np.ndarray:
        return np.zeros((self.side * self.factor,) * 2, np.float32)

    @property
    def blank(self) -> bool:
        """Whether nothing is drawn."""
        return not self.ink.any()

    @property
    def undoable(self) -> bool:
        """Whether there is anything to undo."""
        return bool(self._before)

    def begin(self) -> None:
        """Remember what there is, to be undone: a stroke begins."""
        self._before = [*self._before[1 - MOST_UNDONE :], (self.ink.copy(), self._whole)]

    def line(self, start: Place, end: Place, *, erase: bool = False) -> None:
        """Draw from one place to another with the soft pen, or erase with a wider rubber."""
        size, radius = len(self.ink), RUBBER if erase else PEN
        reach = radius + SOFT
        rows, columns = (
            slice(
                max(0, int((min(start[axis], end[axis]) - reach) * size)),
                max(0, int((max(start[axis], end[axis]) + reach) * size) + 1),
            )
            for axis in (1, 0)
        )
        part = self.ink[rows, columns]
        if not part.size:
            return
        y, x = np.mgrid[rows.start : rows.start + part.shape[0],
                        columns.start : columns.start + part.shape[1]]  # fmt: skip
        distance = _distance((x + 0.5) / size, (y + 0.5) / size, start, end)
        touched = np.clip((radius + SOFT / 2 - distance) / SOFT, 0, 1).astype(np.float32)
        self.ink[rows, columns] = (
            np.minimum(part, 1 - touched) if erase else np.maximum(part, touched)
        )
        self._whole = None

    def clear(self) -> None:
        """Remove all ink; that can be undone."""
        if not self.blank:
            self.begin()
            self.ink, self._whole = self._empty(), None

    def undo(self) -> None:
        """Take back the last stroke, or what cleared the canvas, or an image put on it."""
        if self._before:
            self.ink, self._whole = self._before.pop()

    def put(self, image: np.ndarray) -> None:
        """Put an image uint8 [side, side] on the canvas; that can be undone."""
        self.begin()
        self._whole = image.astype(np.float32) / 255
        self.ink = self._whole.repeat(self.factor, 0).repeat(self.factor, 1)

    def seen(self, *, centring: bool) -> np.ndarray:
        """Return what a network gets: float32 [side, side] in [0, 1].

        An image that was put here is given as it is until someone draws on it.
        """
        if self._whole is not None:
            return self._whole
        return centred(self.ink, self.side) if centring else fitted(self.ink, self.side)


def _distance(x: np.ndarray, y: np.ndarray, start: Place, end: Place) -> np.ndarray:
    """Return how far places are from a line between two others."""
    along = end[0] - start[0], end[1] - start[1]
    length = along[0] ** 2 + along[1] ** 2
    share = ((x - start[0]) * along[0] + (y - start[1]) * along[1]) / (length or 1)
    share = np.clip(share, 0, 1)
    found: np.ndarray = np.hypot(x - start[0] - share * along[0], y - start[1] - share * along[1])
    return found
