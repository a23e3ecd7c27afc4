import numpy as np
import pytest
import torch

from engine.numerics.augmentation import TRAINING, random_affine, warp
from engine.numerics.seeding import Stream, stream


class Fixed:
    """A generator that draws what a test wants."""

    def __init__(self, **amounts):
        names = ("turn", "scale_x", "scale_y", "shear", "right", "down")
        self.drawn = np.array([[amounts.get(name, 0.0)] for name in names])

    def uniform(self, low, high, shape):
        assert (low, high, shape) == (-1, 1, self.drawn.shape)
        return self.drawn


def blob():
    image = torch.zeros(1, 1, 28, 28)
    image[0, 0, 10:14, 16:20] = 1
    return image


def changed(amounts):
    return warp(blob(), random_affine(amounts, 1))


def centre(image):
    weights = image[0, 0] / image.sum()
    where = torch.arange(28.0)
    return (weights.sum(1) @ where).item(), (weights.sum(0) @ where).item()


def test_no_amount_changes_nothing():
    assert torch.allclose(changed(Fixed()), blob(), atol=1e-5)


def test_a_shift_is_a_pixel_at_most():
    row, column = centre(blob())
    moved = centre(changed(Fixed(right=1.0)))
    assert moved == pytest.approx((row, column - 1), abs=1e-3)
    moved = centre(changed(Fixed(down=-1.0)))
    assert moved == pytest.approx((row + 1, column), abs=1e-3)


def test_a_turn_is_six_degrees_about_the_middle():
    before = complex(*np.subtract(centre(blob())[::-1], 13.5))
    after = complex(*np.subtract(centre(changed(Fixed(turn=1.0)))[::-1], 13.5))
    assert abs(np.degrees(np.angle(after / before))) == pytest.approx(6, abs=0.2)
    assert abs(after) == pytest.approx(abs(before), rel=0.02)


def test_a_scale_is_six_percent_of_one_axis():
    row, column = centre(blob())
    moved = centre(changed(Fixed(scale_x=-1.0)))
    assert moved[0] == pytest.approx(row, abs=1e-3)
    assert moved[1] - 13.5 == pytest.approx((column - 13.5) * np.exp(TRAINING.scale), rel=0.01)


def test_amounts_are_a_function_of_seed_and_step():
    images = torch.rand(5, 1, 28, 28)
    first, again, other = (
        warp(images, random_affine(stream(0, Stream.AUGMENTATION, step), len(images)))
        for step in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert first.min() >= 0
    assert first.max() <= 1
