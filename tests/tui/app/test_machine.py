import sys
from types import SimpleNamespace

import pytest

from tests.conftest import started_values, train_config
from tests.driver import GIB, nvml
from tui.app.machine import Load, Machine


def test_a_machine_without_a_gpu_tells_the_rest(monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)  # as where it is not installed
    load = Machine().read()
    assert load.memory > 2**20
    assert load.gpu is load.gpu_total is None
    assert "GPU" not in load.words()


@pytest.fixture(autouse=True)
def every_gpu_visible(monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def test_a_gpu_and_one_that_tells_no_load(monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", nvml())
    assert Machine().read().words().startswith("GPU  43% CPU")
    monkeypatch.setitem(sys.modules, "pynvml", nvml(rates=False))
    load = Machine().read()
    assert load.gpu is None
    assert ", GPU 12.0/141 GiB" in load.words()


def test_the_gpu_is_the_one_that_the_run_uses(monkeypatch):
    asked = []
    monkeypatch.setitem(sys.modules, "pynvml", nvml(asked=asked))
    machine = Machine()
    machine.read()
    machine.device = "cuda:2"
    machine.read()
    machine.device = "cpu"
    assert machine.read().gpu is None
    machine.device = "cuda"
    machine.read()
    assert asked == ["GPU-0a", "GPU-2c", "GPU-0a"]


def test_it_is_looked_up_again_once_torch_knows_the_order(monkeypatch):
    """CUDA counts the fastest first, the driver by slots."""
    asked = []
    monkeypatch.setitem(sys.modules, "pynvml", nvml(asked=asked))
    machine = Machine()
    machine.read()
    cuda = SimpleNamespace(
        is_initialized=lambda: True,
        get_device_properties=lambda number: SimpleNamespace(uuid=["3d", "0a"][number]),
    )
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    machine.read()
    machine.device = "cuda:1"
    machine.read()
    assert asked == ["GPU-0a", "GPU-3d", "GPU-0a"]


def test_the_app_tells_it_the_device_of_the_active_run_or_of_the_next_one():
    from engine.runs.events import Started
    from tui.live.conductor import Conductor

    conductor = Conductor()
    assert conductor.device == ""
    [task] = conductor.start([train_config()], "a command")
    values = started_values(train_config())
    values["environment"] = values["environment"] | {"device": "cuda:1"}
    task.add(Started(step=0, time=1.0, **values))
    assert conductor.device == "cuda:1"
    survey = SimpleNamespace(describe=lambda: {"device": "cuda:0", "device_name": "NVIDIA X",
                                               "precision": "bf16"})  # fmt: skip
    data = SimpleNamespace(describe=lambda: {"name": "digits"}, examples=lambda most: None)
    conductor.driver.laboratory = SimpleNamespace(survey=lambda config: (data, survey))
    conductor._survey(train_config())
    assert conductor.device == "cuda:1"
    task.state = "finished"
    assert conductor.device == "cuda:0"


def test_words_are_short():
    assert Load(1.5, 512 * 2**20).words() == "CPU 150% 512 MiB"
    assert Load(0.05, 3 * GIB, 1.0, GIB, 80 * GIB).words() == (
        "GPU 100% CPU   5% 3.0 GiB, GPU 1.0/80 GiB"
    )
