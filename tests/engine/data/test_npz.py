"""Datasets of one's own: what is taken, what is refused, what no file makes us do."""

import io
import os
import random
import re
import struct
import tracemalloc
import zipfile
from contextlib import suppress

import numpy as np
import pytest

from engine.data.archive import HEADER_LIMIT
from engine.data.dataset import DatasetDamaged, DatasetMissing
from engine.data.open import open_dataset
from engine.errors import EngineError

RNG = np.random.default_rng(0)


def arrays(train=240, test=20, side=12, classes=3, **other):
    """What a sound file holds."""
    found = {}
    for name, count in (("train", train), ("test", test)):
        found[f"x_{name}"] = RNG.integers(0, 256, (count, side, side)).astype(np.uint8)
        found[f"y_{name}"] = RNG.permutation(np.arange(count) % classes)
    return found | other


@pytest.fixture
def saved(tmp_path):
    """A function that saves arrays and returns the path of their file."""

    def save(name="mine.npz", **values):
        np.savez(tmp_path / name, **values)
        return str(tmp_path / name)

    return save


def refusal(path) -> str:
    """Why a file is refused, in one line that names it."""
    with pytest.raises(DatasetDamaged) as told:
        open_dataset(path)
    line = str(told.value)
    assert line.startswith(f"{path} cannot be used: ")
    assert line.isprintable()
    assert len(line) < len(path) + 300
    return line.removeprefix(f"{path} cannot be used: ")


def test_three_classes_at_twelve_pixels(saved):
    values = arrays(class_names=["circle", "square", "two words"])
    path, said = saved(**values), []
    data = open_dataset(path, warn=said.append)
    assert (data.name, data.origin, data.side) == ("mine", path, 12)
    assert data.classes == ("circle", "square", "two words")
    assert [len(part) for part in (data.train, data.validation, data.test)] == [220, 20, 20]
    assert np.array_equal(data.train.images, values["x_train"][:220])
    assert np.array_equal(data.validation.labels, values["y_train"][220:])
    assert data.test.images.dtype == data.test.labels.dtype == np.uint8
    assert said == []


def test_a_hundred_classes_at_sixty_four_pixels(saved):
    data = open_dataset(saved(**arrays(1200, 100, side=64, classes=100)))
    assert (data.side, data.classes[99]) == (64, "99")
    assert np.unique(data.validation.labels).size == np.unique(data.train.labels).size == 100


def test_validation_images_of_one_s_own_are_taken_as_they_are(saved):
    values = arrays()
    values |= {"x_validation": values["x_test"][:17], "y_validation": values["y_test"][:17]}
    data = open_dataset(saved(**values))
    assert (len(data.train), len(data.validation)) == (240, 17)


def test_what_is_held_back_has_one_of_each_class_and_no_more_than_five_thousand(saved):
    values = arrays(classes=2)
    values["y_train"] = np.where(np.arange(240) < 30, 2, values["y_train"])
    values["y_test"][:3] = [0, 1, 2]
    data = open_dataset(saved(**values))
    assert np.bincount(data.validation.labels, minlength=3).min() == 1
    assert np.array_equal(data.validation.images[0], values["x_train"][29])
    assert len(data.train) == 219
    values = arrays(64_000, side=8)
    assert len(open_dataset(saved(**values)).validation) == 5_000


def test_labels_in_order_leave_a_class_to_train_on_and_are_remarked_on(saved):
    values, said = arrays(classes=3), []
    values["y_train"] = np.sort(np.arange(240) % 16).clip(max=15)
    values["y_test"] = np.arange(20) % 16
    data = open_dataset(saved(**values), warn=said.append)
    assert np.bincount(data.train.labels, minlength=16).min() >= 1
    assert np.bincount(data.validation.labels, minlength=16).min() >= 1
    assert len(said) == 1
    assert "y_train is in order" in said[0]


def test_every_part_has_images_of_every_class(saved):
    """Noises are shown on one image of each class."""
    values = arrays()
    values["y_test"][:] = 0
    assert refusal(saved(**values)) == "there is no test image of class 1 (1), 2 (2)."
    values = arrays(x_validation=arrays()["x_test"], y_validation=np.arange(20) % 2)
    assert refusal(saved(**values)) == "there is no validation image of class 2 (2)."


def test_one_image_of_a_class_cannot_both_train_and_validate(saved):
    values = arrays(class_names=["a", "b", "c", "d"])
    values["y_train"][5] = values["y_test"][5] = 3
    assert refusal(saved(**values)) == (
        "there is one training image of class 3 (d), and another must validate."
    )


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", ">f4"])
def test_floats_become_bytes_and_one_line_says_so(saved, dtype):
    values, said = arrays(), []
    data = open_dataset(saved(**values))
    floats = {n: (v / 255).astype(dtype) if n[0] == "x" else v for n, v in values.items()}
    path = saved("floats.npz", **floats)
    again = open_dataset(path, warn=said.append)
    assert again.sha256 == data.sha256
    assert said == [f"{path}: its images are floats in [0, 1]; they are rounded to 8 bits."]


def test_the_hash_is_that_of_the_content_however_it_is_stored(saved, tmp_path):
    values = arrays()
    usual = open_dataset(saved(**values)).sha256
    stored = {
        "compressed": values,
        "columns": values | {"x_train": np.asfortranarray(values["x_train"])},
        "channel": values | {name: values[name][:, None] for name in ("x_train", "x_test")},
        "labels": values | {"y_train": values["y_train"].astype(np.uint8),
                            "y_test": values["y_test"].astype(float)},
        "order": dict(reversed(values.items())) | {"extra": np.zeros(3)},
        "names": values | {"class_names": np.array(["0", "1", "2"])},
        "bytes": values | {"class_names": np.array([b"0", b"1", b"2"])},
        "split": values | {"x_train": values["x_train"][:220], "y_train": values["y_train"][:220],
                           "x_validation": values["x_train"][220:],
                           "y_validation": values["y_train"][220:]},
    }  # fmt: skip
    for name, each in stored.items():
        save = np.savez_compressed if name == "compressed" else np.savez
        save(tmp_path / f"{name}.npz", **each)
        assert open_dataset(str(tmp_path / f"{name}.npz")).sha256 == usual, name
    values["x_test"][3, 4, 5] ^= 1
    assert open_dataset(saved(**values)).sha256 != usual
    values["x_test"][3, 4, 5] ^= 1
    assert open_dataset(saved(**values, class_names=["0", "1", "3"])).sha256 != usual


def test_names_of_classes_are_made_safe_short_and_kept_apart(saved):
    names = ["\x1b]0;gotcha\x07", "x" * 99, "[bold]b[/]"]
    data = open_dataset(saved(**arrays(class_names=names)))
    assert data.classes == ("�]0;gotcha�", "x" * 40, "[bold]b[/]")
    names[2] = "x" * 40
    assert "twice" in refusal(saved(**arrays(class_names=names)))


@pytest.mark.parametrize(("file", "name"), [
    ("mine.npz", "mine"), ("mnist.npz", "mnist.npz"), ("digits.npz", "digits.npz"),
    ("a.b.npz", "a.b"), ("n" * 80 + ".npz", "n" * 40), ("\x1b[2J.npz", "�[2J"),
])  # fmt: skip
def test_a_file_is_called_by_its_stem_unless_that_is_another_dataset_s_name(saved, file, name):
    assert open_dataset(saved(file, **arrays())).name == name


def changed(**change):
    """Sound arrays with some replaced, or removed where they are None."""
    values = arrays() | change
    return {name: value for name, value in values.items() if value is not None}


def labels(value, at=5, dtype=float):
    found = (np.arange(240) % 3).astype(dtype)
    found[at] = value
    return found


def images(*shape, dtype=np.uint8, value=0):
    return np.full((240, *shape), value, dtype)


SHAPE = "not [N, H, W] or [N, 1, H, W]."
WRONG = {
    "missing": (changed(y_test=None, x_test=None),
                "it has no x_test, y_test; it holds x_train, y_train."),
    "half": (changed(x_validation=images(12, 12)),
             "it has no y_validation; it holds x_train, y_train, x_test, y_test, x_validation."),
    "flat": (changed(x_train=images(144)), f"x_train has the shape [240, 144], {SHAPE}"),
    "channels last": (changed(x_train=images(12, 12, 1)),
                      f"x_train has the shape [240, 12, 12, 1], {SHAPE}"),
    "colour": (changed(x_train=images(12, 12, 3)),
               "x_train has the shape [240, 12, 12, 3]; colour is not supported."),
    "colour first": (changed(x_train=images(3, 12, 12)),
                     "x_train has the shape [240, 3, 12, 12]; colour is not supported."),
    "oblong": (changed(x_train=images(33, 47)),
               "x_train holds images of 33x47; they must be square."),
    "small": (changed(x_train=images(7, 7)),
              "x_train holds images of 7x7; sides of 8 to 64 pixels can be used."),
    "large": (changed(x_train=images(65, 65)),
              "x_train holds images of 65x65; sides of 8 to 64 pixels can be used."),
    "two sizes": (changed(x_train=images(13, 13)),
                  "x_test holds images of 12x12, x_train of 13x13."),
    "type": (changed(x_train=images(12, 12, dtype=np.int64)),
             "x_train holds int64; images must be uint8, or floats in [0, 1]."),
    "complex": (changed(x_train=images(12, 12, dtype=complex)),
                "x_train holds complex128; images must be uint8, or floats in [0, 1]."),
    "range": (changed(x_train=images(12, 12, dtype=np.float32, value=254)),
              "x_train holds 254; floats must be in [0, 1]."),
    "below": (changed(x_train=images(12, 12, dtype=np.float32, value=-0.5)),
              "x_train holds -0.5; floats must be in [0, 1]."),
    "nan": (changed(x_train=images(12, 12, dtype=np.float32, value=np.nan)),
            "x_train holds NaN or infinity."),
    "objects": (changed(x_train=np.array([None] * 240)),
                "x_train holds Python objects, which are never read."),
    "counts": (changed(y_train=np.arange(239) % 3),
               "x_train holds 240 images, y_train 239 labels."),
    "one-hot": (changed(y_train=np.eye(3)[np.arange(240) % 3]),
                "y_train has the shape [240, 3], not [N]: one label an image."),
    "words": (changed(y_train=np.array(["a"] * 240)),
              "y_train holds <U1; labels must be whole numbers."),
    "negative": (changed(y_train=labels(-1, dtype=int)), "y_train holds -1; labels start at 0."),
    "fraction": (changed(y_train=labels(0.5)), "y_train holds 0.5; labels must be whole numbers."),
    "nan label": (changed(y_train=labels(np.nan)), "y_train holds NaN or infinity."),
    "many": (changed(y_train=labels(100)), "y_train holds 100; at most 100 classes can be used."),
    "beyond": (changed(class_names=["a", "b"]), "y_train holds 2, and class_names has 2 names."),
    "test beyond": (changed(y_test=np.arange(20) % 4, class_names=["a", "b", "c"]),
                    "y_test holds 3, and class_names has 3 names."),
    "gap": (changed(class_names=["a", "b", "c", "d", "e"]),
            "there is no training image of class 3 (d), 4 (e)."),
    "one class": (changed(y_train=labels(0) * 0, y_test=np.zeros(20)),
                  "all its labels are 0; there must be at least 2 classes."),
    "one name": (changed(class_names=["a"]), "class_names has 1 names; 2 to 100 can be used."),
    "names": (changed(class_names=[1, 2, 3]), "class_names is int64 [3], not a list of text."),
    "empty name": (changed(class_names=["a", " ", "c"]), "class_names has a name that is empty."),
    "same name": (changed(class_names=["a", "b", "a"]),
                  "class_names has 'a' twice (names are cut to 40 letters)."),
    "few test images": (arrays(test=15),
                        "it has 15 test images, and 16 of them are shown as samples."),
    "few validation images": (
        arrays(train=180), "it has 15 validation images held back from x_train, and 16 of them are "
        "shown as samples."),
    "none": (arrays(test=0), "y_test is empty."),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRONG)
def test_what_does_not_fit_is_one_clear_line(saved, kind):
    values, words = WRONG[kind]
    assert refusal(saved(**values)) == words


def npy(array, header=None) -> bytes:
    """An array as a .npy file, with another header if one is given."""
    buffer = io.BytesIO()
    np.save(buffer, array)
    if header is None:
        return buffer.getvalue()
    text = header.encode("latin1")
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + b"x" * 100


def zipped(path, members, how=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return str(path)


HEADER = "{'descr': '|u1', 'fortran_order': False, 'shape': SHAPE, }\n"
HEADERS = {
    "huge": (HEADER.replace("SHAPE", f"({10**12}, 28, 28)"), "is not as long as its header says"),
    "negative": (HEADER.replace("SHAPE", "(-100, 1, -1)"), "is not as long as its header says"),
    "not a tuple": (HEADER.replace("SHAPE", "5"), "is not an array as NumPy writes it"),
    "code": ("__import__('os').abort()", "is not an array as NumPy writes it"),
    "deep": ("(" * 5000, "is not an array as NumPy writes it"),
    "long": (HEADER.replace("SHAPE", "(1," + " " * HEADER_LIMIT + ")"), "is not an array"),
    "objects": (HEADER.replace("|u1", "|O"), "holds Python objects, which are never read"),
    "type": (HEADER.replace("|u1", "nonsense"), "is not an array as NumPy writes it"),
}


@pytest.mark.parametrize("kind", HEADERS)
def test_headers_that_lie_are_refused(tmp_path, kind):
    header, words = HEADERS[kind]
    members = {name: npy(value) for name, value in arrays().items()}
    members["x_train"] = npy(None, header.replace("SHAPE", "(100,)"))
    assert words in refusal(zipped(tmp_path / "bad.npz", members))


@pytest.mark.parametrize("name", ["x_train", "y_train"])
def test_a_bomb_is_not_unpacked(tmp_path, monkeypatch, name):
    monkeypatch.setattr("engine.data.npz.MOST_PIXELS", 32 << 20)
    monkeypatch.setattr("engine.data.npz.MOST_UNPACKED", 32 << 20)
    members = {name: npy(value) for name, value in arrays().items()}
    members[name] = npy(np.zeros((8193, 64, 64) if name == "x_train" else (33 << 20,), np.uint8))
    bomb = zipped(tmp_path / "bomb.npz", members)
    assert os.path.getsize(bomb) < 1 << 20
    tracemalloc.start()
    assert refusal(bomb) == (
        "it unpacks to 0.0 GiB; at most 32 million pixels in 0 GiB can be used."
    )
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000


def test_an_archive_whose_directory_lies_is_read_no_further_than_it_says(tmp_path):
    members = {name: npy(value) for name, value in arrays().items()}
    path = tmp_path / "lies.npz"
    whole = zipped(path, members)
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\1\2", 0, content.index(b"x_train.npy", content.index(b"PK\1\2")))
    size = struct.unpack_from("<I", content, at + 24)[0]
    struct.pack_into("<I", content, at + 24, size - 8)
    path.write_bytes(content)
    assert refusal(whole) == "x_train is not as long as its header says."


def test_a_table_of_contents_without_end_is_not_read(tmp_path):
    path = tmp_path / "table.npz"
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 65535, 65535, 5 << 20, 0, 0)
    path.write_bytes(bytes(5 << 20) + end)
    assert refusal(str(path)) == "it cannot be read (its table of contents is too large)."
    many = zipped(tmp_path / "many.npz", {f"a{n}": b"" for n in range(101)})
    assert refusal(many) == "it holds 101 files."


@pytest.mark.parametrize("how", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_other_ways_of_compression_are_refused(tmp_path, how):
    members = {name: npy(value) for name, value in arrays().items()}
    assert "in a way that NumPy does not use" in refusal(
        zipped(tmp_path / "other.npz", members, how)
    )


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "text", "empty", "cut"])
def test_what_is_no_such_file_is_refused_at_once(saved, tmp_path, kind):
    path = tmp_path / "odd.npz"
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "device":
            path.symlink_to("/dev/zero")
        case "folder":
            path.mkdir()
        case "text":
            path.write_text("x_train = 3\n")
        case "empty":
            path.touch()
        case "cut":
            content = (tmp_path / saved(**arrays())).read_bytes()
            path.write_bytes(content[:-40])
    special = kind in ("pipe", "device", "folder")
    words = "not a regular file" if special else "it is not a complete .npz"
    assert words in refusal(str(path))


def test_a_link_is_followed_and_a_file_that_is_not_there_is_told(saved, tmp_path):
    (tmp_path / "link.npz").symlink_to(saved(**arrays()))
    assert open_dataset(str(tmp_path / "link.npz")).name == "link"
    with pytest.raises(DatasetMissing, match=re.escape(f"No dataset {tmp_path}/none.npz; put it")):
        open_dataset(f"{tmp_path}/none.npz")


def test_a_file_that_moved_is_found_in_the_given_folder(saved, tmp_path):
    saved(**arrays())
    moved = open_dataset("/somewhere/else/mine.npz", str(tmp_path))
    assert moved.origin == str(tmp_path / "mine.npz")
    with pytest.raises(DatasetMissing, match=r"No dataset /else/a.npz, .*/a.npz; put it"):
        open_dataset("/else/a.npz", str(tmp_path))


def test_no_damage_of_any_kind_is_more_than_an_error_of_ours(tmp_path, saved):
    np.savez_compressed(tmp_path / "sound.npz", **arrays(side=8, class_names=["a", "b", "c"]))
    sound, path = (tmp_path / "sound.npz").read_bytes(), tmp_path / "spoilt.npz"
    rng = random.Random(0)
    for _ in range(300):
        content = bytearray(sound)
        for _ in range(rng.randrange(1, 4)):
            at = rng.choice((rng.randrange(len(content)), -1 - rng.randrange(600)))
            content[at] = rng.randrange(256)
        path.write_bytes(content)
        with suppress(EngineError):
            open_dataset(str(path))
