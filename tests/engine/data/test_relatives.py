"""Fashion-MNIST as it is; both of MNIST's relatives as made files, found, damaged, downloaded."""

import dataclasses
import gzip
import hashlib
import shutil

import numpy as np
import pytest
import torchvision.datasets

from engine.config import DATASETS
from engine.data import download, idx, known, open
from engine.data.dataset import DatasetDamaged, DatasetMissing
from engine.data.idx import Place, place_in, read_idx
from engine.data.known import FILES, MNIST, MNIST_LIKE, NAMES, TEST_LABELS, TRAIN_LABELS
from engine.data.open import open_dataset
from tests.engine.data.serving import serving

RELATIVES = ["fashion-mnist", "kmnist"]


def content_of(name: str) -> bytes:
    """A file of the right form: black images, every class in turn."""
    images = "images" in name
    count = 10_000 if name.startswith("t10k") else 60_000
    header = np.array([0x803, count, 28, 28] if images else [0x801, count], ">u4").tobytes()
    values = np.zeros(count * 784, np.uint8) if images else np.arange(count, dtype=np.uint8) % 10
    return header + values.tobytes()


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A folder of four made .gz files."""
    folder = tmp_path_factory.mktemp("made")
    for name in FILES:
        (folder / f"{name}.gz").write_bytes(gzip.compress(content_of(name), 1))
    return folder


@pytest.fixture(params=RELATIVES)
def relative(request, made, monkeypatch):
    """A relative of MNIST whose real files are those that were made, here and for torchvision."""
    found = {path.name: path.read_bytes() for path in made.iterdir()}
    real = MNIST_LIKE[request.param]
    sums = {
        name: hashlib.sha256(gzip.decompress(found[f"{name}.gz"])).hexdigest() for name in FILES
    }
    ours = dataclasses.replace(
        real,
        archives={name: len(content) for name, content in found.items()},
        sha256=sums if real.sha256 else {},
        installed=(),
    )
    table = MNIST_LIKE | {ours.name: ours}
    for module in (idx, open):
        monkeypatch.setattr(module, "MNIST_LIKE", table)
    md5s = [(f"{name}.gz", hashlib.md5(found[f"{name}.gz"]).hexdigest()) for name in FILES]
    monkeypatch.setattr(getattr(torchvision.datasets, real.folder), "resources", md5s)
    return ours


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """No dataset in the cache or the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(idx, "cache_root", lambda: tmp_path / "cache")
    return tmp_path


def laid(one, made, root):
    """Copy the made files into a root."""
    shutil.copytree(made, root / one.folder / "raw")
    return place_in(one, root)


def test_every_dataset_that_is_known_can_be_asked_for():
    assert set(NAMES) == {*MNIST_LIKE, "digits"}
    assert DATASETS[1:] == NAMES
    titles = {name: known.title_of(name) for name in (*NAMES, "mine")}
    assert titles == {"mnist": "MNIST", "digits": "embedded digits", "kmnist": "KMNIST",
                      "fashion-mnist": "Fashion-MNIST", "mine": "mine"}  # fmt: skip


@pytest.mark.parametrize("one", MNIST_LIKE.values(), ids=list(MNIST_LIKE))
def test_torchvision_knows_the_files_of_each(one):
    source = getattr(torchvision.datasets, one.folder)
    assert [name for name, _ in source.resources] == list(one.archives)
    assert all(mirror.startswith("http") for mirror in source.mirrors)
    assert len(set(one.classes)) == 10


def test_fashion_mnist_is_what_it_is(fashion):
    assert (fashion.name, fashion.side) == ("fashion-mnist", 28)
    described = fashion.describe()
    assert [described[part] for part in ("train", "validation", "test")] == [55_000, 5_000, 10_000]
    assert (described["classes"][0], described["classes"][9]) == ("T-shirt/top", "ankle boot")
    assert fashion.test.labels[:5].tolist() == [9, 2, 1, 1, 6]
    assert np.bincount(fashion.test.labels).tolist() == [1000] * 10


def test_what_a_package_of_the_system_installed_is_found(nowhere, fashion_root, monkeypatch):
    folder = nowhere / "usr" / "share" / "datasets" / "fashion-mnist"
    folder.parent.mkdir(parents=True)
    folder.symlink_to((fashion_root / "FashionMNIST" / "raw").resolve())
    fashion = MNIST_LIKE["fashion-mnist"]
    assert fashion.installed == ("/usr/share/datasets/fashion-mnist",)
    ours = dataclasses.replace(fashion, installed=(str(folder),))
    monkeypatch.setattr(open, "MNIST_LIKE", {"fashion-mnist": ours})
    found = open_dataset("fashion-mnist", offline=True)
    assert found.origin == str(folder.resolve())
    with pytest.raises(DatasetMissing, match="No Fashion-MNIST in empty"):
        open_dataset("fashion-mnist", "empty")  # the only place looked in when given


def test_a_relative_is_read_from_a_root(relative, made, tmp_path):
    place = laid(relative, made, tmp_path)
    read = open_dataset(relative.name, str(tmp_path))
    whole = hashlib.sha256()
    for name in FILES:
        whole.update(content_of(name))
    assert (read.name, read.sha256) == (relative.name, whole.hexdigest())
    assert (read.origin, read.classes) == (str(tmp_path), relative.classes)
    assert [len(part) for part in (read.train, read.validation, read.test)] == [
        55_000, 5_000, 10_000
    ]  # fmt: skip
    assert read_idx(relative, Place(place.folder, place.folder)).sha256 == read.sha256


def test_a_relative_that_is_missing_is_told_by_its_own_name(relative, nowhere):
    with pytest.raises(DatasetMissing) as told:
        open_dataset(relative.name, "empty")
    assert str(told.value) == (
        f"No {relative.title} in empty (looked for empty/{relative.folder}/raw/"
        "train-images-idx3-ubyte and its three companions, plain or .gz)."
    )
    with pytest.raises(DatasetMissing) as told:
        open_dataset(relative.name, offline=True)
    assert str(told.value) == (
        f"No {relative.title} on this machine and --offline forbids a download."
    )


def labels_with(change):
    labels = np.arange(10_000, dtype=np.uint8) % 10
    change(labels)
    return np.array([0x801, 10_000], ">u4").tobytes() + labels.tobytes()


def far(labels):
    labels[77] = 10


def none_of_nine(labels):
    labels[labels == 9] = 0


WRONG = {
    "cut": (content_of(TEST_LABELS)[:-1], "10,007 bytes"),
    "long": (content_of(TEST_LABELS) + b"\0", "more than 10,008 bytes"),
    "magic": (b"\0\0\x08\x02" + content_of(TEST_LABELS)[4:], "it has another header"),
    "count": (b"\0\0\x08\x01\0\0\0\x09" + content_of(TEST_LABELS)[8:], "it has another header"),
    "labels": (labels_with(far), "labels up to 10"),
    "class": (labels_with(none_of_nine), "no image of class 9"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_not_of_its_form_is_refused_where_no_checksum_is_known(made, tmp_path, kind):
    kmnist = MNIST_LIKE["kmnist"]
    content, why = WRONG[kind]
    path = laid(kmnist, made, tmp_path).folder / f"{TEST_LABELS}.gz"
    path.write_bytes(gzip.compress(content))
    with pytest.raises(DatasetDamaged) as told:
        open_dataset("kmnist", str(tmp_path))
    assert str(told.value) == (
        f"{path} does not hold KMNIST's {TEST_LABELS} ({why}). Remove it and run "
        "`mnist-tui data fetch kmnist`, or give another --data-root."
    )


@pytest.mark.parametrize("name", RELATIVES)
def test_mnist_in_the_place_of_a_relative_is_known_for_what_it_is(mnist_root, tmp_path, name):
    one = MNIST_LIKE[name]
    folder = tmp_path / one.folder / "raw"
    folder.parent.mkdir()
    folder.symlink_to((mnist_root / "MNIST" / "raw").resolve())
    with pytest.raises(DatasetDamaged, match=rf"not hold {one.title}'s .* \(it is MNIST's\)"):
        open_dataset(name, str(tmp_path))


def test_a_relative_is_downloaded_from_the_next_mirror(relative, made, nowhere):
    with serving(made) as server:
        mirrors = [server.url("wrong"), server.url("good")]
        folder = download.fetch(relative, nowhere / "cache", mirrors=mirrors)
        assert folder == nowhere / "cache" / relative.folder / "raw"
        assert sorted(path.name for path in folder.iterdir()) == sorted(relative.archives)
        assert open_dataset(relative.name, offline=True).origin == str(nowhere / "cache")
        (folder / f"{TRAIN_LABELS}.gz").write_bytes(b"half")
        server.seen.clear()
        download.fetch(relative, nowhere / "cache", mirrors=mirrors[1:])
        assert server.seen == [("good", f"{TRAIN_LABELS}.gz")]


def test_a_relative_is_downloaded_where_it_is_asked_for(relative, made, nowhere, monkeypatch):
    source = getattr(torchvision.datasets, relative.folder)
    with serving(made) as server:
        monkeypatch.setattr(source, "mirrors", [server.url("busy")])
        with pytest.raises(DatasetMissing) as told:
            open_dataset(relative.name)
        assert str(told.value) == (
            f"No {relative.title} on this machine, and the download failed: "
            f"HTTP 503 from 127.0.0.1 ({server.url('busy')})."
        )
        monkeypatch.setattr(source, "mirrors", [server.url("good")])
        assert open_dataset(relative.name).name == relative.name


def test_auto_never_takes_a_relative(made, nowhere, monkeypatch):
    laid(MNIST_LIKE["kmnist"], made, nowhere / "cache")
    assert open_dataset("auto", offline=True).name == "digits"
    assert MNIST.name == "mnist"
