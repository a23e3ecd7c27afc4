"""Whether a GPU can be trusted, with stand-ins for one."""

from dataclasses import replace

import pytest
import torch

from engine import checkup
from engine.checkup import Tried, examine, three_steps
from engine.numerics import cuda_graph
from tests.engine.numerics.recorder import OnPaper

LOSSES = (2.3, 2.2, 2.1, 2.0)
NOTICE = "No CUDA graph could be recorded (not permitted); the run continues without, which is"


@pytest.fixture
def gpu(cpu, monkeypatch):
    """A device whose steps a test may spoil: by precision, and whether with graphs."""
    found = {}

    def tried(device, data, *, graphs):
        where = "cpu" if device.torch_device.type == "cpu" else device.precision
        return found.get((where, graphs), Tried(LOSSES))

    monkeypatch.setattr(checkup, "three_steps", tried)
    monkeypatch.setattr(checkup, "has_bf16", lambda device: found.get("bf16", True))
    return replace(cpu, torch_device=torch.device("cuda", 0)), found


def test_a_sound_one(gpu):
    device, found = gpu
    verdict = examine(device, "default")
    assert verdict.sound
    assert verdict.words == (
        "sound: 3 steps give the CPU's losses, with CUDA graphs and without, in float32 and bf16"
    )
    found["bf16"] = False
    assert "in float32; it has no bf16 in hardware" in examine(device).words


OTHER = Tried((2.3, 2.2, 2.1, 2.2))


@pytest.mark.parametrize(
    ("spoilt", "words"),
    [({("fp32", False): Tried(trouble="out of memory")},
      "not usable: no step can be taken (out of memory); use --device cpu"),
     ({("fp32", False): OTHER}, "not sound: its losses are not those of the CPU; use --device cpu"),
     ({("fp32", True): OTHER}, "usable, but losses are others with CUDA graphs: use "
      "--no-cuda-graphs"),
     ({("fp32", True): Tried(trouble="a launch failed")}, "usable, but steps fail with CUDA graphs "
      "(a launch failed): use --no-cuda-graphs"),
     ({("fp32", True): Tried(LOSSES, notice=NOTICE)}, "usable, but no CUDA graph could be recorded "
      "(not permitted): runs continue without, slower"),
     ({("bf16", False): OTHER}, "usable, but bf16 fails (its losses are not those in float32): use "
      "--precision fp32"),
     ({("bf16", False): Tried(trouble="no kernel")}, "usable, but bf16 fails (no kernel): use "
      "--precision fp32"),
     ({("bf16", True): OTHER}, "usable, but losses are others with CUDA graphs: use "
      "--no-cuda-graphs"),
     ({("fp32", False): Tried(LOSSES[:2])}, "not sound: its losses are not those of the CPU; use "
      "--device cpu")],
)  # fmt: skip
def test_one_that_is_not(gpu, spoilt, words):
    device, found = gpu
    found |= spoilt
    verdict = examine(device)
    assert not verdict.sound
    assert verdict.words == words


def test_one_that_one_process_has_to_itself(gpu):
    assert "one process at a time may use it" in examine(gpu[0], "exclusive process").words


def test_the_steps_are_those_of_a_training(digits, cpu, monkeypatch):
    eager = three_steps(cpu, digits, graphs=False)
    assert (len(eager.losses), eager.trouble, eager.notice) == (4, "", "")
    recorder = OnPaper()
    monkeypatch.setattr(cuda_graph, "recorder_of", lambda device: recorder)
    begin = checkup.TrainState.begin

    def begun(config, device):
        state = begin(config, device)
        recorder.changed = [*state.network.parameters(), *state.sgd.velocities]
        return state

    monkeypatch.setattr(checkup.TrainState, "begin", begun)
    assert three_steps(cpu, digits, graphs=True) == eager
    assert recorder.recorded == 2
    recorder.recorded, recorder.fails = 0, [1]
    again = three_steps(cpu, digits, graphs=True)
    assert again.losses == eager.losses
    assert "not permitted when stream is capturing" in again.notice
    assert three_steps(cpu, digits, graphs=False) == eager


def test_whatever_a_driver_raises_is_words(digits, cpu, monkeypatch):
    def fails(*arguments):
        raise RuntimeError("CUDA error: no kernel image is available\nCompile with")

    monkeypatch.setattr(checkup, "train", fails)
    tried = three_steps(cpu, digits, graphs=False)
    assert tried.trouble == "CUDA error: no kernel image is available"
