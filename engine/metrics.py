"""What a network answers, and what is counted of it."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.device import Device
from engine.models import Network

EVALUATION_BATCH = 250  # larger ones fall out of the CPU's caches


@torch.no_grad()
def predict(
    network: Network,
    images: Tensor,
    device: Device,
    *,
    exact: bool = True,
    batch: int | None = None,
) -> Tensor:
    """Return float32 logits [N, K] for uint8 images [N, 1, H, W].

    ``exact`` computes in float32 whatever the precision of the run, as every result figure is;
    without it the device's precision is used, as for the points of a curve.
    """
    size = batch or (len(images) if images.is_cuda else EVALUATION_BATCH)
    with device.arithmetic(exact=exact):
        logits = [network(to_unit(part)) for part in images.split(size)]
    return torch.cat(logits).float()


def to_unit(images: Tensor) -> Tensor:
    """Return uint8 images as float32 in [0, 1], nothing else removed (report, section 1)."""
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
