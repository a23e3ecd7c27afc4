"""Torchvision roots, read as the engine reads them."""

from pathlib import Path

from engine.data.dataset import Dataset
from engine.data.idx import place_in, read_idx
from engine.data.known import MNIST


def read_mnist(root: Path) -> Dataset:
    """Read and verify MNIST in a root."""
    return read_idx(MNIST, place_in(MNIST, root))
