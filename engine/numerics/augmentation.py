"""Small random affine changes of images, as handwriting varies."""

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.networks.architectures import SIDE

AMOUNTS = 6  # numbers that describe one change: turn, two scales, shear, two shifts


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How far an image may change; every amount is uniform within its limit."""

    shift: float  # along each axis, in pixels of 28 (not whole ones); of others as large a part
    rotation: float  # degrees
    scale: float  # of the logarithm, each axis by itself
    shear: float = 0.0


TRAINING = Limits(shift=1, rotation=6, scale=0.06, shear=0.06)


def random_affine(random: np.random.Generator, images: int, limits: Limits = TRAINING) -> Tensor:
    """Return a random change for each of so many images, for ``warp``: float32 [N, 2, 3]."""
    return affine(random.uniform(-1, 1, (AMOUNTS, images)), limits)


def affine(amounts: np.ndarray, limits: Limits) -> Tensor:
    """Return the matrices of changes by ``amounts`` [6, N], each in [-1, 1] of its limit.

    Float32 [N, 2, 3], from where in the new image to where in the old one, -1 to 1 across each.
    """
    turn, shear = math.radians(limits.rotation) * amounts[0], limits.shear * amounts[3]
    scale_x, scale_y = np.exp(limits.scale * amounts[1]), np.exp(limits.scale * amounts[2])
    shift = amounts[4:] * limits.shift * 2 / SIDE
    cos, sin = np.cos(turn), np.sin(turn)
    rows = [
        [cos * scale_x, (shear * cos - sin) * scale_x, shift[0]],
        [sin * scale_y, (shear * sin + cos) * scale_y, shift[1]],
    ]
    return torch.from_numpy(np.array(rows, np.float32).transpose(2, 0, 1))


def warp(images: Tensor, where: Tensor) -> Tensor:
    """Return images [N, 1, H, W] changed by matrices [N, 2, 3]; outside of them is black."""
    grid = F.affine_grid(where, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="zeros", align_corners=False)
