import pytest
import torch
import torch.nn.functional as F

import engine.networks.blocks
from engine.networks.blocks import blocked, connect, convolve_and_pool, dense


def two_blocks(images, weights):
    first, bias1, second, bias2 = weights
    return dense(convolve_and_pool(convolve_and_pool(blocked(images), first, bias1), second, bias2))


def written_out(images, weights):
    """The report's order of layers, in torch's plain functions."""
    first, bias1, second, bias2 = weights
    values = F.max_pool2d(F.relu(F.conv2d(images, first, bias1, padding=1)), 2)
    return F.max_pool2d(F.relu(F.conv2d(values, second, bias2, padding=1)), 2)


@pytest.fixture
def work():
    """Images [6, 1, 28, 28], the weights of two blocks, and a gradient to come back."""
    random = torch.Generator().manual_seed(0)
    shapes = [(32, 1, 3, 3), (32,), (32, 32, 3, 3), (32,)]
    weights = [torch.randn(shape, generator=random).div_(5).requires_grad_() for shape in shapes]
    images = torch.rand(6, 1, 28, 28, generator=random).requires_grad_()
    return images, weights, torch.randn(6, 32, 7, 7, generator=random)


@pytest.mark.parametrize("kernels", [True, False])
def test_values_and_gradients_are_those_of_plain_layers(monkeypatch, work, kernels):
    if not kernels:
        monkeypatch.setattr(engine.networks.blocks, "_KERNELS", ())
    images, weights, back = work
    ours, plain = two_blocks(images, weights), written_out(images, weights)
    assert torch.allclose(ours, plain, atol=1e-5)
    for a, b in zip(
        torch.autograd.grad(ours, [images, *weights], back),
        torch.autograd.grad(plain, [images, *weights], back),
        strict=True,
    ):
        assert a.shape == b.shape
        assert a.dtype == torch.float32
        assert (a - b).norm() < 1e-4 * b.norm()


def test_autocast_is_followed_and_gradients_come_back_in_float32(work):
    images, weights, back = work
    with torch.autocast("cpu", torch.bfloat16):
        ours = two_blocks(images, weights)
    plain = written_out(images, weights)
    assert ours.dtype == torch.bfloat16
    assert (ours.float() - plain).norm() < 0.02 * plain.norm()
    for a, b in zip(
        torch.autograd.grad(ours, [images, *weights], back.bfloat16()),
        torch.autograd.grad(plain, [images, *weights], back),
        strict=True,
    ):
        assert a.dtype == torch.float32
        # A maximum that two values share after rounding may go to the other one.
        assert (a - b).norm() < 0.2 * b.norm()


@pytest.mark.parametrize("autocast", [True, False], ids=["bf16", "float32"])
def test_a_dense_layer_over_maps_is_that_over_all_their_values(work, autocast):
    images, (first, bias, *_), _ = work
    random = torch.Generator().manual_seed(1)
    weight = torch.randn((10, 32 * 14 * 14), generator=random).div_(50).requires_grad_()
    offset = torch.randn(10, generator=random).requires_grad_()
    back = torch.randn(6, 10, generator=random)
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        ours = connect(convolve_and_pool(blocked(images), first, bias), weight, offset)
    pooled = F.max_pool2d(F.relu(F.conv2d(images, first, bias, padding=1)), 2)
    plain = F.linear(pooled.flatten(1), weight, offset)
    assert ours.dtype == (torch.bfloat16 if autocast else torch.float32)
    assert (ours.float() - plain).norm() < (0.02 if autocast else 1e-5) * plain.norm()
    kept = [weight, offset, first, bias]
    for a, b in zip(
        torch.autograd.grad(ours, kept, back.to(ours.dtype)),
        torch.autograd.grad(plain, kept, back),
        strict=True,
    ):
        assert a.dtype == torch.float32
        assert (a - b).norm() < (0.1 if autocast else 1e-4) * b.norm()


def test_a_tie_goes_to_the_first_as_in_torch_s_own_pooling(work):
    _, (weight, bias, *_), _ = work
    images = torch.full((1, 1, 8, 8), 0.5).requires_grad_()
    ours = dense(convolve_and_pool(blocked(images), weight, bias))
    plain = F.relu(F.max_pool2d(F.conv2d(images, weight, bias, padding=1), 2))
    (a,) = torch.autograd.grad(ours.sum(), images)
    (b,) = torch.autograd.grad(plain.sum(), images)
    assert torch.allclose(a, b, atol=1e-5)
