"""A dataset is read while torch is imported, and opened as ever where that fails."""

import gzip
import threading
from types import SimpleNamespace

import pytest

from engine import laboratory
from engine.data import idx
from engine.data.dataset import DatasetDamaged, DatasetMissing
from engine.data.known import FILES
from engine.data.opened import Datasets
from engine.laboratory import Laboratory
from engine.sections.train.config import TrainConfig


@pytest.fixture
def reads(monkeypatch):
    """Who reads files, and whether in the thread that asks."""
    found, real = [], idx.find_idx

    def find(known, root=None):
        found.append((known.name, threading.current_thread() is threading.main_thread()))
        return real(known, root)

    monkeypatch.setattr(idx, "find_idx", find)
    return found


@pytest.mark.parametrize("name", ["mnist", "auto"])
@pytest.mark.parametrize("offline", [False, True])
def test_it_is_read_once_and_is_what_open_returns(mnist_root, mnist, reads, name, offline):
    datasets = Datasets(lambda line: None)
    config = TrainConfig(dataset=name, data_root=str(mnist_root), offline=offline)
    assert datasets.read_ahead(config)
    assert datasets.read_ahead(config)  # another run that waits for it
    data = datasets.open(config)
    assert data.sha256 == mnist.sha256
    assert datasets.open(config) is data
    assert datasets.open(TrainConfig(dataset="mnist", data_root=data.origin)) is data
    assert not datasets.read_ahead(config)
    assert reads == [("mnist", False)]


def test_what_is_not_here_is_looked_for_at_once(tmp_path, reads):
    datasets = Datasets(lambda line: None)
    for name, root in (("mnist", tmp_path), ("digits", None), (str(tmp_path / "a.npz"), None)):
        config = TrainConfig(dataset=name, data_root=root and str(root))
        assert not datasets.read_ahead(config)
    with pytest.raises(DatasetMissing):
        datasets.open(TrainConfig(dataset="mnist", data_root=str(tmp_path)))
    assert all(here for _, here in reads)


def test_what_is_damaged_is_told_by_open(tmp_path, reads):
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name in FILES:
        (raw / f"{name}.gz").write_bytes(gzip.compress(b"no such images"))
    datasets = Datasets(lambda line: None)
    config = TrainConfig(dataset="mnist", data_root=str(tmp_path))
    assert datasets.read_ahead(config)
    with pytest.raises(DatasetDamaged):
        datasets.open(config)
    assert threading.active_count() == 1 or all(
        thread.name != "dataset" for thread in threading.enumerate()
    )


def test_a_laboratory_reads_ahead_only_where_torch_is_still_to_come(
    mnist_root, mnist, reads, monkeypatch
):
    config = TrainConfig(dataset="mnist", data_root=str(mnist_root), device="cpu", threads=1)
    Laboratory(warn=lambda line: None).survey(config)
    monkeypatch.setattr(laboratory, "sys", SimpleNamespace(modules={}))
    data, _ = Laboratory(warn=lambda line: None).survey(config)
    assert data.sha256 == mnist.sha256
    assert reads == [("mnist", True), ("mnist", False)]
