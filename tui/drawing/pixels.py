"""Images as characters: two pixels a cell in colour, or shades where there is no colour."""

from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

import numpy as np
from rich.color import Color
from rich.style import Style
from rich.text import Text


class Shades(NamedTuple):
    """Characters that stand for pixels without colour."""

    grey: str  # dark to bright, on a dark terminal
    signed: str  # less ink, none, more ink


ASCII = Shades(" .:-=+*#%@", "@%#=- +oxX")
BLOCKS = Shades(" ░▒▓█", "█▓▒░ +oxX")
UPPER_HALF = "▀"
FRAME = (230, 159, 0)


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


def draw_grey(image: np.ndarray, shades: Shades | None = None) -> Text:
    """Draw an image [H, W] in [0, 1], black to white, in H/2 lines of W cells."""
    level = (np.clip(np.nan_to_num(image), 0, 1) * 255 + 0.5).astype(np.uint8)
    return _grey(level.tobytes(), level.shape, shades).copy()


@lru_cache(maxsize=512)
def _grey(pixels: bytes, shape: tuple[int, int], shades: Shades | None) -> Text:
    """Draw grey levels; kept, since most images of a section stay while their captions change."""
    level = np.frombuffer(pixels, np.uint8).reshape(shape)
    if shades:
        return _shaded(level / 255, shades.grey)
    return _half_blocks(np.stack([level] * 3, axis=-1))


def draw_signed(image: np.ndarray, bound: float, shades: Shades | None = None) -> Text:
    """Draw an image [H, W] in [-bound, bound]: blue takes ink away, red adds it, zero is white."""
    unit = np.clip(np.nan_to_num(image) / (bound or 1), -1, 1)
    if shades:
        return _shaded((unit + 1) / 2, shades.signed)
    strength = np.abs(unit)[..., None]
    tint = np.where(unit[..., None] > 0, (178, 24, 43), (33, 102, 172))
    colours = 247 * (1 - strength) + tint * strength
    return _half_blocks(colours.astype(np.uint8))


def draw_framed(
    image: np.ndarray, frame: tuple[slice, slice], shades: Shades | None = None
) -> Text:
    """Draw an image [H, W] in [0, 1] with a frame around rows and columns, outside of them."""
    rows, columns = frame
    mask = np.zeros(image.shape, bool)
    around = [slice(max(part.start - 1, 0), part.stop + 1) for part in frame]
    mask[around[0], around[1]] = True
    mask[rows, columns] = False
    unit = np.clip(np.nan_to_num(image), 0, 1)
    if shades:
        return _shaded(np.where(mask, 0.3, unit), shades.grey)
    level = np.stack([unit * 255 + 0.5] * 3, axis=-1)
    level[mask] = FRAME
    return _half_blocks(level.astype(np.uint8))


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
            text.append(UPPER_HALF * len(list(run)), _style(*colours_of_cell))
    return text


def _paired(values: np.ndarray) -> np.ndarray:
    """Return rows in pairs [H/2, 2, W, ...], an odd last row with a copy of itself."""
    if len(values) % 2:
        values = np.concatenate([values, values[-1:]])
    return values.reshape(-1, 2, *values.shape[1:])


@lru_cache(maxsize=1 << 16)
def _style(*rgb: int) -> Style:
    return Style(color=Color.from_rgb(*rgb[:3]), bgcolor=Color.from_rgb(*rgb[3:]))
