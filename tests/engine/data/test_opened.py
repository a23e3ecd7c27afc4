"""What one process has open: each dataset once, a file as it is now."""

import threading

import numpy as np
import pytest

from engine.data import open as opening
from engine.data.dataset import DatasetDamaged
from engine.data.opened import Datasets
from engine.sections.train.config import TrainConfig


def written(path, data, more=0):
    train, test = data.train, data.test
    np.savez(path, x_train=train.images[:200] + np.uint8(more), y_train=train.labels[:200],
             x_test=test.images[:100], y_test=test.labels[:100])  # fmt: skip


def test_a_file_that_was_damaged_meanwhile_is_refused_each_time(digits, tmp_path):
    path = tmp_path / "own.npz"
    written(path, digits)
    datasets = Datasets(lambda line: None)
    configs = [TrainConfig(dataset=str(path), offline=offline) for offline in (False, True)]
    before = [datasets.open(config) for config in configs]
    assert before[0] is before[1]
    path.write_bytes(b"nothing of that")
    for config in configs * 2:
        with pytest.raises(DatasetDamaged):
            datasets.open(config)
    written(path, digits, more=1)
    for config in configs:
        assert datasets.open(config).sha256 != before[0].sha256


def test_two_threads_open_it_once(digits, monkeypatch):
    opened, both = [], threading.Barrier(2)

    def slowly(name, *_, **__):
        opened.append(name)
        threading.Event().wait(0.2)
        return digits

    monkeypatch.setattr(opening, "open_dataset", slowly)
    datasets = Datasets(lambda line: None)

    def ask():
        both.wait()
        datasets.open(TrainConfig(dataset="digits"))

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert opened == ["digits"]
