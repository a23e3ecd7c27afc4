"""The datasets that have names: what they are, and what they are called in words.

MNIST and its relatives differ in this table alone. No NumPy in here: the first frame needs it.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from engine.data.classes import DIGITS

NPZ = ".npz"  # the end of a file's name that is a dataset of one's own
SIDE = 28  # pixels
TRAIN_IMAGES, TRAIN_LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
TEST_IMAGES, TEST_LABELS = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"
# Bytes of the four files, decompressed: no more of one is ever read.
FILES = MappingProxyType(
    {
        TRAIN_IMAGES: 16 + 60_000 * SIDE**2,
        TRAIN_LABELS: 8 + 60_000,
        TEST_IMAGES: 16 + 10_000 * SIDE**2,
        TEST_LABELS: 8 + 10_000,
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class MnistLike:
    """MNIST or a relative: four IDX files of 60,000 and 10,000 images, 28x28, in ten classes."""

    name: str
    title: str
    folder: str  # in a root; torchvision calls it so and its class too
    classes: tuple[str, ...]
    # Bytes of the .gz files that torchvision's checksums belong to: no more is ever downloaded.
    archives: Mapping[str, int]
    # SHA-256 of each file, decompressed. Without them a file is checked by its form alone.
    sha256: Mapping[str, str] = field(default_factory=dict)
    installed: tuple[str, ...] = ()  # folders where a system's package puts the files


def _by_file(*values: str) -> Mapping[str, str]:
    return MappingProxyType(dict(zip(FILES, values, strict=True)))


def _archives(*sizes: int) -> Mapping[str, int]:
    return MappingProxyType(dict(zip((f"{name}.gz" for name in FILES), sizes, strict=True)))


MNIST = MnistLike(
    name="mnist",
    title="MNIST",
    folder="MNIST",
    classes=DIGITS,
    archives=_archives(9_912_422, 28_881, 1_648_877, 4_542),
    sha256=_by_file(
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
)
FASHION_MNIST = MnistLike(
    name="fashion-mnist",
    title="Fashion-MNIST",
    folder="FashionMNIST",
    classes=(
        "T-shirt/top", "trouser", "pullover", "dress", "coat",
        "sandal", "shirt", "sneaker", "bag", "ankle boot",
    ),
    archives=_archives(26_421_880, 29_515, 4_422_102, 5_148),
    sha256=_by_file(
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
    installed=("/usr/share/datasets/fashion-mnist",),  # Debian's dataset-fashion-mnist
)  # fmt: skip
KMNIST = MnistLike(
    name="kmnist",
    title="KMNIST",
    folder="KMNIST",
    classes=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
    archives=_archives(18_165_135, 29_497, 3_041_136, 5_120),
)

# SHA-256 of the four contents one after another, by those of the files: known once these are.
WHOLE = MappingProxyType(
    {
        tuple(MNIST.sha256.values()): (
            "b2d8f5bf39174ee5ffeefa97e42d673c35432b411bb5d1f74fbbeddae7f1690a"
        ),
        tuple(FASHION_MNIST.sha256.values()): (
            "14410854cf7a289477dcfc7df3f8ec24741e281cdcc425ede0d9a748ca630214"
        ),
    }
)
MNIST_LIKE = MappingProxyType({one.name: one for one in (MNIST, FASHION_MNIST, KMNIST)})
_first, *_relatives = MNIST_LIKE
NAMES = (_first, "digits", *_relatives)
*_folders, _last = (f"{one.folder}/raw/" for one in MNIST_LIKE.values())
ROOT = f"Folder with {', '.join(_folders)} or {_last}"  # in words, for the help of options
_TITLES = {"digits": "embedded digits"} | {one.name: one.title for one in MNIST_LIKE.values()}


def is_file(name: str) -> bool:
    """Tell whether a dataset is asked for as a file of one's own."""
    return name.endswith(NPZ)


def located(name: str) -> str:
    """Return a dataset's name, a file's as an absolute path."""
    return os.path.abspath(name) if is_file(name) else name


def title_of(name: str) -> str:
    """Return a dataset's name as it is written in a sentence: that of a file as it is."""
    return _TITLES.get(name, name)
