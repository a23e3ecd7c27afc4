"""Where memory runs out: one line that says what to do, and a run that can be resumed."""

import errno
from dataclasses import replace

import pytest
import torch

from engine.errors import EngineError, is_out_of_memory, memory_words
from engine.runs.events import Failed
from engine.runs.run import Run
from engine.runs.session import Session
from engine.sections.train import loop
from tests.conftest import train_config
from tui.cli.main import invoke

OF_A_GPU = torch.OutOfMemoryError(
    "CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of 79.11 GiB ..."
)
OF_A_CPU = RuntimeError(
    "[enforce fail at alloc_cpu.cpp:127] . DefaultCPUAllocator: can't allocate memory: you tried "
    "to allocate 400000000000 bytes. Error code 12 (Cannot allocate memory)"
)
ERRORS = [OF_A_GPU, OF_A_CPU, RuntimeError("DefaultCPUAllocator: not enough memory"),
          RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling"), MemoryError(),
          RuntimeError("CUDA error: out of memory\nCompile with")]  # fmt: skip


def test_what_torch_says_of_it_is_known():
    assert all(map(is_out_of_memory, ERRORS))
    with pytest.raises((RuntimeError, MemoryError)) as told:
        torch.empty(2**60)
    assert is_out_of_memory(told.value)
    assert not is_out_of_memory(RuntimeError("shapes differ"))
    assert not is_out_of_memory(OSError(errno.ENOSPC, "full"))


@pytest.mark.parametrize(
    ("error", "device", "words"),
    [(OF_A_GPU, "cuda:1", "Not enough memory on cuda:1 for 20.00 MiB more."),
     (OF_A_CPU, "cpu", "Not enough memory for 372.5 GiB more."),
     (MemoryError("Unable to allocate 1.5 GiB for"), "", "Not enough memory for 1.5 GiB more."),
     (MemoryError(), "cpu", "Not enough memory.")],
)  # fmt: skip
def test_it_says_how_much_is_lacking(error, device, words):
    assert memory_words(error, device) == words


@pytest.fixture
def short(monkeypatch):
    """Memory runs out at a step of the training."""
    step, left = loop._step, {"steps": 5}

    def fails(*arguments):
        left["steps"] -= 1
        if left["steps"] < 0:
            raise ERRORS[0]
        return step(*arguments)

    monkeypatch.setattr(loop, "_step", fails)
    return left


@pytest.mark.extended
def test_the_run_says_what_to_do_and_resumes_to_the_same_bits(tmp_path, few, cpu, short):
    config = replace(train_config(artifacts=str(tmp_path)), device="cuda:0")
    heard = []
    with pytest.raises(EngineError) as told:
        Session(config, few, cpu, listen=heard.append).run()
    failed = heard[-1]
    assert isinstance(failed, Failed)
    run = next(tmp_path.iterdir())
    resuming = f"mnist-tui resume {run.name} --artifacts {tmp_path}"
    assert str(told.value) == failed.message
    assert failed.message == (
        "Not enough memory on cuda:0 for 20.00 MiB more. Free some (nvidia-smi lists who uses "
        f"it), then resume with `{resuming}`; a new run needs less with a smaller --batch-size, "
        "or takes the CPU's with --device cpu."
    )
    short["steps"] = 10**6
    resumed = Session(config, few, cpu, listen=heard.append, resumed=Run(run)).run()
    whole = Session(config, few, cpu, listen=heard.append).run()
    assert resumed.read_info()["status"] == "finished"
    weights = [(one.path / "weights.pt").read_bytes() for one in (resumed, whole)]
    assert weights[0] == weights[1]


def test_before_a_run_begins_nothing_is_left(tmp_path, few, cpu, monkeypatch):
    def fails(*arguments):
        raise ERRORS[1]

    monkeypatch.setattr(loop.TrainState, "begin", fails)
    config = train_config(artifacts=str(tmp_path))
    with pytest.raises(EngineError, match="Close other programs, and try again; the run needs"):
        Session(config, few, cpu, listen=lambda event: None).run()
    assert not list(tmp_path.iterdir())


def test_a_command_ends_with_one_line_and_exit_code_1(tmp_path, capsys, short):
    code = invoke(["run", "train", "--dataset", "digits", "--model", "baseline", "--quiet",
                   "--artifacts", str(tmp_path)])  # fmt: skip
    lines = capsys.readouterr().err.splitlines()
    assert code == 1
    assert len(lines) == 1
    assert "Not enough memory" in lines[0]
    assert "mnist-tui resume " in lines[0]


def test_so_does_one_that_drives_no_run(monkeypatch, capsys):
    def fails(*arguments, **options):
        raise MemoryError

    monkeypatch.setattr("tui.cli.models.empty_table", fails)
    assert invoke(["models", "list"]) == 1
    assert capsys.readouterr().err == (
        "mnist-tui: Not enough memory. Close other programs and try again.\n"
    )
