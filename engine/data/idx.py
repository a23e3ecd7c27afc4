"""MNIST and its relatives: where they are looked for, how they are verified, how they are split.

They are read in place from a torchvision root (``ROOT/MNIST/raw/``, plain or .gz) or from where a
system's package puts them, and downloaded where there are none. Whatever is read is checked every
time, by the SHA-256 of its decompressed content where that is known, so that a truncated or wrong
file never becomes a result.
"""

import hashlib
import os
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import platformdirs

from engine.data.datafile import read_content
from engine.data.dataset import Dataset, DatasetDamaged, DatasetMissing, Split
from engine.data.known import FILES, MNIST_LIKE, SIDE, TRAIN_IMAGES, WHOLE, MnistLike

VALIDATION = 5_000
UNSIGNED_BYTES = 8  # the type in an IDX file's header


class Place(NamedTuple):
    """A folder with the four files, and what it is known by: its root, if it lies in one."""

    folder: Path
    origin: Path


def cache_root() -> Path:
    """Return the torchvision root that downloads go to, in the user's cache directory."""
    return platformdirs.user_cache_path("mnist-tui")


def place_in(known: MnistLike, root: Path) -> Place:
    """Return where a torchvision root has a dataset."""
    return Place(root / known.folder / "raw", root)


def places(known: MnistLike, data_root: str | None = None) -> tuple[Place, ...]:
    """Return where a dataset is looked for, in order."""
    if data_root is not None:
        return (place_in(known, Path(data_root)),)
    roots = (cache_root(), Path("data"))
    return (
        *(place_in(known, root) for root in roots),
        *(Place(Path(folder), Path(folder)) for folder in known.installed),
    )


def is_there(place: Place) -> bool:
    """Tell whether a place holds the four files, plain or .gz, verified or not."""
    return all(any(_candidates(place.folder, name)) for name in FILES)


def open_idx(
    known: MnistLike,
    data_root: str | None = None,
    *,
    offline: bool = False,
    patience: float | None = None,
) -> Dataset:
    """Return MNIST or a relative from where it is, or download it.

    ``patience`` bounds, in seconds, the wait for a download's first byte. Raises DatasetMissing
    and DatasetDamaged.
    """
    damage, title = "", known.title
    try:
        return find_idx(known, data_root)
    except (DatasetMissing, DatasetDamaged) as error:
        if data_root is not None:
            raise
        if isinstance(error, DatasetDamaged):
            damage = f"{error} "
    if offline:
        raise DatasetMissing(
            f"{damage}No {title} on this machine and --offline forbids a download."
        )
    from engine.data import download  # TLS and HTTP, which few starts need

    try:
        download.fetch(known, cache_root(), patience=patience)
    except download.DownloadFailed as error:
        raise DatasetMissing(
            f"{damage}No {title} on this machine, and the download failed: {error}"
        ) from None
    return read_idx(known, place_in(known, cache_root()))


def find_idx(known: MnistLike, data_root: str | None = None) -> Dataset:
    """Return MNIST or a relative from the first place that holds it whole.

    Raises DatasetMissing, and DatasetDamaged where none that has it is whole.
    """
    damage = None
    for place in places(known, data_root):
        if is_there(place):
            try:
                return read_idx(known, place)
            except DatasetDamaged as error:
                damage = error
    if damage:
        raise damage
    if data_root is not None:
        raise DatasetMissing(
            f"No {known.title} in {data_root} (looked for "
            f"{data_root}/{known.folder}/raw/{TRAIN_IMAGES} and its three companions, plain or "
            ".gz)."
        )
    raise DatasetMissing(
        f"No {known.title} on this machine; `mnist-tui data fetch {known.name}` downloads it."
    )


def read_idx(known: MnistLike, place: Place) -> Dataset:
    """Read and verify a dataset in one place; validation is the last 5,000 training images.

    Raises DatasetMissing and DatasetDamaged.
    """
    contents = [_verified(known, place.folder, name) for name in FILES]
    whole = WHOLE.get(tuple(known.sha256.values())) or _whole(contents)
    train_images, train_labels, test_images, test_labels = map(_parse, contents)
    return Dataset(
        name=known.name,
        sha256=whole,
        origin=str(place.origin.resolve()),
        classes=known.classes,
        train=Split(train_images[:-VALIDATION], train_labels[:-VALIDATION]),
        validation=Split(train_images[-VALIDATION:], train_labels[-VALIDATION:]),
        test=Split(test_images, test_labels),
    )


def _whole(contents: Iterable[bytes]) -> str:
    """Return the SHA-256 of contents one after another."""
    whole = hashlib.sha256()
    for content in contents:
        whole.update(content)
    return whole.hexdigest()


def _candidates(folder: Path, name: str) -> Iterator[Path]:
    for path in (folder / name, folder / f"{name}.gz"):
        if os.path.exists(path):  # unlike pathlib's, False in a folder that may not be read
            yield path


def _verified(known: MnistLike, folder: Path, name: str) -> bytes:
    """Return the content of a file by the first copy of it, plain or .gz, that verifies."""
    complaint = ""
    for path in _candidates(folder, name):
        try:
            content = read_content(path, FILES[name])
        except (OSError, EOFError, zlib.error) as error:
            why = getattr(error, "strerror", None) or error
            complaint = complaint or f"{path} cannot be read ({why})"
            continue
        if not (fault := _fault(known, name, content)):
            return content
        complaint = complaint or f"{path} does not hold {known.title}'s {name} ({fault})"
    if complaint:
        raise DatasetDamaged(
            f"{complaint}. Remove it and run `mnist-tui data fetch {known.name}`, or give another "
            "--data-root."
        )
    raise DatasetMissing(f"No {name} in {folder}.")


def _fault(known: MnistLike, name: str, content: bytes) -> str:
    """Return why a content is not that of a dataset's file, "" if it is as far as can be told."""
    size = FILES[name]
    found = hashlib.sha256(content).hexdigest()
    if found == known.sha256.get(name):
        return ""
    for other in MNIST_LIKE.values():
        if found == other.sha256.get(name):
            return f"it is {other.title}'s"
    if len(content) > size:
        return f"more than {size:,} bytes"
    if known.sha256 or len(content) < size:
        return f"{len(content):,} bytes"
    return _malformed(name, content, len(known.classes))


def _malformed(name: str, content: bytes, classes: int) -> str:
    """Return what is wrong with the form of a file of the right size, "" if nothing is."""
    shape: tuple[int, ...] = (SIDE, SIDE) if "images" in name else ()
    count = (len(content) - 8 - 4 * len(shape)) // (SIDE**2 if shape else 1)
    header = np.array([UNSIGNED_BYTES << 8 | 1 + len(shape), count, *shape], ">u4").tobytes()
    if not content.startswith(header):
        return "it has another header"
    if not shape:
        counts = np.bincount(_parse(content), minlength=classes)
        if len(counts) > classes:
            return f"labels up to {len(counts) - 1}"
        if not counts.all():
            return f"no image of class {counts.argmin()}"
    return ""


def _parse(content: bytes) -> np.ndarray:
    """Return the array of an IDX file of unsigned bytes that was verified."""
    dimensions = content[3]
    shape = np.frombuffer(content, ">u4", count=dimensions, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(shape)
