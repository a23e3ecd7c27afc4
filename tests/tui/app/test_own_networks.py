"""The app shows runs of networks that are not its own without their code."""

import pytest

from engine.laboratory import Laboratory
from engine.runs.control import Control
from engine.sections.adversarial.config import AdversarialConfig
from engine.sections.train.config import TrainConfig
from engine.sections.visualize.config import VisualizeConfig
from engine.trust import trust_named
from tests.conftest import a_few
from tests.networks import MARKING
from tests.tui.pilot import live
from tests.tui.views import KEYS, open_view

SHORT = {"device": "cpu", "threads": 1, "precision": "fp32"}


@pytest.fixture(scope="module")
def sent(tmp_path_factory):
    """Runs of every section, of a network whose code leaves a mark; from somebody else."""
    home = tmp_path_factory.mktemp("sender")
    (home / "net.py").write_text(MARKING)

    def finished(config):
        trust_named([config])
        laboratory = Laboratory(warn=lambda line: None)
        return laboratory.session(config, listen=lambda event: None, control=Control()).run()

    shared = {"artifacts": str(home / "runs"), **SHORT}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(home / "state"))
        patch.setenv("MARK", str(home / "mark"))
        patch.setattr("engine.figures.draw_figures", lambda run: iter(()))
        config = {"model": f"{home / 'net.py'}:Net", "epochs": 1, "dataset": "digits"} | shared
        run = finished(TrainConfig(**config))
        finished(TrainConfig(**config, seed=1))
        layers = ("logits", "conv")
        finished(VisualizeConfig(run=run.id, layers=layers, steps=2, **shared))
        finished(AdversarialConfig(run=run.id, labels=(3,), steps=2, **shared))
    return home / "runs"


SECTIONS = ("train", "adversarial", "visualize", "runs", "compare")


@pytest.mark.extended
@pytest.mark.parametrize("views", a_few([SECTIONS, (*KEYS, "leave")], 1, 0), ids=["some", "all"])
def test_no_view_imports_the_code_in_runs(sent, tmp_path, monkeypatch, views):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("MARK", str(tmp_path / "mark"))

    async def story(app, pilot):
        for view in views:
            await open_view(app, pilot, view)
        assert app.faults.count == 0

    live(sent, story)
    assert not (tmp_path / "mark").exists()
