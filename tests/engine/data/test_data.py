import gzip
import hashlib
import os
import shutil
import socket
import tracemalloc

import numpy as np
import pytest

from engine.data import datafile, download, idx
from engine.data import digits as embedded
from engine.data.dataset import DatasetDamaged, DatasetMissing
from engine.data.known import FILES, MNIST
from engine.data.open import open_dataset
from tests.engine.data.roots import read_mnist


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
    monkeypatch.setattr(idx, "cache_root", lambda: tmp_path / "cache")

    def refuse(known, root, **options):
        raise download.DownloadFailed("no mirror answers.")

    monkeypatch.setattr(download, "fetch", refuse)
    return tmp_path


def test_mnist_is_split_as_the_contract_says(mnist):
    assert mnist.describe() == {
        "name": "mnist", "sha256": mnist.sha256,
        "train": 55_000, "validation": 5_000, "test": 10_000,
        "classes": list("0123456789"), "image": [28, 28],
    }  # fmt: skip
    assert mnist.train.images.shape == (55_000, 28, 28)
    assert mnist.side == 28
    assert mnist.train.images.dtype == mnist.train.labels.dtype == np.uint8
    assert mnist.train.labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert mnist.test.labels[:5].tolist() == [7, 2, 1, 0, 4]


def test_sha256_is_that_of_the_four_contents_one_after_another(mnist, mnist_root):
    whole = hashlib.sha256()
    for name in FILES:
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


def test_a_bomb_takes_no_more_memory_than_the_file_that_it_pretends_to_be(copy):
    path = copy / "MNIST" / "raw" / "train-labels-idx1-ubyte.gz"
    with gzip.open(path, "wb") as bomb:
        for _ in range(100):
            bomb.write(bytes(1 << 20))
    tracemalloc.start()
    with pytest.raises(DatasetDamaged, match=r"does not hold .* \(more than 60,008 bytes\)"):
        idx._verified(MNIST, copy / "MNIST" / "raw", "train-labels-idx1-ubyte")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000


def test_a_plain_file_is_read_no_further_than_it_should_go(copy):
    path = copy / "MNIST" / "raw" / "train-labels-idx1-ubyte"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # a terabyte of nothing
    path.with_name(path.name + ".gz").unlink()
    with pytest.raises(DatasetDamaged, match="more than 60,008 bytes"):
        idx._verified(MNIST, copy / "MNIST" / "raw", path.name)


def test_an_archive_that_unfolds_to_nothing_for_gigabytes_is_not_read_through(copy):
    path = copy / "MNIST" / "raw" / "train-labels-idx1-ubyte.gz"
    path.write_bytes(gzip.compress(b"") * 10_000)
    with pytest.raises(DatasetDamaged, match="cannot be read \\(too large\\)"):
        idx._verified(MNIST, copy / "MNIST" / "raw", "train-labels-idx1-ubyte")


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "socket"])
def test_what_is_no_file_is_refused_at_once(copy, kind, monkeypatch):
    path = copy / "MNIST" / "raw" / "train-labels-idx1-ubyte.gz"
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    else:
        with socket.socket(socket.AF_UNIX) as server:
            monkeypatch.chdir(path.parent)  # the path of a socket must be short
            server.bind(path.name)
    with pytest.raises(DatasetDamaged, match=r"train-labels-idx1-ubyte\.gz cannot be read \("):
        open_dataset("auto", str(copy))


def test_files_and_folders_may_be_links(copy, mnist, tmp_path):
    raw = copy / "MNIST" / "raw"
    for path in list(raw.iterdir()):
        path.rename(tmp_path / path.name)
        path.symlink_to(tmp_path / path.name)
    (tmp_path / "link").symlink_to(copy)
    assert read_mnist(tmp_path / "link").sha256 == mnist.sha256


def test_a_pipe_that_takes_a_file_s_place_while_it_is_looked_for_keeps_nobody_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a regular file"):
        datafile.read_file(tmp_path / "pipe", 10)


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
    monkeypatch.setattr(download, "fetch", lambda *a, **k: pytest.fail("downloaded"))
    said = []
    assert open_dataset("auto", offline=True, warn=said.append).name == "digits"
    assert len(said) == 1
    with pytest.raises(DatasetMissing, match="--offline"):
        open_dataset("mnist", offline=True)


def test_digits_have_a_fixed_split_with_every_digit_in_every_part(digits):
    described = digits.describe()
    assert (described["classes"], described["image"]) == (list("0123456789"), [28, 28])
    assert [described[part] for part in ("train", "validation", "test")] == [1260, 180, 357]
    for part in (digits.train, digits.validation, digits.test):
        assert part.images.shape[1:] == (28, 28)
        assert np.bincount(part.labels, minlength=10).min() >= 10
        assert part.images[:, :4].max() == part.images[:, :, -4:].max() == 0  # the margin
        assert part.images.max() == 255


def test_digits_are_drawn_upright_and_smooth(digits):
    coarse = np.zeros((1, 8, 8), np.uint8)
    coarse[0, 0, :] = 16
    drawn = embedded._draw(coarse)[0]
    assert drawn[4, 4:24].tolist() == [255] * 20
    assert drawn[8:].max() == 0
    assert np.array_equal(digits.test.images, embedded.open_digits().test.images)


def test_digits_that_were_damaged_say_so(monkeypatch, tmp_path):
    (tmp_path / "digits.npz").write_bytes(b"PK nothing of the kind")
    monkeypatch.setattr(embedded.resources, "files", lambda package: tmp_path)
    with pytest.raises(DatasetDamaged, match="install mnist-tui again"):
        embedded.open_digits()
