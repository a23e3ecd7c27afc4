"""``runs export`` from the command line, on runs of version 0.1."""

import csv
import io
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.test_old_runs import NEURONS, NOISES, OLD, STOPPED, TUNED
from tui.cli.main import invoke


@pytest.fixture
def call(tmp_path, monkeypatch, capsys):
    """Export a run in a folder of its own; return exit code and both streams."""
    shutil.copytree(OLD, tmp_path / "artifacts")
    monkeypatch.chdir(tmp_path)

    def call(run, *arguments):
        code = invoke(["runs", "export", run, *arguments])
        return (code, *capsys.readouterr())

    return call


def test_a_file_in_the_current_folder_is_named_after_the_run(call, tmp_path):
    assert call(NOISES, "--to", "safetensors") == (0, f"{tmp_path}/{NOISES}.safetensors\n", "")
    noise = load_file(tmp_path / f"{NOISES}.safetensors")["noise"]
    assert np.array_equal(noise, np.load(OLD / NOISES / "noise.npy"))
    assert call(TUNED, "--to", "safetensors")[0] == 0
    assert "conv1.weight" in load_file(tmp_path / f"{TUNED}.safetensors")


def test_output_names_the_file(call, tmp_path):
    (tmp_path / "made").mkdir()
    assert call(NEURONS, "--to", "npz", "--output", "made/x.npz") == (
        0, f"{tmp_path}/made/x.npz\n", "",
    )  # fmt: skip
    assert "images" in np.load("made/x.npz")


@pytest.mark.parametrize("run", [TUNED, NOISES, NEURONS, STOPPED[0]])
def test_csv_is_the_same_printed_or_in_a_file(call, run):
    code, printed, _ = call(run)
    assert code == 0
    assert len(list(csv.reader(io.StringIO(printed)))) > 1
    for arguments in (["--to", "csv", "--output", "-"], ["--output", "-"]):
        assert call(run, *arguments) == (0, printed, "")
    for number, arguments in enumerate((["--to", "csv"], [])):
        _, told, _ = call(run, *arguments, "--output", f"{number}.csv")
        with open(told.strip(), newline="") as file:
            assert file.read() == printed
    _, told, _ = call(run, "--to", "csv")
    assert told.endswith(f"/{run}.csv\n")


@pytest.mark.parametrize(
    ("run", "arguments", "code", "words"),
    [
        (TUNED, ["--to", "npz", "--output", "-"], 2, "Only CSV is printed; give --output a file"),
        (TUNED, ["--output", "x.onnx"], 2, "x.onnx does not end in .csv"),
        ("no-such-run", ["--output", "x.onnx"], 2, "x.onnx does not end in .csv"),
        (TUNED, ["--to", "png"], 2, "'png' is not one of"),
        ("no-such-run", ["--to", "npz"], 1, "No run 'no-such-run'"),
        (STOPPED[0], ["--to", "npz"], 1, "only a finished one can be exported to npz"),
        (NOISES, ["--to", "onnx"], 1, "trained no network"),
        (TUNED, ["--output", "x" * 300 + ".csv"], 1, "(File name too long)"),
        (TUNED, ["--to", "npz", "--output", "x" * 300, "--force"], 1, "(File name too long)"),
        (TUNED, ["--to", "tensorboard", "--output", "x" * 300], 1, "(File name too long)"),
        (TUNED, ["--to", "npz", "--output", "artifacts"], 1, "artifacts is a folder"),
        (TUNED, ["--to", "npz", "--output", "no/x.npz"], 1, "No such file or directory"),
    ],
)
def test_what_cannot_be_is_one_line_and_leaves_nothing(call, tmp_path, run, arguments, code, words):
    found, out, err = call(run, *arguments)
    assert (found, out) == (code, "")
    assert words in err
    assert err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["artifacts"]


def test_a_file_that_is_there_needs_force(call, tmp_path):
    (tmp_path / "x.csv").write_text("mine")
    code, _, err = call(TUNED, "--output", "x.csv")
    assert (code, err) == (1, "mnist-tui: x.csv exists already; --force overwrites it.\n")
    assert (tmp_path / "x.csv").read_text() == "mine"
    assert call(TUNED, "--output", "x.csv", "--force")[0] == 0
    assert (tmp_path / "x.csv").read_text().startswith("step,")


NET = """
from torch import nn

class Net(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(1, 4, 3, stride=4), nn.BatchNorm2d(4)
        self.head = nn.Linear(4 * 7 * 7, classes)

    def forward(self, images):
        return self.head(self.norm(self.conv(images)).relu().flatten(1))
"""


@pytest.mark.extended
def test_a_network_of_one_s_own_is_exported_and_its_code_run_for_onnx_alone(
    call, digits, tmp_path, monkeypatch, capsys
):
    pytest.importorskip("onnxscript")
    runtime = pytest.importorskip("onnxruntime")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "net.py").write_text(NET)
    assert invoke(["run", "train", "--model", "net.py:Net", "--dataset", "digits", "--epochs", "1",
                   "--quiet", "--artifacts", "own"]) == 0  # fmt: skip
    capsys.readouterr()
    [run] = (path.name for path in (tmp_path / "own").iterdir())
    where = ["--artifacts", "own"]
    shutil.rmtree(tmp_path / "state")  # as on another machine
    for to in ("csv", "npz", "safetensors"):
        assert call(run, "--to", to, *where)[0] == 0
    weights = load_file(f"{run}.safetensors")
    assert {"norm.running_mean", "norm.num_batches_tracked"} < set(weights)
    code, _, err = call(run, "--to", "onnx", *where)
    assert code == 1
    assert "--trust" in err
    assert not (tmp_path / f"{run}.onnx").exists()
    assert call(run, "--to", "onnx", "--trust", *where)[0] == 0
    images = digits.test.images[:200, None].astype(np.float32) / 255
    session = runtime.InferenceSession(f"{run}.onnx", providers=["CPUExecutionProvider"])
    [logits] = session.run(["logits"], {"images": images})
    answers = np.load(f"{run}.npz")
    assert (logits.argmax(1) == answers["answers_prediction"][:200]).mean() > 0.99
