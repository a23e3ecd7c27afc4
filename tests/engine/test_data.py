import gzip
import hashlib
import shutil

import numpy as np
import pytest

from engine import data, download
from engine.data import DatasetDamaged, DatasetMissing, open_dataset, read_mnist


@pytest.fixture
def copy(mnist_root, tmp_path):
    """A root of our own whose files may be spoilt."""
    raw = tmp_path / "root" / "MNIST" / "raw"
    shutil.copytree(mnist_root / "MNIST" / "raw", raw)
    return tmp_path / "root"


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """No MNIST in the cache or the working directory, and no mirror that answers."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(data, "cache_root", lambda: tmp_path / "cache")

    def refuse(root, **options):
        raise download.DownloadFailed("no mirror answers.")

    monkeypatch.setattr(download, "fetch_mnist", refuse)
    return tmp_path


def test_mnist_is_split_as_the_contract_says(mnist):
    assert mnist.describe() == {
        "name": "mnist", "sha256": mnist.sha256,
        "train": 55_000, "validation": 5_000, "test": 10_000,
    }  # fmt: skip
    assert mnist.train.images.shape == (55_000, 28, 28)
    assert mnist.train.images.dtype == mnist.train.labels.dtype == np.uint8
    assert mnist.train.labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert mnist.test.labels[:5].tolist() == [7, 2, 1, 0, 4]


def test_sha256_is_that_of_the_four_contents_one_after_another(mnist, mnist_root):
    whole = hashlib.sha256()
    for name in data.MNIST_SHA256:
        whole.update(gzip.decompress((mnist_root / "MNIST" / "raw" / f"{name}.gz").read_bytes()))
    assert mnist.sha256 == whole.hexdigest()


def test_plain_files_are_read_as_well(copy, mnist):
    raw = copy / "MNIST" / "raw"
    for path in list(raw.glob("*.gz")):
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    assert read_mnist(copy).sha256 == mnist.sha256


def test_a_truncated_extracted_file_does_not_pass(copy, mnist):
    raw = copy / "MNIST" / "raw"
    whole = gzip.decompress((raw / "train-images-idx3-ubyte.gz").read_bytes())
    (raw / "train-images-idx3-ubyte").write_bytes(whole[: len(whole) // 2])
    assert read_mnist(copy).sha256 == mnist.sha256  # the .gz beside it is whole
    (raw / "train-images-idx3-ubyte.gz").unlink()
    with pytest.raises(DatasetDamaged, match=r"train-images-idx3-ubyte does not hold"):
        read_mnist(copy)


@pytest.mark.parametrize("spoil", ["cut", "flip", "foreign"])
def test_a_damaged_archive_does_not_pass(copy, spoil):
    path = copy / "MNIST" / "raw" / "t10k-labels-idx1-ubyte.gz"
    content = bytearray(path.read_bytes())
    if spoil == "cut":
        content = content[:-100]
    elif spoil == "flip":
        content[len(content) // 2] ^= 1
    else:
        content = gzip.compress(b"something else")
    path.write_bytes(content)
    for name in ("auto", "mnist"):
        with pytest.raises(DatasetDamaged, match="data fetch mnist"):
            open_dataset(name, str(copy))


def test_a_given_root_is_the_only_place_looked_in(nowhere, mnist_root, tmp_path):
    (tmp_path / "cache").symlink_to(mnist_root.resolve())
    assert open_dataset("mnist").name == "mnist"
    with pytest.raises(DatasetMissing, match="No MNIST in empty"):
        open_dataset("mnist", "empty")


def test_auto_falls_back_to_digits_with_one_line(nowhere):
    said = []
    assert open_dataset("auto", warn=said.append).name == "digits"
    assert len(said) == 1
    assert "no mirror answers" in said[0]
    assert "data fetch mnist" in said[0]


def test_offline_never_downloads(nowhere, monkeypatch):
    monkeypatch.setattr(download, "fetch_mnist", lambda *a, **k: pytest.fail("downloaded"))
    said = []
    assert open_dataset("auto", offline=True, warn=said.append).name == "digits"
    assert len(said) == 1
    with pytest.raises(DatasetMissing, match="--offline"):
        open_dataset("mnist", offline=True)


def test_digits_have_a_fixed_split_with_every_digit_in_every_part(digits):
    described = digits.describe()
    assert [described[part] for part in ("train", "validation", "test")] == [1260, 180, 357]
    for part in (digits.train, digits.validation, digits.test):
        assert part.images.shape[1:] == (28, 28)
        assert np.bincount(part.labels, minlength=10).min() >= 10
        assert part.images[:, :4].max() == part.images[:, :, -4:].max() == 0  # the margin
        assert part.images.max() == 255


def test_digits_are_drawn_upright_and_smooth(digits):
    coarse = np.zeros((1, 8, 8), np.uint8)
    coarse[0, 0, :] = 16
    drawn = data._draw(coarse)[0]
    assert drawn[4, 4:24].tolist() == [255] * 20
    assert drawn[8:].max() == 0
    assert np.array_equal(digits.test.images, data.open_digits().test.images)
