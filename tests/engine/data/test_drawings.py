"""Kept drawings: a file that is a test set."""

import numpy as np
import pytest

from engine.data.dataset import DatasetDamaged, DatasetMissing, Split
from engine.data.drawings import Drawings, fits, keep_drawing, place_for, read_drawings
from engine.data.open import open_dataset
from engine.errors import EngineError


def of(data):
    return Drawings(Split(data.test.images[:0], data.test.labels[:0]), data.classes, data.name,
                    data.sha256)  # fmt: skip


def test_drawings_are_kept_one_after_another(digits, tmp_path):
    path = tmp_path / "new" / "drawings.npz"
    for number in range(3):
        image = digits.test.images[number]
        assert keep_drawing(path, image, number, of(digits)) == number + 1
    found = read_drawings(path)
    assert (found.split.images == digits.test.images[:3]).all()
    assert list(found.split.labels) == [0, 1, 2]
    assert (found.classes, found.dataset, found.sha256) == (digits.classes, "digits", digits.sha256)


def test_another_dataset_s_drawings_are_left_alone(digits, tmp_path):
    path = tmp_path / "drawings.npz"
    keep_drawing(path, digits.test.images[0], 0, of(digits))
    before = path.read_bytes()
    other = Drawings(of(digits).split, digits.classes, "mnist", "0" * 64)
    with pytest.raises(EngineError, match="another dataset"):
        keep_drawing(path, digits.test.images[0], 0, other)
    assert path.read_bytes() == before


def test_enough_drawings_are_a_dataset_s_test_set(digits, tmp_path):
    path = tmp_path / "drawings.npz"
    for number in range(20):
        if number == 15:
            with pytest.raises(DatasetDamaged, match="15 test images"):
                open_dataset(str(path))
        keep_drawing(path, digits.test.images[number], number % 10, of(digits))
    data = open_dataset(str(path))
    assert (data.test.images == digits.test.images[:20]).all()
    assert (data.train.images == digits.train.images).all()
    assert (data.validation.labels == digits.validation.labels).all()
    assert data.classes == digits.classes
    assert data.name == "drawings"
    assert data.sha256 != digits.sha256


def test_a_class_without_a_drawing_is_named(digits, tmp_path):
    path = tmp_path / "drawings.npz"
    for number in range(16):
        keep_drawing(path, digits.test.images[number], number % 9, of(digits))
    with pytest.raises(DatasetDamaged, match=r"no test image of class 9"):
        open_dataset(str(path))


def test_a_file_cannot_name_just_anything_as_its_dataset(digits, tmp_path):
    path = tmp_path / "drawings.npz"
    for name in ("auto", "/etc/passwd", "drawings.npz", ""):
        path.unlink(missing_ok=True)
        for number in range(16):
            drawn = Drawings(of(digits).split, digits.classes, name, digits.sha256)
            keep_drawing(path, digits.test.images[number], number % 10, drawn)
        with pytest.raises((DatasetDamaged, DatasetMissing)):
            open_dataset(str(path))


@pytest.mark.parametrize("arrays", [
    {"x_test": np.zeros((2, 28, 28), np.uint8)},
    {"x_test": np.zeros((2, 28, 20), np.uint8), "y_test": np.zeros(2, np.uint8)},
    {"x_test": np.zeros((2, 28, 28), np.uint8), "y_test": np.zeros(3, np.uint8)},
    {"x_test": np.zeros((2, 28, 28), np.uint8), "y_test": np.array([0, 200], np.uint8)},
    {"x_test": np.zeros((0, 28, 28), np.uint8), "y_test": np.zeros(0, np.uint8)},
    {"x_test": np.zeros((2, 28, 28), np.uint8), "y_test": np.zeros(2, np.uint8),
     "dataset": np.zeros(3)},
])  # fmt: skip
def test_what_is_no_drawings_is_said(arrays, tmp_path):
    np.savez(tmp_path / "file.npz", **arrays)
    with pytest.raises(DatasetDamaged, match=r"file\.npz cannot be used"):
        read_drawings(tmp_path / "file.npz")


def test_no_file_is_said(tmp_path):
    with pytest.raises(DatasetMissing):
        read_drawings(tmp_path / "file.npz")


def test_drawings_lie_in_the_current_folder_or_else_in_the_user_s(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert str(place_for("mnist")) == "drawings-mnist.npz"
    assert str(place_for("/some/where/my own.npz")) == "drawings-my-own.npz"
    assert str(place_for("../..")) == "drawings-own.npz"
    monkeypatch.setattr("os.access", lambda *_: False)
    assert place_for("mnist").is_absolute()


def test_a_hash_alone_makes_no_drawings_of_a_dataset(digits, tmp_path):
    def drawn(side=28, classes=digits.classes, sha256=digits.sha256, count=20):
        images = np.zeros((count, side, side), np.uint8)
        labels = np.arange(count, dtype=np.uint8) % 10
        return Drawings(Split(images, labels), classes, "digits", sha256)

    renamed = (*digits.classes[:9], "nine")
    of_digits = digits.sha256, digits.side, digits.classes
    assert fits(drawn(), *of_digits)
    assert fits(drawn(sha256="", classes=renamed), *of_digits)  # it does not say
    assert not fits(drawn(sha256="0" * 64), *of_digits)
    assert not fits(drawn(side=20), *of_digits)
    assert not fits(drawn(classes=renamed), *of_digits)
    path = tmp_path / "drawings.npz"
    for one in (drawn(side=20), drawn(classes=renamed), drawn(sha256="0" * 64)):
        np.savez(path, x_test=one.split.images, y_test=one.split.labels,
                 class_names=np.array(one.classes), dataset=np.array("digits"),
                 dataset_sha256=np.array(one.sha256))  # fmt: skip
        with pytest.raises(EngineError, match="another dataset"):
            keep_drawing(path, digits.test.images[0], 0, of(digits))
        with pytest.raises(DatasetDamaged, match="other images or classes"):
            open_dataset(str(path))
