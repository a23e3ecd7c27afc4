"""Networks of one's own on the pad: asked as they are, and not before their code is trusted."""

import numpy as np
import pytest
import torch

from engine.laboratory import Laboratory
from engine.networks.layout import LOGITS
from engine.numerics.device import Device
from engine.pad.inside import maps_of
from engine.pad.networks import Networks, first_choice, is_ours, trained_in
from engine.runs.control import Control
from engine.sections import find
from engine.sections.train.config import TrainConfig
from engine.trust import trust_code, trust_named
from tests.networks import MARKING

SHORT = {"dataset": "digits", "device": "cpu", "threads": 1, "precision": "fp32", "epochs": 1}


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A training of a network that leaves a mark when its code is run; nobody here trusts it."""
    monkeypatch.setenv("MARK", str(tmp_path / "mark"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr("engine.figures.draw_figures", lambda run: iter(()))
    (tmp_path / "net.py").write_text(MARKING)
    config = TrainConfig(model=f"{tmp_path / 'net.py'}:Net", artifacts=str(tmp_path / "runs"),
                         **SHORT)  # fmt: skip
    trust_named([config])
    laboratory = Laboratory(warn=lambda line: None)
    session = laboratory.session(config, listen=lambda event: None, control=Control())
    done = session.run()
    (tmp_path / "mark").unlink()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another's"))
    return done


def test_code_is_run_once_it_is_trusted_and_not_before(run, tmp_path, digits):
    image = digits.test.images[0].astype(np.float32) / 255
    [one] = trained_in(tmp_path / "runs")
    assert not is_ours(one)
    assert "--trust" in one.refused
    assert first_choice([one], 3) == []
    [answer] = Networks().ask([one], image)
    assert answer.probabilities is None
    assert "--trust" in answer.problem
    assert not (tmp_path / "mark").exists()
    trust_code(tmp_path / "runs", [run.id])
    [one] = trained_in(tmp_path / "runs")
    assert one.refused == ""
    networks = Networks()
    [answer] = networks.ask([one], image)
    assert (tmp_path / "mark").exists()
    cpu = Device(torch_device=torch.device("cpu"), precision="fp32", threads=1)
    network = find("train").load(run.read_config(), run, cpu)
    with torch.no_grad():
        direct = network(torch.tensor(image)[None, None]).softmax(1)[0].numpy()
    assert (answer.probabilities == direct).all()
    assert maps_of(networks.load(one), LOGITS, image).shape == (10, 1, 1)
