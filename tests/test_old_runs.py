"""Runs of version 0.1 can be read, used and resumed.

tests/data/runs-0.1 was made by 0.1 itself on the embedded digits (--threads 1 --precision fp32),
the figures left out: a training of each recipe, noises and neurons of the second one's network,
and a run of each section that Ctrl-C stopped, the training in the middle of an epoch and with
another one queued behind it. No later version may write to these files.
"""

import csv
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.conftest import a_few
from tests.tui.pilot import live
from tui.cli.main import invoke

OLD = Path(__file__).parent / "data" / "runs-0.1"
IDS = sorted(path.name for path in OLD.iterdir())
ASSIGNMENT, TUNED, NOISES, NEURONS, *STOPPED = IDS
FINISHED = (ASSIGNMENT, TUNED, NOISES, NEURONS)
ALIKE = ("--threads", "1", "--precision", "fp32", "--dataset", "digits", "--quiet")  # as they were
SECTIONS = ("train", "train", "adversarial", "visualize", "adversarial", "visualize", "train")


@pytest.fixture
def artifacts(tmp_path):
    """A copy of the old runs."""
    return shutil.copytree(OLD, tmp_path / "artifacts")


@pytest.fixture
def call(artifacts, capsys):
    """Run a command on the copy that must succeed; return what it printed."""

    def call(*arguments):
        capsys.readouterr()
        code = invoke([*arguments, "--artifacts", str(artifacts)])
        out, err = capsys.readouterr()
        assert code == 0, err
        return out

    return call


@pytest.fixture
def no_figures(monkeypatch):
    """Leave out the figures, which take longer than all the rest."""
    monkeypatch.setattr("engine.figures.draw_figures", lambda run: iter(()))


def values(run, name):
    return json.loads((run / name).read_text())


def assert_alike(array, expected):
    """Last digits differ between machines, and each step after makes more of that."""
    assert np.linalg.norm(array - expected) < 0.1 * np.linalg.norm(expected)


def newest(artifacts):
    return max(path for path in artifacts.iterdir() if path.is_dir())


def test_they_are_listed(call):
    listed = json.loads(call("runs", "list", "--json"))
    told = {run["run"]: (run["section"], run["status"]) for run in listed}
    states = ["finished"] * 4 + ["stopped"] * 3
    assert told == dict(zip(IDS, zip(SECTIONS, states, strict=True), strict=True))


@pytest.mark.parametrize("run", IDS)
def test_each_is_shown(call, run):
    assert json.loads(call("runs", "show", run, "--json"))["run_id"] == run
    assert run in call("runs", "show", run)


@pytest.mark.parametrize("run", FINISHED)
def test_the_results_come_out_again(call, run):
    call("runs", "verify", run)


@pytest.mark.parametrize("run", IDS)
def test_the_metrics_are_exported(call, artifacts, run):
    rows = list(csv.reader(io.StringIO(call("runs", "export", run))))
    assert rows[0][0] == "step"
    steps = [int(row[0]) for row in rows[1:]]
    assert steps == list(range(steps[0], steps[0] + len(steps)))
    assert all(len(row) == len(rows[0]) for row in rows)


def test_trainings_are_compared(call, artifacts):
    groups = json.loads(call("compare", ASSIGNMENT, TUNED, "--json"))["groups"]
    assert sorted(run for group in groups for run in group["runs"]) == [ASSIGNMENT, TUNED]


@pytest.mark.parametrize("run", a_few(FINISHED, 1))
def test_the_figures_are_drawn(call, artifacts, run):
    call("runs", "figures", run)
    drawn = list((artifacts / run / "figures").glob("*.png"))
    assert len(drawn) >= 3


@pytest.mark.extended
def test_they_are_reported_on(call, tmp_path):
    page = tmp_path / "report.html"
    call("report", *FINISHED, "--output", str(page))
    text = page.read_text()
    assert all(run in text for run in FINISHED)


@pytest.mark.usefixtures("no_figures")
@pytest.mark.parametrize("section", ["adversarial", "visualize"])
def test_an_old_network_is_looked_at(call, artifacts, section):
    chosen = {"adversarial": ["--label", "3"], "visualize": ["--layer", "logits", "--neuron", "7"]}
    call("run", section, "--run", TUNED, *chosen[section], "--steps", "12", *ALIKE)
    run = newest(artifacts)
    assert run.name not in IDS
    assert values(run, "result.json")["model_run"] == TUNED
    name = {"adversarial": "noise.npy", "visualize": "images.npy"}[section]
    old = artifacts / {"adversarial": NOISES, "visualize": NEURONS}[section] / name
    at = {"adversarial": 0, "visualize": 1}[section]
    assert_alike(np.load(run / name)[0], np.load(old)[at])


@pytest.mark.usefixtures("no_figures")
@pytest.mark.parametrize("run", a_few(STOPPED, 1))
def test_a_stopped_run_is_resumed_to_the_end_that_it_would_have_had(call, artifacts, run):
    before = (OLD / run / "events.jsonl").read_bytes()
    call("resume", run, "--alone", "--quiet")
    resumed = artifacts / run
    assert values(resumed, "run.json")["status"] == "finished"
    assert not (resumed / "checkpoint.pt").exists()
    journal = (resumed / "events.jsonl").read_bytes()
    assert journal.startswith(before[: before.rindex(b'{"event":"checkpoint"')])
    config = values(OLD / run, "run.json")["config"]
    again = ["run", SECTIONS[IDS.index(run)], "--recipe", config["recipe"], *ALIKE]
    if "epochs" in config:
        again += ["--model", config["model"], "--epochs", str(config["epochs"]),
                  "--batch-size", str(config["batch_size"]),
                  "--learning-rate", str(config["learning_rate"])]  # fmt: skip
    else:
        again += ["--run", config["run"], "--steps", str(config["steps"])]
        again += ["--label", str(config["labels"][0])] if "labels" in config else [
            "--layer", config["layers"][0], "--neuron", str(config["neurons"][0])]  # fmt: skip
    call(*again)
    for name, array in arrays(newest(artifacts)).items():
        assert_alike(arrays(resumed)[name], array)


def arrays(run):
    """Return what a run made, by name."""
    if (run / "weights.pt").exists():
        state = torch.load(run / "weights.pt", weights_only=True)
        return {name: tensor.numpy() for name, tensor in state.items()}
    [path] = run.glob("*.npy")
    return {path.name: np.load(path)}


@pytest.mark.usefixtures("no_figures")
def test_what_was_queued_follows(call, artifacts):
    call("resume", STOPPED[-1], "--quiet")
    follower = newest(artifacts)
    assert follower.name not in IDS
    assert values(follower, "run.json")["status"] == "finished"
    assert values(follower, "result.json")["model"] == "baseline"
    assert not (artifacts / STOPPED[-1] / ".queue").exists()


@pytest.mark.extended
def test_the_app_opens_on_them(artifacts):
    async def story(app, pilot):
        for key in "1234":
            await pilot.press(key)
            await pilot.pause(0.3)

    live(artifacts, story)
