"""Small random affine changes of images, as handwriting varies."""

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

AMOUNTS = 6  # numbers that describe one change: turn, two scales, shear, two shifts


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How far an image may change, each way; every amount is uniform within its limit."""

    shift: float  # pixels along each axis, not whole ones
    rotation: float  # degrees
    scale: float  # of the logarithm, each axis by itself
    shear: float = 0.0


TRAINING = Limits(shift=1, rotation=6, scale=0.06, shear=0.06)


def random_affine(images: Tensor, random: np.random.Generator, limits: Limits = TRAINING) -> Tensor:
    """Return images [N, 1, H, W], each shifted, turned, scaled and sheared a little."""
    return affine(images, random.uniform(-1, 1, (AMOUNTS, len(images))), limits)


def affine(images: Tensor, amounts: np.ndarray, limits: Limits) -> Tensor:
    """Return images [N, 1, H, W] changed by ``amounts`` [6, N], each in [-1, 1] of its limit.

    What comes from outside an image is black.
    """
    turn, shear = math.radians(limits.rotation) * amounts[0], limits.shear * amounts[3]
    scale_x, scale_y = np.exp(limits.scale * amounts[1]), np.exp(limits.scale * amounts[2])
    # affine_grid measures from -1 to 1 across the image.
    shift = amounts[4:] * limits.shift * 2 / images.shape[-1]
    cos, sin = np.cos(turn), np.sin(turn)
    rows = [
        [cos * scale_x, (shear * cos - sin) * scale_x, shift[0]],
        [sin * scale_y, (shear * sin + cos) * scale_y, shift[1]],
    ]
    matrices = np.array(rows, np.float32).transpose(2, 0, 1)  # [N, 2, 3]
    where = torch.from_numpy(matrices).to(images.device)
    grid = F.affine_grid(where, images.shape, align_corners=False)
    return F.grid_sample(images, grid, padding_mode="zeros", align_corners=False)
