"""A dataset of one's own: a .npz file with the arrays that Keras's mnist.npz has.

``x_train`` and ``x_test`` are images [N, H, W] or [N, 1, H, W], ``y_train`` and ``y_test`` their
labels [N]; ``x_validation``, ``y_validation`` and ``class_names`` may be there. All is checked
before a run begins: sizes by the headers, before memory is taken, then the values.
"""

import hashlib
import math
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine.data.archive import Archive, Header, open_archive
from engine.data.dataset import Dataset, DatasetDamaged, DatasetMissing, Split
from engine.data.known import NAMES
from engine.data.labels import (
    FLOATS,
    LONGEST_NAME,
    check_label_header,
    check_labels,
    held_back_of,
    kind_of,
    numbered,
    read_class_names,
    read_labels,
)
from engine.errors import Unsound
from engine.files.text import listed, visible
from engine.files.values import SIDES

MOST_PIXELS = 1 << 30  # of all images together
MOST_UNPACKED = 1 << 32  # bytes of all arrays together; floats are larger than pixels
FEWEST = 16  # images that are shown as samples, of the test images and of the validation images
NEEDED = ("x_train", "y_train", "x_test", "y_test")

Warn = Callable[[str], None]


def open_npz(path: str, data_root: str | None = None, *, warn: Warn = lambda line: None) -> Dataset:
    """Return the dataset that a .npz file holds, all three parts.

    Where there is no such file, one of its name is looked for in ``data_root``. ``warn`` is given
    a line about anything unexpected. Raises DatasetMissing, and DatasetDamaged where it is not fit.
    """
    file = find_file(path, data_root)
    shown = visible(str(file))
    try:
        with open_archive(file) as archive:
            parts, classes = _read(archive, lambda line: warn(f"{shown}: {line}."))
    except Unsound as error:
        raise DatasetDamaged(f"{shown} cannot be used: {error}.") from None
    return Dataset(
        name=_name(file),
        sha256=content_sha256(parts, classes),
        origin=os.path.abspath(file),
        classes=classes,
        train=parts["train"],
        validation=parts["validation"],
        test=parts["test"],
    )


def find_file(path: str, data_root: str | None) -> Path:
    """Return where a file is that is a dataset. Raises DatasetMissing."""
    file = Path(path)
    places = [file] if data_root is None else [file, Path(data_root) / file.name]
    for place in places:
        if os.path.exists(place):
            return place
    raise DatasetMissing(
        f"No dataset {listed(visible(str(place)) for place in places)}; put it there, or give its "
        "folder with --data-root."
    )


def _name(file: Path) -> str:
    """Return what the dataset is called: the file's stem, unless that is what another is called."""
    name = file.name if file.stem in ("auto", *NAMES) else file.stem
    return visible(name)[:LONGEST_NAME]


def content_sha256(parts: Mapping[str, Split], classes: Sequence[str]) -> str:
    """Return the hash of a dataset's content, whatever types and layout it is stored in."""
    whole = hashlib.sha256()
    for name in ("train", "validation", "test"):
        part = parts[name]
        whole.update(f"{name} {part.images.shape}".encode())
        whole.update(np.ascontiguousarray(part.images).data)
        whole.update(np.ascontiguousarray(part.labels).data)
    whole.update("\0".join(classes).encode())
    return whole.hexdigest()


def _read(archive: Archive, warn: Warn) -> tuple[dict[str, Split], tuple[str, ...]]:
    """Return the three parts and the classes' names. Raises Unsound."""
    headers = _headers(archive)
    side = _check_shapes(headers)
    names = read_class_names(archive)
    labels = {
        name: read_labels(archive, name, headers[name]) for name in headers if name.startswith("y_")
    }
    names = names or numbered(labels)
    check_labels(labels, names)
    held_back = None
    if "y_validation" not in labels:
        held_back = held_back_of(labels["y_train"], names)
        if (np.diff(labels["y_train"].astype(int)) >= 0).all():
            warn("y_train is in order, so its last twelfth, which validates, is of few classes; "
                 "shuffle it or give x_validation and y_validation")  # fmt: skip
        check_count("validation", int(held_back.sum()), " held back from x_train")
    for part in ("test", "validation"):
        if f"y_{part}" in labels:
            check_count(part, len(labels[f"y_{part}"]))
    parts = {}
    for name in ("train", "validation", "test"):
        if f"x_{name}" in headers:
            images = read_images(archive, f"x_{name}", headers[f"x_{name}"], side)
            parts[name] = Split(images, labels[f"y_{name}"])
    if any(header.dtype.kind == "f" for name, header in headers.items() if name[0] == "x"):
        warn("its images are floats in [0, 1]; they are rounded to 8 bits")
    if held_back is not None:
        whole = parts["train"]
        parts["train"] = Split(whole.images[~held_back], whole.labels[~held_back])
        parts["validation"] = Split(whole.images[held_back], whole.labels[held_back])
    return parts, names


def check_count(part: str, count: int, where: str = "") -> None:
    """Raise Unsound where there are too few images to be shown as samples."""
    if count < FEWEST:
        raise Unsound(
            f"it has {count} {part} images{where}, and {FEWEST} of them are shown as samples"
        )


def _headers(archive: Archive) -> dict[str, Header]:
    """Return the headers of the images and labels; all of them together are not too large."""
    found = {}
    for name in (*NEEDED, "x_validation", "y_validation"):
        if (header := archive.header(name)) is not None:
            found[name] = header
    pair = [name for name in ("x_validation", "y_validation") if name not in found]
    needed = NEEDED if len(pair) == 2 else (*NEEDED, *pair)
    if missing := [name for name in needed if name not in found]:
        raise Unsound(
            f"it has no {listed(missing)}; it holds {listed(archive.names) or 'no array'}"
        )
    pixels = sum(math.prod(h.shape) for name, h in found.items() if name[0] == "x")
    unpacked = sum(header.size for header in found.values())
    if pixels > MOST_PIXELS or unpacked > MOST_UNPACKED:
        raise Unsound(
            f"it unpacks to {unpacked / 2**30:,.1f} GiB; at most {MOST_PIXELS >> 20:,} million "
            f"pixels in {MOST_UNPACKED >> 30} GiB can be used"
        )
    return found


def _check_shapes(headers: Mapping[str, Header]) -> int:
    """Return the side of all images. Raises Unsound where a shape or a type does not fit."""
    sides = {name: side_of(name, header) for name, header in headers.items() if name[0] == "x"}
    side = sides["x_train"]
    for name, other in sides.items():
        if other != side:
            raise Unsound(f"{name} holds images of {other}x{other}, x_train of {side}x{side}")
    for name, header in headers.items():
        if name[0] == "y":
            check_label_header(name, header)
            images = headers["x" + name[1:]].shape[0]
            if header.shape[0] != images:
                raise Unsound(
                    f"x{name[1:]} holds {images:,} images, {name} {header.shape[0]:,} labels"
                )
    return side


def side_of(name: str, header: Header) -> int:
    """Return the side of the images in an array. Raises Unsound unless they can be used."""
    shape = header.shape
    if len(shape) == 4 and (shape[1] in (3, 4) or shape[3] in (3, 4)):
        raise Unsound(f"{name} has the shape {list(shape)}; colour is not supported")
    if not (len(shape) == 3 or (len(shape) == 4 and shape[1] == 1)):
        raise Unsound(f"{name} has the shape {list(shape)[:9]}, not [N, H, W] or [N, 1, H, W]")
    height, width = shape[-2:]
    low, high = SIDES
    if height != width:
        raise Unsound(f"{name} holds images of {height}x{width}; they must be square")
    if not low <= height <= high:
        raise Unsound(
            f"{name} holds images of {height}x{width}; sides of {low} to {high} pixels can be used"
        )
    if header.dtype.name not in ("uint8", *FLOATS):
        raise Unsound(f"{name} holds {kind_of(header)}; images must be uint8, or floats in [0, 1]")
    return height


def read_images(archive: Archive, name: str, header: Header, side: int) -> np.ndarray:
    """Return images as uint8 [N, H, W]; floats in [0, 1] become 0 to 255."""
    pixels = np.empty(header.size // header.dtype.itemsize, np.uint8)
    begin = 0
    for chunk in archive.chunks(name, header):
        pixels[begin : begin + len(chunk)] = (
            chunk if chunk.dtype == np.uint8 else _rounded(name, chunk)
        )
        begin += len(chunk)
    order: Mapping[str, Any] = {"order": header.order}
    return np.ascontiguousarray(pixels.reshape(header.shape, **order)).reshape(-1, side, side)


def _rounded(name: str, values: np.ndarray) -> np.ndarray:
    if not np.isfinite(values).all():
        raise Unsound(f"{name} holds NaN or infinity")
    low, high = values.min(), values.max()
    if low < 0 or high > 1:
        raise Unsound(f"{name} holds {low if low < 0 else high:g}; floats must be in [0, 1]")
    rounded: np.ndarray = np.rint(values.astype(np.float64) * 255)
    return rounded
