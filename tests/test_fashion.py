"""Fashion-MNIST by the real commands: a short training, and all that is promised of it.

The short one is for `make check`; the long one trains nine networks, a quarter of an hour.
"""

import json
import subprocess
import sys

import numpy as np
import pytest

from engine.networks.architectures import ARCHITECTURES

COMMAND = [sys.executable, "-m", "tui.cli", "run"]
LEAST = {"baseline": 0.903, "two-conv": 0.906, "two-conv-fc": 0.918}


def call(*arguments):
    done = subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def results(artifacts, name):
    return [json.loads((run / "result.json").read_text()) for run in artifacts.glob(f"*-{name}")]


@pytest.mark.extended
def test_two_epochs_are_enough_for_most_of_it(fashion_root, tmp_path):
    out = call("train", "--model", "baseline", "--recipe", "tuned", "--epochs", 2, "--dataset",
               "fashion-mnist", "--data-root", fashion_root, "--artifacts", tmp_path)  # fmt: skip
    assert "Fashion-MNIST" in out
    [result] = results(tmp_path, "train-baseline")
    assert result["test"]["n"] == 10_000
    assert result["test"]["accuracy"] > 0.88
    [run] = tmp_path.iterdir()
    info = json.loads((run / "run.json").read_text())
    assert info["dataset"]["classes"][9] == "ankle boot"
    assert info["config"]["augmentation"] == "none"


@pytest.mark.long
def test_what_is_promised_comes_out(fashion_root, tmp_path):
    where = ("--dataset", "fashion-mnist", "--data-root", fashion_root, "--artifacts", tmp_path)
    for seed in (2, 1, 0):  # the last is the one that is looked at below
        call("train", "--all", "--recipe", "tuned", "--seed", seed, *where)
    for model in ARCHITECTURES:
        accuracies = [result["test"]["accuracy"] for result in results(tmp_path, f"train-{model}")]
        assert len(accuracies) == 3
        assert np.mean(accuracies) >= LEAST[model]
    call("adversarial", "--all", *where)
    [noises] = results(tmp_path, "adversarial-two-conv-fc")
    assert min(target["success"]["rate"] for target in noises["targets"]) >= 0.99
    call("visualize", "--layer", "logits", *where)
    [images] = results(tmp_path, "visualize-two-conv-fc")
    read = [set(neuron["read_as"].values()) == {neuron["index"]} for neuron in images["neurons"]]
    assert sum(read) >= 9
