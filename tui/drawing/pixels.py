"""Images as characters: two pixels a cell in colour, or shades where there is no colour.

Where the terminal shows images, they stand in the same cells, with all pixels that they have.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

import numpy as np
from rich.color import Color
from rich.style import Style
from rich.text import Text

from tui.drawing.placing import Placing


class Shades(NamedTuple):
    """Characters that stand for pixels without colour."""

    grey: str  # dark to bright, on a dark terminal
    signed: str  # less ink, none, more ink


ASCII = Shades(" .:-=+*#%@", "@%#=- +oxX")
BLOCKS = Shades(" ░▒▓█", "█▓▒░ +oxX")
UPPER_HALF = "▀"
FRAME = (230, 159, 0)
FINE = 4  # dots of a pixel that has a frame beside it, where the terminal shows images
Ink = Shades | Placing | None  # what images are drawn with; None are half blocks in colour


def shrink(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return an image [H, W] as the means of ``height`` x ``width`` areas (or as it is).

    There is one pixel at least: a terminal may leave no room, or less.
    """
    rows = _areas(image.shape[0], max(1, min(height, image.shape[0])))
    columns = _areas(image.shape[1], max(1, min(width, image.shape[1])))
    shrunk: np.ndarray = rows @ image @ columns.T
    return shrunk


@lru_cache(maxsize=64)
def _areas(size: int, parts: int) -> np.ndarray:
    """Return the weights [parts, size] that average ``size`` pixels into ``parts`` areas."""
    edges = np.linspace(0, size, parts + 1)
    pixels = np.arange(size)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    weights: np.ndarray = np.clip(overlap, 0, None) * parts / size
    return weights


def draw_grey(image: np.ndarray, ink: Ink = None, size: int | None = None) -> Text:
    """Draw an image [H, W] in [0, 1], black to white, in H/2 lines of W cells.

    ``size`` are the pixels a side that it has room for, where that is not its own.
    """
    if isinstance(ink, Placing):
        level = _levels(image)
        if (drawn := ink.draw(level, *_box(image, size))) is not None:
            return drawn
    level = _levels(image if size is None else exactly(image, size))
    return _grey(level.tobytes(), level.shape, _shades(ink)).copy()


def _levels(image: np.ndarray) -> np.ndarray:
    level: np.ndarray = (np.clip(np.nan_to_num(image), 0, 1) * 255 + 0.5).astype(np.uint8)
    return level


def _box(image: np.ndarray, size: int | None) -> tuple[int, int]:
    """Return columns and rows of the cells for an image."""
    height, width = image.shape[:2] if size is None else (size, size)
    return width, -(-height // 2)


def _shades(ink: Ink) -> Shades | None:
    return None if isinstance(ink, Placing) else ink


@lru_cache(maxsize=512)
def _grey(pixels: bytes, shape: tuple[int, int], shades: Shades | None) -> Text:
    """Draw grey levels; kept, since most images of a section stay while their captions change."""
    level = np.frombuffer(pixels, np.uint8).reshape(shape)
    if shades:
        return _shaded(level / 255, shades.grey)
    return _half_blocks(np.stack([level] * 3, axis=-1))


def draw_signed(image: np.ndarray, bound: float, ink: Ink = None, size: int | None = None) -> Text:
    """Draw an image [H, W] in [-bound, bound]: blue takes ink away, red adds it, zero is white.

    ``size`` is as for ``draw_grey``.
    """
    if isinstance(ink, Placing):
        drawn = ink.draw(_tints(_signed_unit(image, bound)), *_box(image, size))
        if drawn is not None:
            return drawn
    unit = _signed_unit(image if size is None else exactly(image, size), bound)
    if shades := _shades(ink):
        return _shaded((unit + 1) / 2, shades.signed)
    return _half_blocks(_tints(unit))


def _signed_unit(image: np.ndarray, bound: float) -> np.ndarray:
    unit: np.ndarray = np.clip(np.nan_to_num(image) / (bound or 1), -1, 1)
    return unit


def _tints(unit: np.ndarray) -> np.ndarray:
    """Return the colours uint8 [H, W, 3] of what is in [-1, 1]."""
    strength = np.abs(unit)[..., None]
    tint = np.where(unit[..., None] > 0, (178, 24, 43), (33, 102, 172))
    colours: np.ndarray = (247 * (1 - strength) + tint * strength).astype(np.uint8)
    return colours


def draw_framed(
    image: np.ndarray, frame: tuple[slice, slice], ink: Ink = None, size: int | None = None
) -> Text:
    """Draw an image [H, W] in [0, 1] with a frame around rows and columns, outside of them.

    ``size`` is as for ``draw_grey``.
    """
    if isinstance(ink, Placing):
        large, thick = enlarge(image, FINE), FINE // 2  # a frame of half a pixel
        level = _framed(large, [_scaled(part, FINE) for part in frame], thick)
        if (drawn := ink.draw(level, *_box(image, size))) is not None:
            return drawn
    if size is not None:
        frame = _scaled(frame[0], size / len(image)), _scaled(frame[1], size / len(image))
        image = exactly(image, size)
    if shades := _shades(ink):
        unit = np.clip(np.nan_to_num(image), 0, 1)
        return _shaded(np.where(_around(image, frame, 1), 0.3, unit), shades.grey)
    return _half_blocks(_framed(image, frame, 1))


def _framed(image: np.ndarray, frame: Sequence[slice], thick: int) -> np.ndarray:
    """Return the colours uint8 [H, W, 3] of an image in [0, 1] with a frame around a part."""
    level = np.stack([_levels(image)] * 3, axis=-1)
    level[_around(image, frame, thick)] = FRAME
    return level


def _around(image: np.ndarray, frame: Sequence[slice], thick: int) -> np.ndarray:
    """Return which pixels [H, W] are just outside rows and columns."""
    rows, columns = frame
    mask = np.zeros(image.shape, bool)
    mask[tuple(slice(max(part.start - thick, 0), part.stop + thick) for part in frame)] = True
    mask[rows, columns] = False
    return mask


def _scaled(part: slice, scale: float) -> slice:
    return slice(round(part.start * scale), round(part.stop * scale))


def enlarge(image: np.ndarray, factor: int) -> np.ndarray:
    """Return an image [H, W] with every pixel ``factor`` times as wide and high."""
    return image.repeat(factor, 0).repeat(factor, 1)


def exactly(image: np.ndarray, size: int) -> np.ndarray:
    """Return an image [H, W] at exactly ``size`` pixels a side, whatever its own."""
    return shrink(enlarge(image, max(1, -(-size // len(image)))), size, size)


def _shaded(unit: np.ndarray, shades: str) -> Text:
    """Draw one character for two pixels on top of each other."""
    pairs = _paired(unit).mean(1)
    index = np.minimum((pairs * len(shades)).astype(int), len(shades) - 1)
    return Text("\n".join("".join(shades[i] for i in row) for row in index))


def _half_blocks(colours: np.ndarray) -> Text:
    """Draw colours [H, W, 3], the upper pixel of a pair in front of the lower one."""
    text = Text(no_wrap=True)
    for number, pair in enumerate(_paired(colours)):
        if number:
            text.append("\n")
        cells = [(*u, *v) for u, v in zip(pair[0].tolist(), pair[1].tolist(), strict=True)]
        for colours_of_cell, run in groupby(cells):
            text.append(UPPER_HALF * len(list(run)), half_block(*colours_of_cell))
    return text


def _paired(values: np.ndarray) -> np.ndarray:
    """Return rows in pairs [H/2, 2, W, ...], an odd last row with a copy of itself."""
    if len(values) % 2:
        values = np.concatenate([values, values[-1:]])
    return values.reshape(-1, 2, *values.shape[1:])


@lru_cache(maxsize=1 << 16)
def half_block(*rgb: int) -> Style:
    """Return the style of a cell by the colours of its upper and its lower pixel."""
    return Style(color=Color.from_rgb(*rgb[:3]), bgcolor=Color.from_rgb(*rgb[3:]))
