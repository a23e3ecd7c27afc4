"""Networks of one's own that share a name do not meet."""

import shutil

import pytest

from engine.laboratory import Laboratory
from engine.networks.ledger import ledger_path
from engine.runs.control import Control
from engine.runs.store import list_runs
from engine.sections.adversarial.config import AdversarialConfig
from engine.sections.train.config import TrainConfig
from engine.trust import trust_named
from tests.networks import small

SHORT = {"dataset": "digits", "device": "cpu", "threads": 1, "precision": "fp32"}


@pytest.fixture(scope="module")
def sent(tmp_path_factory):
    """Two files with a Net each, of which one was trained twice, and a linear network."""
    home = tmp_path_factory.mktemp("two")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(home / "state"))
        patch.setattr("engine.figures.draw_figures", lambda run: iter(()))
        for folder, forward in (("a", "return self.see(x)"), ("b", "return self.see(1 - x)")):
            (home / folder).mkdir()
            (home / folder / "net.py").write_text(small("", forward))
        for model in ("a/net.py:Net", "b/net.py:Net", "a/net.py:Net", "linear"):
            spec = str(home / model) if ":" in model else model
            finished(TrainConfig(model=spec, epochs=1, artifacts=str(home / "runs"), **SHORT))
    return home


@pytest.fixture
def artifacts(sent, tmp_path, monkeypatch):
    """A copy of these runs, whose user trusts what the sender does."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr("engine.figures.draw_figures", lambda run: iter(()))
    shutil.copytree(sent / "state", tmp_path / "state")
    return shutil.copytree(sent / "runs", tmp_path / "runs")


def finished(config):
    trust_named([config])
    laboratory = Laboratory(warn=lambda line: None)
    return laboratory.session(config, listen=lambda event: None, control=Control()).run()


def test_each_is_attacked_and_asked_by_itself(artifacts):
    linear, again, second, first = list_runs(artifacts)
    names = [run.read_config().model for run in (again, second)]
    assert names[0] != names[1]
    assert [name.rpartition("-")[0] for name in names] == ["Net", "Net"]
    assert first.read_config().model == names[0]
    attack = {"labels": (3,), "steps": 2, "artifacts": str(artifacts)} | SHORT
    run = finished(AdversarialConfig(run=first.id, **attack))
    others = {names[1]: second.id, "linear": linear.id}
    assert run.read_config().others == others
    [target] = run.read_result()["targets"]
    assert set(target["transfer"]) == set(others)
    # The newest of each model is asked.
    run = finished(AdversarialConfig(run=second.id, **attack))
    assert run.read_config().others == {"linear": linear.id, names[0]: again.id}


def test_one_whose_code_is_not_trusted_is_left_out(artifacts):
    linear, again, second, _ = list_runs(artifacts)
    ledger = ledger_path()
    lines = ledger.read_text().splitlines(keepends=True)
    sha256 = second.read_info()["model_file"]
    ledger.write_text("".join(line for line in lines if not line.startswith(sha256)))
    attack = {"labels": (3,), "steps": 2, "artifacts": str(artifacts)} | SHORT
    run = finished(AdversarialConfig(run=again.id, **attack))
    assert run.read_config().others == {"linear": linear.id}
