"""Drawing and centring: what a network gets of what a hand does."""

import numpy as np
import pytest
import torch

from engine.networks.architectures import ARCHITECTURES
from engine.networks.network import Network
from engine.numerics.inference import predict
from engine.pad.canvas import Canvas
from engine.pad.centring import centred, resampled
from engine.sections.train.loop import TrainState, train
from tests.conftest import a_few, train_config


@pytest.mark.parametrize("side", [8, 28, 64])
def test_a_stroke_is_drawn_soft_and_is_undone(side):
    canvas = Canvas(side)
    canvas.begin()
    canvas.line((0.2, 0.5), (0.8, 0.5))
    size = len(canvas.ink)
    assert canvas.ink[size // 2, size // 2] == 1
    assert 0 < canvas.ink[:, size // 2].mean() < 0.2
    assert len(np.unique(canvas.ink)) > 2
    assert canvas.seen(centring=False).shape == (side, side)
    canvas.begin()
    canvas.line((0.5, 0.5), (0.5, 0.5), erase=True)
    assert canvas.ink[size // 2, size // 2] == 0
    canvas.undo()
    assert canvas.ink[size // 2, size // 2] == 1
    canvas.undo()
    assert canvas.blank
    assert not canvas.undoable


def test_the_pen_may_leave_the_canvas():
    canvas = Canvas(28)
    canvas.line((-3.0, -3.0), (-2.0, -2.0))
    assert canvas.blank
    canvas.line((-1.0, 0.5), (2.0, 0.5))
    assert canvas.ink[:, 0].max() == canvas.ink[:, -1].max() == 1


def test_what_is_cleared_comes_back():
    canvas = Canvas(28)
    canvas.clear()
    assert not canvas.undoable  # nothing was there
    canvas.line((0.1, 0.1), (0.9, 0.9))
    before = canvas.ink.copy()
    canvas.clear()
    assert canvas.blank
    canvas.undo()
    assert (canvas.ink == before).all()


@pytest.mark.parametrize("side", [8, 20, 28, 64])
def test_an_image_on_the_canvas_is_seen_as_it_is(side):
    image = np.random.default_rng(0).integers(0, 256, (side, side), dtype=np.uint8)
    canvas = Canvas(side)
    canvas.put(image)
    assert (canvas.seen(centring=True) == image.astype(np.float32) / 255).all()
    canvas.line((-1, -1), (-1, -1))  # drawn on, but not changed
    assert np.abs(canvas.seen(centring=False) - image / 255).max() < 1e-5
    canvas.undo()
    assert canvas.blank


def test_nothing_is_centred_as_nothing():
    assert not centred(np.zeros((112, 112), np.float32), 28).any()


@pytest.mark.parametrize("side", [8, 28, 45, 64])
def test_any_drawing_fits_its_box_in_the_middle(side):
    canvas = Canvas(side)
    canvas.line((0.7, 0.8), (0.95, 0.9))
    image = canvas.seen(centring=True)
    rows, columns = np.nonzero(image)
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == round(side * 20 / 28)
    mass = image.sum()
    middle = (image.sum(1) @ np.arange(side) / mass, image.sum(0) @ np.arange(side) / mass)
    assert np.abs(np.array(middle) - side / 2).max() <= 0.51


def test_a_mean_over_areas_keeps_the_mean():
    image = np.random.default_rng(0).random((112, 112)).astype(np.float32)
    for size in (7, 28, 56, 112, 224):
        assert abs(resampled(image, size, size).mean() - image.mean()) < 2e-3


def moved(image, random, size):
    """Return an image's ink at another place and size on a canvas."""
    rows, columns = np.flatnonzero(image.max(1)), np.flatnonzero(image.max(0))
    part = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] / 255
    scale = random.uniform(0.5, 1.1) * size / len(image)
    small = resampled(part, *(max(1, int(extent * scale)) for extent in part.shape))
    canvas = np.zeros((size, size), np.float32)
    top, left = (random.integers(0, size - extent + 1) for extent in small.shape)
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    return canvas


def brought_back(network, split, device):
    """Return the share of a split's images whose answers are the same when moved and centred."""
    random, side = np.random.default_rng(1), split.images.shape[1]
    size = len(Canvas(side).ink)
    images = np.stack([centred(moved(image, random, size), side) for image in split.images])
    with torch.no_grad():
        there = network(torch.from_numpy(images)[:, None]).argmax(1)
    placed, _ = device.place(split)
    return float((predict(network, placed, device).argmax(1) == there).float().mean())


def test_mnist_s_own_images_come_back_as_they_were(mnist):
    for image in mnist.test.images[:300]:
        ink = image.astype(np.float32).repeat(4, 0).repeat(4, 1) / 255
        assert np.abs(centred(ink, 28) * 255 - image).max() < 0.01


@pytest.mark.parametrize("model", a_few(reversed(ARCHITECTURES), 0, 1))
def test_mnist_s_images_moved_and_scaled_are_brought_back(model, mnist, cpu):
    config = train_config(model=model, dataset="mnist", epochs=1, batch_size=128, recipe="tuned")
    state = TrainState.begin(config, cpu)
    list(train(config, mnist, cpu, state))
    assert isinstance(state.network, Network)
    assert brought_back(state.network.eval(), mnist.test, cpu) >= 0.95
