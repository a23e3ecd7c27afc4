"""Opening a dataset by its name."""

from collections.abc import Callable

from engine.data.dataset import Dataset, DatasetMissing
from engine.data.digits import open_digits
from engine.data.idx import open_idx
from engine.data.known import MNIST, MNIST_LIKE, is_file

DOWNLOAD_PATIENCE = 5.0  # seconds that "auto" waits for the first byte


def open_dataset(
    name: str,
    data_root: str | None = None,
    *,
    offline: bool = False,
    warn: Callable[[str], None] = lambda line: None,
) -> Dataset:
    """Return the dataset that ``name`` stands for: one of ``known.NAMES``, a .npz file, or auto.

    ``warn`` is given one line about anything unexpected. Raises
    DatasetMissing and DatasetDamaged.
    """
    if is_file(name):
        return _open_file(name, data_root, offline=offline, warn=warn)
    if name == "digits":
        return open_digits()
    if name != "auto":
        return open_idx(MNIST_LIKE[name], data_root, offline=offline)
    try:
        return open_idx(MNIST, data_root, offline=offline, patience=DOWNLOAD_PATIENCE)
    except DatasetMissing as missing:
        warn(
            f"{missing} Using the embedded digits (1,797 small images) instead; "
            "for MNIST, run `mnist-tui data fetch mnist` on a network or give --data-root."
        )
        return open_digits()


def _open_file(
    name: str, data_root: str | None, *, offline: bool, warn: Callable[[str], None]
) -> Dataset:
    """Return the dataset in a file: kept drawings have the training images of another."""
    from engine.data.drawings import with_training_images  # which the named ones do not need
    from engine.data.npz import find_file, open_npz

    def base(other: str) -> Dataset:
        if is_file(other):  # drawings of drawings are none
            return open_npz(other, data_root, warn=warn)
        return open_dataset(other, data_root, offline=offline, warn=warn)

    drawn = with_training_images(find_file(name, data_root), base)
    return drawn or open_npz(name, data_root, warn=warn)
