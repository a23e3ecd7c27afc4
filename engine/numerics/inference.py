"""A network's answers, and what is counted of them."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.networks.stored import AnyNetwork
from engine.numerics.device import Device
from engine.numerics.parts import by_parts


@torch.no_grad()
def predict(
    network: AnyNetwork,
    images: Tensor,
    device: Device,
    *,
    noise: Tensor | None = None,
    exact: bool = True,
) -> Tensor:
    """Return float32 logits [N, K] for uint8 images [N, 1, H, W], with ``noise`` [1, H, W] on them.

    ``exact`` computes in float32 whatever the precision of the run, as every result figure is;
    without it the device's precision is used, as for the points of a curve.
    """

    def ask(part: Tensor) -> Tensor:
        seen = to_unit(part) if noise is None else infuse(to_unit(part), noise)
        read: Tensor = network(seen)
        return read

    with device.arithmetic(exact=exact), evaluating(network):
        logits = by_parts(ask, images, network, "exact" if exact else "fast")
    return torch.cat(logits).float()


@contextmanager
def evaluating(network: AnyNetwork) -> Iterator[None]:
    """Put a network into evaluation mode, and back into the mode that it was in.

    What it changes in its buffers meanwhile is undone: images that are judged leave nothing in it.
    """
    training, before = network.training, [buffer.clone() for buffer in network.buffers()]
    network.eval()
    try:
        yield
    finally:
        network.train(training)
        with torch.no_grad():
            for buffer, value in zip(network.buffers(), before, strict=True):
                buffer.copy_(value)


def infuse(images: Tensor, noise: Tensor) -> Tensor:
    """Add noise [..., 1, H, W] to images [N, 1, H, W] in [0, 1] and clamp the sum to [0, 1]."""
    return (images + noise).clamp_(0, 1)


def to_unit(images: Tensor) -> Tensor:
    """Return uint8 images as float32 in [0, 1], nothing else removed (course report, section 1)."""
    return images.float().div_(255)


def judge(logits: Tensor, labels: Tensor) -> dict[str, float | int]:
    """Return ``accuracy``, ``loss`` (mean cross-entropy in nats) and ``n`` of logits [N, K]."""
    return {
        "accuracy": int((logits.argmax(1) == labels).sum()) / len(labels),
        "loss": F.cross_entropy(logits, labels).item(),
        "n": len(labels),
    }


def confusion(labels: np.ndarray, predictions: np.ndarray, classes: int) -> np.ndarray:
    """Return counts [K, K]; rows are true labels, columns predictions."""
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (labels, predictions), 1)
    return counts
