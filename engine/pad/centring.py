"""Drawings as MNIST's images were made: scaled into a box, and centred by their centre of mass.

MNIST's digits were scaled to fit 20x20 pixels, anti-aliased, and put into 28x28 so that their
centre of mass lies in the middle. Images of another size have a box of the same share.
"""

from functools import lru_cache

import numpy as np

BOX = 20 / 28  # of an image's side
FAINT = 0.5 / 255  # what is not brighter is no ink


def centred(ink: np.ndarray, side: int) -> np.ndarray:
    """Return a drawing [R, R] in [0, 1] as an image [side, side], its aspect kept."""
    image = np.zeros((side, side), np.float32)
    rows, columns = (np.flatnonzero(ink.max(axis) > FAINT) for axis in (1, 0))
    if not len(rows):
        return image
    part = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = round(BOX * side) / max(part.shape)
    height, width = (max(1, round(extent * scale)) for extent in part.shape)
    small = resampled(part, height, width)
    top, left = (
        _place(small.sum(axis), extent, side) for axis, extent in ((1, height), (0, width))
    )
    image[top : top + height, left : left + width] = small
    return image


def _place(profile: np.ndarray, extent: int, side: int) -> int:
    """Return where to put the first of ``extent`` pixels so that the mass is in the middle.

    That is the pixel of number ``side / 2``, as in MNIST's images, and not the edge before it.
    """
    middle = float(profile @ np.arange(extent) / profile.sum())
    return min(max(round(side / 2 - middle), 0), side - extent)


def fitted(ink: np.ndarray, side: int) -> np.ndarray:
    """Return a drawing [R, R] as an image [side, side], where it is."""
    return resampled(ink, side, side)


def resampled(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return an image [H, W] at another size, float32: areas' means, between pixels linear."""
    rows, columns = _weights(image.shape[0], height), _weights(image.shape[1], width)
    found: np.ndarray = rows @ image.astype(np.float32) @ columns.T
    return found.clip(0, 1)


@lru_cache(maxsize=256)
def _weights(size: int, parts: int) -> np.ndarray:
    """Return weights [parts, size]: how much each pixel counts for each of the new ones.

    A new pixel is the mean over its own width, and over no less than one old pixel's.
    """
    centres = (np.arange(parts) + 0.5) * size / parts
    half = max(size / parts, 1) / 2
    pixels = np.arange(size)
    ends = np.minimum(centres[:, None] + half, pixels + 1)
    overlap = np.clip(ends - np.maximum(centres[:, None] - half, pixels), 0, None)
    weights: np.ndarray = (overlap / overlap.sum(1, keepdims=True)).astype(np.float32)
    return weights
