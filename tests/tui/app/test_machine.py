import sys
from types import SimpleNamespace

import pytest

from tui.app.machine import GIB, Load, Machine


def test_a_machine_without_a_gpu_tells_the_rest(monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)  # as where it is not installed
    load = Machine().read()
    assert load.memory > 2**20
    assert load.gpu is load.gpu_total is None
    assert "GPU" not in load.words()


@pytest.fixture(autouse=True)
def every_gpu_visible(monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def gpu(rates):
    def fail(handle):
        raise pynvml.NVMLError

    pynvml = SimpleNamespace(
        NVMLError=ValueError,
        nvmlInit=lambda: None,
        nvmlDeviceGetHandleByIndex=lambda index: index,
        nvmlDeviceGetHandleByUUID=lambda uuid: uuid,
        nvmlDeviceGetMemoryInfo=lambda handle: SimpleNamespace(used=12 * GIB, total=141 * GIB),
        nvmlDeviceGetUtilizationRates=(lambda handle: SimpleNamespace(gpu=43)) if rates else fail,
    )
    return pynvml


def test_a_gpu_and_one_that_tells_no_load(monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", gpu(rates=True))
    assert Machine().read().words().startswith("GPU  43% CPU")
    monkeypatch.setitem(sys.modules, "pynvml", gpu(rates=False))
    load = Machine().read()
    assert load.gpu is None
    assert ", GPU 12.0/141 GiB" in load.words()


@pytest.mark.parametrize(
    ("visible", "index", "handle"),
    [(None, 0, 0), (None, 2, 2), ("3,1", 0, 3), ("3, 1", 1, 1), ("GPU-5f-1,0", 0, "GPU-5f-1"),
     ("MIG-77", 0, "MIG-77"), ("", 0, None), ("3", 1, None), ("odd", 0, None)],
)  # fmt: skip
def test_the_gpu_is_the_one_that_torch_knows_by_that_number(monkeypatch, visible, index, handle):
    monkeypatch.setitem(sys.modules, "pynvml", gpu(rates=True))
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    asked = []
    monkeypatch.setattr(
        sys.modules["pynvml"], "nvmlDeviceGetMemoryInfo",
        lambda handle: asked.append(handle) or SimpleNamespace(used=GIB, total=GIB),
    )  # fmt: skip
    Machine(index).read()
    assert asked == ([] if handle is None else [handle])


def test_words_are_short():
    assert Load(1.5, 512 * 2**20).words() == "CPU 150% 512 MiB"
    assert Load(0.05, 3 * GIB, 1.0, GIB, 80 * GIB).words() == (
        "GPU 100% CPU   5% 3.0 GiB, GPU 1.0/80 GiB"
    )
