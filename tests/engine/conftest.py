"""Finished runs of every section, made once, and copies of them to be spoilt."""

import io
import json
import shutil

import numpy as np
import pytest

from engine.runs.run import Run
from engine.runs.session import Session
from engine.sections.adversarial.config import AdversarialConfig
from engine.sections.visualize.config import VisualizeConfig
from tests.conftest import train_config


@pytest.fixture(scope="session")
def runs(tmp_path_factory, few, cpu):
    """A finished run of each section in one folder."""
    artifacts = str(tmp_path_factory.mktemp("artifacts"))
    found = {"dataset": "digits", "device": "cpu", "precision": "fp32", "threads": 1}

    def finished(config):
        return Session(config, few, cpu, listen=lambda event: None).run()

    # Thirty epochs of two steps: networks that have learned something, which reports ask for.
    train = finished(train_config(model="two-conv", epochs=30, artifacts=artifacts))
    other = finished(train_config(model="baseline", epochs=30, artifacts=artifacts))
    found |= {"run": train.id, "model": "two-conv", "other_runs": {"baseline": other.id}}
    short = {"steps": 8, "artifacts": artifacts}
    return {
        "train": train,
        "adversarial": finished(AdversarialConfig(labels=(1, 7), **short).resolve(**found)),
        "visualize": finished(VisualizeConfig(layers=("logits",), **short).resolve(**found)),
    }


@pytest.fixture
def copied(runs, tmp_path):
    """The same runs in a folder of their own, to be spoilt; by section."""
    folder = runs["train"].path.parent
    shutil.copytree(folder, tmp_path / "copy")
    return {section: Run(tmp_path / "copy" / run.id) for section, run in runs.items()}


def spoil_json(run, name, change):
    """Change a JSON file of a run."""
    values = json.loads((run.path / name).read_text())
    change(values)
    (run.path / name).write_text(json.dumps(values))


def spoil_array(run, name):
    """Turn the first image of an array upside down in brightness."""
    array = np.load(run.path / name)
    array[0] = np.clip(1 - array[0], -1, 1)
    buffer = io.BytesIO()
    np.save(buffer, array)
    (run.path / name).write_bytes(buffer.getvalue())
