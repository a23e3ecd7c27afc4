"""A picture that changes here and there, as images small enough that only those parts are sent."""

import numpy as np

from tui.drawing.placing import Mark, Placing

COLUMNS, ROWS = 8, 4  # cells of a tile
BLANK_CELL = ord(" ")


class Tiles:
    """Finds the stand-ins of a picture, and keeps the images of the last one."""

    def __init__(self, placing: Placing) -> None:
        self._placing = placing
        self._marks: list[Mark] = []

    def stand_ins(self, picture: np.ndarray, fine: int) -> np.ndarray:
        """Return the characters int32 [H/2, W] for colours and alpha uint8 [H * fine, W * fine, 4].

        H is even. Where nothing is to be seen there are blanks.
        """
        rows, columns = picture.shape[0] // fine // 2, picture.shape[1] // fine
        cells = np.full((rows, columns), BLANK_CELL, np.int32)
        marks = []
        for top in range(0, rows, ROWS):
            for left in range(0, columns, COLUMNS):
                area = slice(top, top + ROWS), slice(left, left + COLUMNS)
                across = slice(left * fine, (left + COLUMNS) * fine)
                pixels = picture[top * 2 * fine : (top + ROWS) * 2 * fine, across]
                if not pixels[..., 3].any():
                    continue
                shape = cells[area].shape
                mark = self._placing.mark(_fewest(pixels), shape[1], shape[0])
                if mark is not None:
                    first = mark.image.first
                    cells[area] = np.arange(first, mark.image.end).reshape(shape)
                    marks.append(mark)
        self._marks = marks  # only now may those of the last picture go
        return cells


def _fewest(pixels: np.ndarray) -> np.ndarray:
    """Return pixels uint8 [H, W, 4] without the channels that say nothing."""
    if (pixels[..., 3] < 255).any():
        return pixels
    if (pixels[..., :1] == pixels[..., 1:3]).all():
        return pixels[..., 0]
    return pixels[..., :3]
