"""Which GPU torch calls cuda:N, and what its driver says of it, with a stand-in for the driver."""

import sys
from types import SimpleNamespace

import pytest

from engine.numerics import gpus
from engine.numerics.gpus import Facts, facts, handle_of, number_of
from tests.driver import NVMLError, nvml

UUIDS = ("GPU-0a", "GPU-1b-5f", "GPU-2c", "GPU-3d", "MIG-77")


@pytest.fixture(autouse=True)
def driver(monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setitem(sys.modules, "pynvml", nvml(UUIDS))


@pytest.mark.parametrize(
    ("visible", "number", "handle"),
    [(None, 0, "GPU-0a"), (None, 2, "GPU-2c"), ("3,1", 0, "GPU-3d"), ("3, 1", 1, "GPU-1b-5f"),
     ("GPU-1b-5f,0", 0, "GPU-1b-5f"), ("GPU-1b,0", 0, "GPU-1b-5f"), ("MIG-77", 0, "MIG-77"),
     ("", 0, None), ("3", 1, None), ("odd", 0, None), ("GPU-9", 0, None)],
)  # fmt: skip
def test_the_gpu_is_the_one_that_torch_knows_by_that_number(monkeypatch, visible, number, handle):
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    if handle is not None:
        assert handle_of(number) == handle
    else:
        with pytest.raises((ValueError, IndexError, NVMLError)):
            handle_of(number)


@pytest.mark.parametrize(("uuid", "handle"), [("2c", "GPU-2c"), ("77", "MIG-77"), ("", "GPU-3d")])
def test_torch_knows_best(monkeypatch, uuid, handle):
    """Also a slice, which has a UUID of its own; an older torch tells none."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    properties = SimpleNamespace(**({"uuid": uuid} if uuid else {}))
    cuda = SimpleNamespace(
        is_initialized=lambda: True, get_device_properties=lambda number: properties
    )
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    assert handle_of(0) == handle


def test_torch_is_not_imported_for_it(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    assert not gpus.in_use()
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace())  # while it is being imported
    assert not gpus.in_use()


@pytest.mark.parametrize(
    ("mode", "mig", "number", "said"),
    [(0, None, 0, Facts("575.57.08", "default", "no MIG")),
     (3, 0, 0, Facts("575.57.08", "exclusive process", "MIG off")),
     (2, 1, 0, Facts("575.57.08", "prohibited", "MIG on")),
     (7, 1, 4, Facts("575.57.08", "unknown", "a MIG slice"))],
)  # fmt: skip
def test_what_the_driver_says(monkeypatch, mode, mig, number, said):
    monkeypatch.setitem(sys.modules, "pynvml", nvml(UUIDS, mode=mode, mig=mig))
    assert facts(number) == said


def test_without_a_driver_nothing_is_known(monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", SimpleNamespace(NVMLError=NVMLError))
    assert facts(0) == Facts()
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert facts(0) == Facts()


def test_devices_by_name():
    assert [number_of(name) for name in ("auto", "cuda", "cuda:3", "cpu", "mps")] == [
        0, 0, 3, None, None
    ]  # fmt: skip
