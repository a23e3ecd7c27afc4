"""Opening a dataset by its name."""

from collections.abc import Callable

from engine.data.dataset import Dataset, DatasetMissing
from engine.data.digits import open_digits
from engine.data.idx import open_idx
from engine.data.known import MNIST, MNIST_LIKE, is_file
from engine.data.npz import open_npz

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
        return open_npz(name, data_root, warn=warn)
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
