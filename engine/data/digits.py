"""The digits that travel inside the package, for machines without MNIST and without a network."""

import hashlib
import io
import zipfile
import zlib
from functools import cache
from importlib import resources

import numpy as np

from engine.data.classes import DIGITS
from engine.data.dataset import Dataset, DatasetDamaged, Split
from engine.data.known import SIDE

SHA256 = "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"
DRAWN = 20  # an 8x8 digit is drawn at 20x20, as MNIST's are, and centred


def open_digits() -> Dataset:
    """Return the embedded digits, drawn at MNIST's size.

    The 1,797 images are in the order in which 13 writers gave them. The split is by whole tens:
    of every ten tens, seven are for training, one for validation and two for testing, so that
    each part has all writers. Raises DatasetDamaged where the package's file was changed.
    """
    images, labels = _read()
    drawn = _draw(images)
    ten = np.arange(len(labels)) // 10 % 10
    part = np.select([ten < 7, ten == 7], [0, 1], default=2)
    train, validation, test = (Split(drawn[part == p], labels[part == p]) for p in range(3))
    return Dataset(
        name="digits",
        sha256=SHA256,
        origin="inside the package",
        classes=DIGITS,
        train=train,
        validation=validation,
        test=test,
    )


@cache
def ten_digits() -> np.ndarray:
    """Return the first of each digit, uint8 [10, 22, 22]. Raises DatasetDamaged."""
    images, labels = _read()
    margin = (SIDE - DRAWN) // 2 - 1
    firsts = np.unique(labels, return_index=True)[1]
    return _draw(images[firsts])[:, margin:-margin, margin:-margin]


def _read() -> tuple[np.ndarray, np.ndarray]:
    """Return images uint8 [N, 8, 8] and labels. Raises DatasetDamaged."""
    raw = resources.files("engine.data.embedded").joinpath("digits.npz").read_bytes()
    try:
        with np.load(io.BytesIO(raw)) as archive:
            images, labels = archive["images"], archive["labels"]
        sha256 = hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error):
        sha256 = ""
    if sha256 != SHA256:
        raise DatasetDamaged("The embedded digits were changed; install mnist-tui again.")
    return images, labels


def _draw(images: np.ndarray) -> np.ndarray:
    """Draw uint8 [N, 8, 8] in 0..16 at 20x20, bilinearly, centred in uint8 [N, 28, 28]."""
    size = images.shape[1]
    centres = np.clip((np.arange(DRAWN) + 0.5) * size / DRAWN - 0.5, 0, size - 1)
    weights = np.maximum(0, 1 - np.abs(centres[:, None] - np.arange(size)))  # [20, 8]
    drawn = weights @ (images / 16) @ weights.T
    margin = (SIDE - DRAWN) // 2
    padded = np.pad(drawn, ((0, 0), (margin, margin), (margin, margin)))
    return np.round(padded * 255).astype(np.uint8)
