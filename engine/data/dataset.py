"""The datasets: where they are found, how they are verified, how they are split.

``mnist`` is read in place from a torchvision root (``ROOT/MNIST/raw/``, plain or .gz) and
downloaded where there is none; ``digits`` travels inside the package. Whatever is read is checked
by the SHA-256 of its decompressed content every time, so that a truncated or wrong file never
becomes a result.
"""

import dataclasses
import hashlib
import io
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

from engine.data import download
from engine.data.datafile import read_content
from engine.errors import EngineError
from engine.networks.architectures import SIDE

MNIST_VALIDATION = 5_000
MNIST_SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
MNIST_SIZES = {  # bytes of the same files, decompressed: no more of one is ever read
    "train-images-idx3-ubyte": 47_040_016,
    "train-labels-idx1-ubyte": 60_008,
    "t10k-images-idx3-ubyte": 7_840_016,
    "t10k-labels-idx1-ubyte": 10_008,
}
DIGITS_SHA256 = "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"
DIGITS_DRAWN = 20  # an 8x8 digit is drawn at 20x20, as MNIST's are, and centred
DIGIT_NAMES = tuple("0123456789")
DOWNLOAD_PATIENCE = 5.0  # seconds that "auto" waits for the first byte


class DatasetMissing(EngineError):
    """The dataset was not found."""


class DatasetDamaged(EngineError):
    """A file of the dataset has the wrong content."""


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Images uint8 [N, H, W] and their labels uint8 [N]."""

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Dataset:
    """A verified dataset and its fixed splits."""

    name: str
    sha256: str  # of the decompressed content, all files one after another
    origin: str  # where it was found: the root of MNIST, words for what is in the package
    classes: tuple[str, ...]  # their names, by label
    train: Split
    validation: Split
    test: Split

    @property
    def side(self) -> int:
        """Height and width of the images, which are square."""
        return int(self.train.images.shape[1])

    def without_test(self) -> "Dataset":
        """Return the dataset with black test images, for whatever must not have seen them."""
        black = Split(np.zeros_like(self.test.images), np.zeros_like(self.test.labels))
        return dataclasses.replace(self, test=black)

    def describe(self) -> dict[str, Any]:
        """Return what ``run.json`` says of the dataset."""
        return {
            "name": self.name,
            "sha256": self.sha256,
            "train": len(self.train),
            "validation": len(self.validation),
            "test": len(self.test),
            "classes": list(self.classes),
            "image": list(self.train.images.shape[1:]),
        }


def open_dataset(
    name: str,
    data_root: str | None = None,
    *,
    offline: bool = False,
    warn: Callable[[str], None] = lambda line: None,
) -> Dataset:
    """Return the dataset that ``name`` (mnist, digits or auto) stands for.

    ``warn`` is given one line about anything unexpected. Raises
    DatasetMissing and DatasetDamaged.
    """
    if name == "digits":
        return open_digits()
    try:
        return _open_mnist(data_root, offline, None if name == "mnist" else DOWNLOAD_PATIENCE)
    except DatasetMissing as missing:
        if name == "mnist":
            raise
        warn(
            f"{missing} Using the embedded digits (1,797 small images) instead; "
            "for MNIST, run `mnist-tui data fetch mnist` on a network or give --data-root."
        )
        return open_digits()


def cache_root() -> Path:
    """Return the torchvision root that downloads go to, in the user's cache directory."""
    return platformdirs.user_cache_path("mnist-tui")


def mnist_roots(data_root: str | None = None) -> tuple[Path, ...]:
    """Return the folders in which MNIST is looked for, in order."""
    if data_root is not None:
        return (Path(data_root),)
    return (cache_root(), Path("data"))


def has_mnist(root: Path) -> bool:
    """Tell whether a root holds the four files, plain or .gz, verified or not."""
    return all(any(_candidates(root, name)) for name in MNIST_SHA256)


def _open_mnist(data_root: str | None, offline: bool, patience: float | None) -> Dataset:
    damage = ""
    for root in mnist_roots(data_root):
        if not has_mnist(root):
            continue
        try:
            return read_mnist(root)
        except DatasetDamaged as error:
            if data_root is not None:
                raise
            damage = f"{error} "
    if data_root is not None:
        raise DatasetMissing(
            f"No MNIST in {data_root} (looked for {data_root}/MNIST/raw/train-images-idx3-ubyte "
            "and its three companions, plain or .gz)."
        )
    if offline:
        raise DatasetMissing(f"{damage}No MNIST on this machine and --offline forbids a download.")
    try:
        download.fetch_mnist(cache_root(), patience=patience)
    except download.DownloadFailed as error:
        raise DatasetMissing(
            f"{damage}No MNIST on this machine, and the download failed: {error}"
        ) from None
    return read_mnist(cache_root())


def read_mnist(root: Path) -> Dataset:
    """Read and verify MNIST in a torchvision root; validation is the last 5,000 training images.

    Raises DatasetMissing and DatasetDamaged.
    """
    whole = hashlib.sha256()
    contents = []
    for name in MNIST_SHA256:
        content = _verified(root, name)
        whole.update(content)
        contents.append(_parse_idx(content))
    train_images, train_labels, test_images, test_labels = contents
    return Dataset(
        name="mnist",
        sha256=whole.hexdigest(),
        origin=str(root.resolve()),
        classes=DIGIT_NAMES,
        train=Split(train_images[:-MNIST_VALIDATION], train_labels[:-MNIST_VALIDATION]),
        validation=Split(train_images[-MNIST_VALIDATION:], train_labels[-MNIST_VALIDATION:]),
        test=Split(test_images, test_labels),
    )


def _candidates(root: Path, name: str) -> Iterator[Path]:
    for path in (root / "MNIST" / "raw" / name, root / "MNIST" / "raw" / f"{name}.gz"):
        if os.path.exists(path):  # unlike pathlib's, False in a folder that may not be read
            yield path


def _verified(root: Path, name: str) -> bytes:
    """Return the content of a file by the first copy of it, plain or .gz, that verifies."""
    size, complaint = MNIST_SIZES[name], ""
    for path in _candidates(root, name):
        try:
            content = read_content(path, size)
        except (OSError, EOFError, zlib.error) as error:
            why = getattr(error, "strerror", None) or error
            complaint = complaint or f"{path} cannot be read ({why})"
            continue
        if hashlib.sha256(content).hexdigest() == MNIST_SHA256[name]:
            return content
        held = f"more than {size:,}" if len(content) > size else f"{len(content):,}"
        complaint = complaint or f"{path} does not hold MNIST's {name} ({held} bytes)"
    if complaint:
        raise DatasetDamaged(
            f"{complaint}. Remove it and run `mnist-tui data fetch mnist`, or give another "
            "--data-root."
        )
    raise DatasetMissing(f"No {name} in {root}/MNIST/raw.")


def _parse_idx(content: bytes) -> np.ndarray:
    """Return the array of an IDX file of unsigned bytes (its size is vouched for by its hash)."""
    dimensions = content[3]
    shape = np.frombuffer(content, ">u4", count=dimensions, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(shape)


def open_digits() -> Dataset:
    """Return the embedded digits, drawn at MNIST's size.

    The 1,797 images are in the order in which 13 writers gave them. The split is by whole tens:
    of every ten tens, seven are for training, one for validation and two for testing, so that
    each part has all writers. Raises DatasetDamaged where the package's file was changed.
    """
    raw = resources.files("engine.data.embedded").joinpath("digits.npz").read_bytes()
    try:
        with np.load(io.BytesIO(raw)) as archive:
            images, labels = archive["images"], archive["labels"]
        sha256 = hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error):
        sha256 = ""
    if sha256 != DIGITS_SHA256:
        raise DatasetDamaged("The embedded digits were changed; install mnist-tui again.")
    drawn = _draw(images)
    ten = np.arange(len(labels)) // 10 % 10
    part = np.select([ten < 7, ten == 7], [0, 1], default=2)
    train, validation, test = (Split(drawn[part == p], labels[part == p]) for p in range(3))
    return Dataset(
        name="digits",
        sha256=sha256,
        origin="inside the package",
        classes=DIGIT_NAMES,
        train=train,
        validation=validation,
        test=test,
    )


def _draw(images: np.ndarray) -> np.ndarray:
    """Draw uint8 [N, 8, 8] in 0..16 at 20x20, bilinearly, centred in uint8 [N, 28, 28]."""
    size = images.shape[1]
    centres = np.clip((np.arange(DIGITS_DRAWN) + 0.5) * size / DIGITS_DRAWN - 0.5, 0, size - 1)
    weights = np.maximum(0, 1 - np.abs(centres[:, None] - np.arange(size)))  # [20, 8]
    drawn = weights @ (images / 16) @ weights.T
    margin = (SIDE - DIGITS_DRAWN) // 2
    padded = np.pad(drawn, ((0, 0), (margin, margin), (margin, margin)))
    return np.round(padded * 255).astype(np.uint8)
