"""Memory: that of a run does not grow with its steps, and data is not held twice."""

import gc
import platform
import weakref

import numpy as np
import psutil
import pytest

from engine.data.dataset import Split
from engine.laboratory import Laboratory
from engine.numerics.device import open_device
from engine.runs.control import Control
from engine.runs.events import Progress
from engine.runs.session import Session
from engine.sections.adversarial.config import AdversarialConfig
from engine.sections.train.config import TrainConfig
from engine.sections.train.loop import TrainState
from engine.sections.visualize.config import VisualizeConfig
from tests.conftest import train_config

MB = 2**20


def growth(config, steps):
    """Return by how many bytes a run grows between a quarter of some steps and the last of them."""
    process, control, sizes = psutil.Process(), Control(), []

    def listen(event):
        if not isinstance(event, Progress):
            return
        if event.step >= steps // 4 * (len(sizes) + 1):
            gc.collect()
            sizes.append(process.memory_info().rss)
        if event.step >= steps:
            control.stop("user")

    Laboratory(warn=lambda line: None).session(config, listen=listen, control=control).run()
    assert len(sizes) == 4
    return sizes[-1] - sizes[0]


def shared(tmp_path):
    return {"dataset": "digits", "device": "cpu", "precision": "fp32", "threads": 1,
            "artifacts": str(tmp_path)}  # fmt: skip


def training(tmp_path, **options):
    return TrainConfig(recipe="tuned", batch_size=32, epochs=10_000, validation_interval=1000,
                       **shared(tmp_path) | options)  # fmt: skip


@pytest.mark.extended
def test_a_training_does_not_grow(tmp_path):
    """With its journal, its checkpoints and the images that it shows."""
    assert growth(training(tmp_path, model="linear"), 2000) < 3 * MB


@pytest.mark.long
def test_nor_does_one_of_a_hundred_thousand_steps(tmp_path):
    assert growth(training(tmp_path, model="baseline"), 100_000) < 8 * MB


@pytest.mark.alone  # in a process where other tests have left nothing that is given back late
@pytest.mark.extended
@pytest.mark.parametrize("kind", [AdversarialConfig, VisualizeConfig])
def test_nor_do_noises_and_neurons(tmp_path, kind):
    config = TrainConfig(model="baseline", epochs=1, **shared(tmp_path))
    session = Laboratory(warn=lambda line: None).session(
        config, listen=lambda event: None, control=Control()
    )
    network = session.run().id
    choice = {"labels": (3,)} if kind is AdversarialConfig else {"layers": ("logits",)}
    config = kind(run=network, steps=100_000, **choice, **shared(tmp_path))
    assert growth(config, 400) < 3 * MB


def test_images_on_a_cpu_are_those_of_the_dataset(few, cpu):
    """MNIST would take its 55 MB twice."""
    for images in (few.train.images, np.frombuffer(bytes(7840), np.uint8).reshape(10, 28, 28)):
        placed, labels = cpu.place(Split(images, np.arange(len(images), dtype=np.uint8)))
        assert placed.data_ptr() == images.ctypes.data
        assert placed.shape == (len(images), 1, 28, 28)
        assert labels.tolist() == list(range(len(images)))


def test_a_network_of_one_s_own_cannot_write_into_them(few, cpu, tmp_path):
    """It gets a copy of each batch, as some networks work in place."""
    path = tmp_path / "net.py"
    path.write_text(
        "import torch\n"
        "class Net(torch.nn.Module):\n"
        "    def __init__(self, classes):\n"
        "        super().__init__()\n"
        "        self.linear = torch.nn.Linear(784, classes)\n"
        "    def forward(self, images):\n"
        "        return self.linear(images.mul_(0.5).flatten(1))\n"
    )
    laboratory = Laboratory(warn=lambda line: None)
    config = TrainConfig(model=f"{path}:Net", epochs=1, **shared(tmp_path))
    data, _ = laboratory.survey(config)
    before = [split.images.copy() for split in (data.train, data.validation, data.test)]
    from engine.trust import trust_named

    trust_named([config])
    laboratory.session(config, listen=lambda event: None, control=Control()).run()
    for split, images in zip((data.train, data.validation, data.test), before, strict=True):
        assert np.array_equal(split.images, images)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_what_was_kept_for_the_next_step_goes_back():
    process, device = psutil.Process(), open_device("cpu", "fp32", 1)
    blocks = [np.ones(2 * MB, np.uint8) for _ in range(32)]
    used = process.memory_info().rss
    blocks.clear()
    assert process.memory_info().rss > used - 32 * MB
    device.give_back()
    assert process.memory_info().rss < used - 48 * MB


def test_nothing_of_a_training_is_left_while_figures_are_drawn(tmp_path, few, cpu, monkeypatch):
    made, left = [], []
    begin = TrainState.begin

    def begun(*arguments):
        state = begin(*arguments)
        made.append(weakref.ref(state.network))
        return state

    def draw(run):
        left.append(made[0]())
        yield from ()

    monkeypatch.setattr(TrainState, "begin", begun)
    monkeypatch.setattr("engine.figures.draw_figures", draw)
    config = train_config(artifacts=str(tmp_path), epochs=2)
    run = Session(config, few, cpu, listen=lambda event: None).run()
    assert left == [None]
    assert run.read_info()["status"] == "finished"
