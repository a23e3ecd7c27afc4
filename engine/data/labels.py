"""The labels of a dataset of one's own, and what its classes are called."""

from collections.abc import Mapping, Sequence

import numpy as np

from engine.data.archive import Archive, Header
from engine.errors import Unsound
from engine.files.text import listed, visible
from engine.files.values import CLASS_COUNTS

HELD_BACK, MOST_HELD_BACK = 12, 5_000  # one in twelve training images validates, at most so many
LONGEST_NAME = 40
FLOATS = ("float16", "float32", "float64")


def kind_of(header: Header) -> str:
    """Return the type of an array's values in words that are safe to print."""
    return visible(str(header.dtype))[:40]


def check_label_header(name: str, header: Header) -> None:
    """Raise Unsound unless an array can be labels."""
    if len(header.shape) != 1:
        raise Unsound(f"{name} has the shape {list(header.shape)[:9]}, not [N]: one label an image")
    if header.dtype.kind not in "ui" and header.dtype.name not in FLOATS:
        raise Unsound(f"{name} holds {kind_of(header)}; labels must be whole numbers")


def read_class_names(archive: Archive) -> tuple[str, ...]:
    """Return the names in the file, made safe to print and short; () where it has none."""
    low, high = CLASS_COUNTS
    header = archive.header("class_names")
    if header is None:
        return ()
    if header.dtype.kind not in "US" or len(header.shape) != 1 or header.dtype.itemsize > 1 << 16:
        raise Unsound(
            f"class_names is {kind_of(header)} {list(header.shape)[:9]}, not a list of text"
        )
    if not low <= header.shape[0] <= high:
        raise Unsound(f"class_names has {header.shape[0]:,} names; {low} to {high} can be used")
    try:
        given = archive.read("class_names", header).tolist()
    except ValueError:  # numbers that stand for no character
        raise Unsound("class_names is not text") from None
    names = tuple(visible(_text(name)).strip()[:LONGEST_NAME] for name in given)
    if not all(names):
        raise Unsound("class_names has a name that is empty")
    if again := [name for number, name in enumerate(names) if name in names[:number]]:
        raise Unsound(
            f"class_names has {again[0]!r} twice (names are cut to {LONGEST_NAME} letters)"
        )
    return names


def _text(name: str | bytes) -> str:
    return name.decode(errors="replace") if isinstance(name, bytes) else name


def read_labels(archive: Archive, name: str, header: Header) -> np.ndarray:
    """Return labels as uint8 [N]."""
    labels = archive.read(name, header)
    if not len(labels):
        raise Unsound(f"{name} is empty")
    if labels.dtype.kind == "f":
        if not np.isfinite(labels).all():
            raise Unsound(f"{name} holds NaN or infinity")
        if (broken := labels[labels != np.rint(labels)]).size:
            raise Unsound(f"{name} holds {broken[0]}; labels must be whole numbers")
    if labels.min() < 0:
        raise Unsound(f"{name} holds {labels.min():g}; labels start at 0")
    if labels.max() >= CLASS_COUNTS[1]:
        raise Unsound(
            f"{name} holds {labels.max():g}; at most {CLASS_COUNTS[1]} classes can be used"
        )
    return labels.astype(np.uint8)


def numbered(labels: Mapping[str, np.ndarray]) -> tuple[str, ...]:
    """Return the names of classes that have none."""
    count = max(int(part.max()) for part in labels.values()) + 1
    if count < CLASS_COUNTS[0]:
        raise Unsound(f"all its labels are 0; there must be at least {CLASS_COUNTS[0]} classes")
    return tuple(map(str, range(count)))


def check_labels(labels: Mapping[str, np.ndarray], names: Sequence[str]) -> None:
    """Raise Unsound unless every part has images of each class, and of no other."""
    for name, values in labels.items():
        if values.max() >= len(names):
            raise Unsound(f"{name} holds {values.max()}, and class_names has {len(names)} names")
        counts = np.bincount(values, minlength=len(names))
        if not counts.all():
            none = [f"{label} ({names[label]})" for label in np.flatnonzero(counts == 0).tolist()]
            part = {"y_train": "training"}.get(name, name.removeprefix("y_"))
            raise Unsound(f"there is no {part} image of class {listed(none, 5)}")


def held_back_of(labels: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Return which training images validate, bool [N]: the last twelfth.

    Where it lacks a class, the last image of that class before it joins; where it has all images
    of a class, the first of them stays. Raises Unsound where a class has one image.
    """
    held = np.zeros(len(labels), bool)
    held[len(labels) - min(len(labels) // HELD_BACK, MOST_HELD_BACK) :] = True
    for label, name in enumerate(names):
        of_class = np.flatnonzero(labels == label)
        if len(of_class) == 1:
            raise Unsound(
                f"there is one training image of class {label} ({name}), and another must validate"
            )
        held[of_class[0]] = False
        held[of_class[-1]] = True
    return held
