"""Kept drawings: a .npz file with a test set alone, and the dataset whose classes they are of.

``x_test`` uint8 [N, H, W] as networks see them, ``y_test``, ``class_names``; ``dataset`` names
where the training images are, ``dataset_sha256`` says which. As a dataset the file stands for these
training images with the drawings as the test set.
"""

import os
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import platformdirs

from engine.data.archive import Archive, open_archive
from engine.data.dataset import Dataset, DatasetDamaged, DatasetMissing, Split
from engine.data.known import NAMES, NPZ, is_file
from engine.data.labels import check_label_header, check_labels, read_class_names, read_labels
from engine.data.npz import MOST_PIXELS, check_count, content_sha256, read_images, side_of
from engine.errors import EngineError, Unsound
from engine.files.text import visible
from engine.files.writer import npz_bytes, write_atomically

MOST = 10_000  # drawings in a file
LONGEST = 4096  # characters of a dataset's name, which may be a path
_OTHER = re.compile("[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True, eq=False)
class Drawings:
    """Drawings with their labels. ``dataset`` and ``sha256`` are "" where the file has neither."""

    split: Split
    classes: tuple[str, ...]
    dataset: str = ""
    sha256: str = ""


def fits(drawings: Drawings, sha256: str, side: int, classes: Sequence[str]) -> bool:
    """Tell whether drawings are of a dataset with that hash, images and classes.

    Its hash is not enough: anyone may have written the file. One that does not say which dataset it
    is for fits all that have such images and as many classes.
    """
    if drawings.split.images.shape[1] != side or len(drawings.classes) != len(classes):
        return False
    same = (drawings.sha256, tuple(drawings.classes)) == (sha256, tuple(classes))
    return same or not drawings.sha256


def read_drawings(path: Path) -> Drawings:
    """Return the drawings in a file, or the test set of any other that is a dataset.

    Raises DatasetMissing, and DatasetDamaged where it holds none.
    """
    if not os.path.lexists(path):
        raise DatasetMissing(f"There is no file {visible(str(path))}.")
    try:
        with open_archive(path) as archive:
            return _read(archive)
    except Unsound as error:
        raise DatasetDamaged(f"{visible(str(path))} cannot be used: {error}.") from None


def _read(archive: Archive) -> Drawings:
    images, labels = archive.header("x_test"), archive.header("y_test")
    if images is None or labels is None:
        raise Unsound("it has no x_test and y_test")
    side = side_of("x_test", images)
    check_label_header("y_test", labels)
    count = images.shape[0]
    if not count or count != labels.shape[0] or count * side**2 > MOST_PIXELS:
        raise Unsound(f"x_test holds {count:,} images, y_test {labels.shape[0]:,} labels")
    found = read_labels(archive, "y_test", labels)
    names = read_class_names(archive) or tuple(map(str, range(max(int(found.max()) + 1, 2))))
    if found.max() >= len(names):
        raise Unsound(f"y_test holds {found.max()}, and class_names has {len(names)} names")
    split = Split(read_images(archive, "x_test", images, side), found)
    return Drawings(split, names, _text(archive, "dataset"), _text(archive, "dataset_sha256"))


def _text(archive: Archive, name: str) -> str:
    """Return a text of the file, "" where it has none."""
    header = archive.header(name)
    if header is None:
        return ""
    if header.dtype.kind != "U" or header.shape != () or header.size > 4 * LONGEST:
        raise Unsound(f"{name} is not a text")
    try:
        return str(archive.read(name, header)[()])
    except ValueError:  # numbers that stand for no character
        raise Unsound(f"{name} is not a text") from None


def place_for(dataset: str) -> Path:
    """Return the file for drawings of a dataset: in the current folder, or else the user's own."""
    name = _OTHER.sub("-", Path(dataset).stem if is_file(dataset) else dataset).strip("-.")
    file = f"drawings-{name or 'own'}{NPZ}"
    if os.access(".", os.W_OK | os.X_OK):
        return Path(file)
    return platformdirs.user_data_path("mnist-tui") / file


def keep_drawing(path: Path, image: np.ndarray, label: int, of: Drawings) -> int:
    """Append an image uint8 [H, W] with its label to a file; return how many it holds then.

    ``of`` says of which dataset it is. Raises EngineError where the file holds other things, and
    OSError where it cannot be written.
    """
    images, labels = image[None], np.array([label], np.uint8)
    if os.path.lexists(path):
        there = read_drawings(path)
        if not there.sha256 or not fits(there, of.sha256, len(image), of.classes):
            raise EngineError(
                f"{visible(str(path))} holds drawings for another dataset; move it away first."
            )
        if len(there.split) >= MOST:
            raise EngineError(f"{visible(str(path))} is full: it holds {MOST:,} drawings.")
        images = np.concatenate([there.split.images, images])
        labels = np.concatenate([there.split.labels, labels])
    content = npz_bytes(
        {
            "x_test": images,
            "y_test": labels,
            "class_names": np.array(of.classes),
            "dataset": np.array(of.dataset),
            "dataset_sha256": np.array(of.sha256),
        }
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, content)
    return len(labels)


def with_training_images(path: Path, open_: Callable[[str], Dataset]) -> Dataset | None:
    """Return the dataset that kept drawings stand for, None where the file is something else.

    ``open_`` opens the dataset that they name. Raises DatasetDamaged where they are too few, or
    there is none of some class, and what ``open_`` raises.
    """
    drawn = None
    with suppress(Unsound), open_archive(path) as archive:
        if archive.header("x_train") is None and archive.header("dataset") is not None:
            drawn = _read(archive)
    if drawn is None:  # whoever opens it as a dataset says what is wrong
        return None
    try:
        if not (drawn.dataset in NAMES or is_file(drawn.dataset)):
            raise Unsound(f"the dataset that it names is {visible(drawn.dataset)[:60]!r}")
        check_count("test", len(drawn.split))
        check_labels({"y_test": drawn.split.labels}, drawn.classes)
        base = open_(drawn.dataset)
        fitting = fits(drawn, base.sha256, base.side, base.classes)
        if not fitting or base.classes != drawn.classes:
            raise Unsound(f"{base.name} has other images or classes than it was made for")
    except Unsound as error:
        raise DatasetDamaged(
            f"{visible(str(path))} cannot be used: {error}; `mnist-tui try --file` asks about the "
            "drawings as they are."
        ) from None
    parts = {"train": base.train, "validation": base.validation, "test": drawn.split}
    return Dataset(
        name=visible(path.stem),
        sha256=content_sha256(parts, drawn.classes),
        origin=os.path.abspath(path),
        classes=drawn.classes,
        **parts,
    )
