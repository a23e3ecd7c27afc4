"""What doctor says of GPUs, with a stand-in for them."""

import json
import sys
from types import SimpleNamespace

import pytest
import torch

from engine.checkup import Verdict
from engine.numerics import device as devices
from tests.driver import GIB, nvml
from tui.cli import doctor
from tui.cli.main import invoke
from tui.images import image_words


@pytest.fixture
def gpus(monkeypatch):
    """Two GPUs, of which the second is in other hands."""
    monkeypatch.setitem(sys.modules, "pynvml", nvml(mode=3, mig=None))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    def memory(gpu):
        if gpu.index:
            raise RuntimeError("CUDA error: all CUDA-capable devices are busy\nCompile with")
        return 70 * GIB, 80 * GIB

    for name, stand_in in {
        "is_available": lambda: True, "device_count": lambda: 2, "mem_get_info": memory,
        "get_device_name": lambda gpu: "NVIDIA H100",
    }.items():  # fmt: skip
        monkeypatch.setattr(torch.cuda, name, stand_in)
    asked = []

    def opened(name):
        asked.append(name)
        number = int(name.partition(":")[2] or 0)
        return SimpleNamespace(
            torch_device=torch.device("cuda", number), precision="bf16", threads=2
        )

    monkeypatch.setattr(devices, "open_device", opened)
    examined = []
    monkeypatch.setattr(
        "engine.checkup.examine",
        lambda device, mode: (
            examined.append((str(device.torch_device), mode))
            or Verdict(True, "sound: as it should be")
        ),
    )
    return examined


def told(capsys, *options):
    assert invoke(["doctor", "--json", *options]) == 0
    return json.loads(capsys.readouterr().out)


def test_each_gpu_is_described_and_the_one_that_runs_take_is_tried(capsys, gpus):
    said = told(capsys)
    assert said["cuda:0"] == (
        "NVIDIA H100, 70.0 of 80.0 GiB free, driver 575.57.08, compute mode exclusive process, "
        "no MIG"
    )
    assert said["cuda:1"].startswith(
        "NVIDIA H100, cannot be used (CUDA error: all CUDA-capable devices are busy), driver"
    )
    assert said["a_run_takes"] == "cuda:0, bf16, 2 threads"
    assert said["verdict"] == "cuda:0 is sound: as it should be"
    assert gpus == [("cuda:0", "exclusive process")]


def test_another_one_is_tried_by_name_or_by_the_environment(capsys, gpus, monkeypatch):
    assert told(capsys, "--device", "cuda:1")["verdict"].startswith("cuda:1 is sound")
    monkeypatch.setenv("MNIST_TUI_DEVICE", "cuda:1")
    assert told(capsys)["a_run_takes"].startswith("cuda:1")
    assert [device for device, _ in gpus] == ["cuda:1", "cuda:1"]


def test_without_a_gpu_there_is_no_verdict(capsys, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setitem(sys.modules, "pynvml", None)
    said = told(capsys, "--device", "cpu")
    assert said["cuda"] == "no device that torch can use"
    assert "verdict" not in said


def test_a_gpu_that_torch_cannot_use_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", nvml())
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert "there is one, with driver 575.57.08: is torch" in doctor._without_cuda()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert "CUDA_VISIBLE_DEVICES is ''" in doctor._without_cuda()


@pytest.fixture
def tmux(monkeypatch, tmp_path):
    """A tmux of the test's own, around which is another terminal."""
    answers = {"allow-passthrough": "off", "#{client_termname}": "xterm-ghostty"}
    monkeypatch.setattr("tui.images._tmux", lambda *arguments: answers[arguments[-1]])
    monkeypatch.setenv("TMUX", "/tmp/tmux,1,0")
    return answers


@pytest.mark.parametrize(("environment", "words"), [
    ({"TERM": "xterm-kitty"}, "in cells; this is kitty, which has real pixels from 0.28 on: "
                              "--images kitty tries them"),
    ({"TERM_PROGRAM": "ghostty"}, "in cells; this is Ghostty: --images kitty tries them"),
    ({"KITTY_WINDOW_ID": "1"}, "in cells; this is kitty"),
    ({}, "in cells; real pixels need kitty 0.28 or later, or Ghostty, and this terminal"),
    ({"MNIST_TUI_IMAGES": "kitty"}, "real pixels, as asked for"),
    ({"MNIST_TUI_IMAGES": "kitty", "NO_COLOR": "1"}, "in characters: NO_COLOR is set"),
    ({"TERM": "xterm-kitty", "STY": "1"}, "in characters: GNU screen does not let them through"),
    ({"TERM": "linux"}, "in characters: TERM=linux shows text alone"),
])  # fmt: skip
def test_how_images_are_drawn_is_told(in_kitty, monkeypatch, environment, words):
    for name in ("TERM_PROGRAM", "KITTY_WINDOW_ID", "MNIST_TUI_IMAGES"):
        monkeypatch.delenv(name, raising=False)
    for name, value in ({"TERM": "xterm-256color"} | environment).items():
        monkeypatch.setenv(name, value)
    assert image_words().startswith(words)


def test_in_tmux_the_terminal_around_it_counts_and_what_it_lets_through(
    in_kitty, tmux, monkeypatch
):
    told = "in cells; this is Ghostty around tmux: tmux's allow-passthrough is off"
    assert image_words().startswith(told)
    assert "set -g allow-passthrough on" in image_words()
    monkeypatch.setenv("MNIST_TUI_IMAGES", "kitty")
    assert image_words().startswith("in characters: tmux's allow-passthrough is off")
    tmux["allow-passthrough"] = "on"
    assert image_words() == "real pixels, as asked for"
    monkeypatch.delenv("MNIST_TUI_IMAGES")
    tmux["#{client_termname}"] = "xterm-256color"
    assert "does not say that it is one" in image_words()


def test_it_stands_among_the_findings(capsys, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert told(capsys)["images"].startswith("in characters:")
