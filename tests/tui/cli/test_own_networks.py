"""Networks of one's own from the command line."""

import json
import shutil

import pytest

from engine.runs.run import Run
from engine.runs.store import list_runs
from tests.conftest import a_few
from tests.networks import NETWORKS, small
from tests.processes import comparable
from tui.cli.main import invoke

LEARNS = ["--recipe", "tuned", "--epochs", "7", "--learning-rate", "0.05"]
SHORT = ["--dataset", "digits", "--threads", "1", "--precision", "fp32"]


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """Run in a folder of its own, with a ledger of its own, without figures."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr("engine.figures.draw_figures", lambda run: iter(()))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def call(capsys):
    """Return a function that runs a command; it returns its exit code and both streams."""

    def call(*words):
        capsys.readouterr()
        return invoke([*map(str, words)]), *capsys.readouterr()

    return call


def test_a_network_that_prints_leaves_standard_output_to_results(call, tmp_path):
    (tmp_path / "net.py").write_text(NETWORKS["prints"])
    code, out, err = call("run", "train", "--model", "net.py:Net", *LEARNS, *SHORT, "--json")
    events = [json.loads(line)["event"] for line in out.splitlines()]
    assert (code, events[0], events[-1]) == (0, "started", "finished")
    for words in ("imported", "built", "called", "backwards", "another mode"):
        assert words in err.splitlines()
    [run] = list_runs(tmp_path / "artifacts")
    for words in (
        f"run adversarial --run {run.id} --label 3 --steps 2 --json",
        f"run visualize --run {run.id} --layer logits --steps 2 --json",
        f"runs verify {run.id} --again --json",
    ):
        code, out, err = call(*words.split(), *(SHORT if words.startswith("run ") else ()))
        assert code == 0, err
        assert [json.loads(line) for line in out.splitlines()]
        assert "called" in err.splitlines()


@pytest.mark.parametrize("change", a_few(["removed", "changed", "a folder"], 1))
def test_a_run_resumes_from_its_copy_of_the_file(call, tmp_path, change):
    file = tmp_path / "net.py"
    file.write_text(NETWORKS["residual"])
    words = ["run", "train", "--model", "net.py:Net", *LEARNS, *SHORT, "--quiet"]
    assert call(*words)[0] == 0
    [whole] = list_runs(tmp_path / "artifacts")
    stopped = Run(shutil.copytree(whole.path, whole.path.parent / f"{whole.id}-stopped"))
    info = whole.read_info() | {"run_id": stopped.id, "status": "stopped", "finished_at": None}
    stopped.write_json("run.json", info)
    (stopped.path / "result.json").unlink()
    file.unlink()
    if change == "changed":
        file.write_text(small("", "return self.see(x)"))
    elif change == "a folder":
        file.mkdir()
    code, _, err = call("resume", stopped.id, "--quiet")
    assert code == 0, err
    assert comparable(stopped) == comparable(whole)


FAULTS = {
    "import helper": ("helper is a file of your own, and the run keeps a copy of this one file"),
    "from . import helper": "the run keeps a copy of this one file",
    "def Net(classes:": "SyntaxError: '(' was never closed (line 1).",
    "": "net.py has no class or function Net.",
    "Other = 3": "net.py has no class or function Net.",
    small("", "return self.see(x)[:, :3]"): "returns [1, 3] for images [1, 1, 28, 28]; wanted are",
    "import torch\nNet = torch.nn.Flatten": "has no trainable parameters",
    small("", "return self.see(x + torch.rand_like(x))"): "gives other logits each time",
    small("", "return self.see(x) * float('inf')"): "returns logits that are not finite",
}


@pytest.mark.parametrize("text", FAULTS)
def test_what_is_wrong_with_a_file_is_one_line(call, tmp_path, text):
    (tmp_path / "helper.py").write_text("open('mark', 'w')")
    (tmp_path / "net.py").write_text(text)
    code, out, err = call("run", "train", "--model", "net.py:Net", *SHORT, "--quiet")
    assert (code, out) == (1, "")
    [line] = err.splitlines()
    assert FAULTS[text] in line
    assert not (tmp_path / "mark").exists()
    assert not (tmp_path / "artifacts").exists()


def test_a_training_that_diverges_is_one_line_and_keeps_its_checkpoint(call, tmp_path):
    """Here at its second epoch."""
    (tmp_path / "net.py").write_text(
        small(
            "self.register_buffer('steps', torch.zeros((), dtype=torch.int64))",
            """
            self.steps += self.training
            return self.see(x) / (self.steps < 20)
            """,
        )
    )
    code, out, err = call("run", "train", "--model", "net.py:Net", *LEARNS, *SHORT, "--quiet")
    assert (code, out) == (1, "")
    [line] = err.splitlines()
    assert "Training diverged at step 20: the loss is no longer finite." in line
    [run] = list_runs(tmp_path / "artifacts")
    assert run.read_status() == "failed"
    assert (run.path / "checkpoint.pt").exists()
