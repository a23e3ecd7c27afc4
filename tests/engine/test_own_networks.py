"""Networks of one's own go through all that the course report's do."""

import csv
import io
from functools import cache

import numpy as np
import pytest
import torch

from engine.analysis.export import export, export_csv
from engine.analysis.rerun import SAME, rerun
from engine.analysis.verify import agrees, verify
from engine.laboratory import Laboratory
from engine.report import write_report
from engine.report.choose import choose
from engine.runs.control import Control
from engine.runs.events import Progress, Stopped
from engine.sections.adversarial.config import AdversarialConfig
from engine.sections.train.config import TrainConfig
from engine.sections.visualize.config import VisualizeConfig
from engine.trust import trust_named
from tests.conftest import a_few
from tests.networks import NETWORKS
from tests.processes import comparable

STEPS_PER_EPOCH = 13
# All of them in float32; in bf16 what has layouts, statistics or whole numbers of its own.
KINDS = [(kind, "fp32") for kind in NETWORKS]
BF16 = ("residual", "channels-last", "counts")
KINDS += [(kind, "bf16") for kind in sorted(NETWORKS, key=lambda kind: kind not in BF16)]


@pytest.fixture(scope="module", autouse=True)
def no_figures():
    """Leave out the figures, which take longer than all the rest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("engine.figures.draw_figures", lambda run: iter(()))
        yield


def listening(config, listen, control=None):
    """Return a Session of a config, with a laboratory of its own."""
    trust_named([config])
    laboratory = Laboratory(warn=pytest.fail)
    return laboratory.session(config, listen=listen, control=control or Control())


def finished(config):
    return listening(config, lambda event: None).run()


@pytest.fixture(scope="module")
def config_of(tmp_path_factory):
    """Return a function to the config of a short training, by kind and precision."""

    @cache
    def config(kind, precision="fp32"):
        folder = tmp_path_factory.mktemp(kind)
        (folder / "net.py").write_text(NETWORKS[kind])
        return TrainConfig(
            model=f"{folder / 'net.py'}:Net", dataset="digits", device="cpu", threads=1,
            precision=precision, artifacts=str(folder / "artifacts"), recipe="tuned", epochs=7,
            batch_size=100, learning_rate=0.05, validation_interval=1000, seed=1,
        )  # fmt: skip

    return config


@pytest.fixture(scope="module")
def trained(config_of):
    """Return a function to the finished training of a kind."""
    return cache(lambda kind, precision="fp32": finished(config_of(kind, precision)))


def opened(run):
    return Laboratory(warn=pytest.fail).survey_of(run)


@pytest.mark.parametrize("which", a_few(KINDS, 3, 6), ids="-".join)
def test_stopped_within_an_epoch_and_resumed_it_is_the_same_run(config_of, trained, which):
    kind, precision = which
    expected = comparable(trained(kind, precision))
    control, heard = Control(), []

    def listen(event):
        heard.append(event)
        if isinstance(event, Progress) and event.step == 3 * STEPS_PER_EPOCH + 10:
            control.stop("a test")

    run = listening(config_of(kind, precision), listen, control).run()
    assert isinstance(heard[-1], Stopped)
    assert (
        "validation_accuracy" not in [one for one in heard if isinstance(one, Progress)][-1].values
    )
    laboratory = Laboratory(warn=pytest.fail)
    resumed = laboratory.resume(run, listen=lambda event: None, control=Control()).run()
    assert comparable(resumed) == expected
    assert set(expected[0]) == {"weights.pt", "answers.npz", "model.py"}
    assert run.read_info()["environment"]["precision"] == precision


@pytest.mark.parametrize("which", a_few(KINDS, 3, 6), ids="-".join)
def test_its_results_come_out_again(trained, which):
    run = trained(*which)
    data, device = opened(run)
    assert agrees(verify(run, data, device))
    assert rerun(run, data, device).verdict == SAME


def test_only_training_images_leave_anything_in_it(trained):
    """It counts whatever it is asked: sixteen samples, validation, test."""
    run = trained("counts-all")
    state = torch.load(run.path / "weights.pt")
    assert state["calls"] == run.read_config().total_steps(1260) == 7 * STEPS_PER_EPOCH


@pytest.mark.extended
@pytest.mark.parametrize("kind", a_few(NETWORKS, 0, 1))
def test_it_is_attacked_looked_into_and_reported(trained, kind, tmp_path):
    run = trained(kind)
    shared = {"run": run.id, "artifacts": str(run.path.parent), "device": "cpu", "threads": 1,
              "precision": "fp32"}  # fmt: skip
    attack = finished(AdversarialConfig(labels=(1, 7), steps=20, **shared))
    look = finished(VisualizeConfig(steps=3, **shared))
    layout = run.read_config().network
    shown = dict.fromkeys(one["layer"] for one in look.read_result()["neurons"])
    assert tuple(shown) == layout.shown
    first = finished(VisualizeConfig(steps=3, layers=layout.names[:1], **shared))
    data, device = opened(run)
    assert agrees(verify(first, data, device))
    for each in (attack, look):
        assert rerun(each, data, device).verdict == SAME
    page, chosen = tmp_path / "report.html", choose(run.path.parent, [run.id, attack.id, look.id])
    findings = write_report(chosen, data, device, page, "a command")
    wrong = [one.claim for one in findings if one.holds is False]
    # So few steps make noise that is hardly better than random on some of these networks.
    assert [claim for claim in wrong if not claim.startswith("Random noise of the same size")] == []
    assert run.read_config().model in page.read_text()


@pytest.mark.parametrize("kind", ["residual", "counts", "tied", "channels-last"])
def test_it_is_exported(trained, kind, tmp_path):
    run = trained(kind)
    rows = list(csv.reader(io.StringIO("".join(export_csv(run)))))
    assert len(rows) == 1 + 7 * STEPS_PER_EPOCH
    for format_ in ("safetensors", "npz"):
        export(run, format_, tmp_path / f"net.{format_}")
        assert (tmp_path / f"net.{format_}").stat().st_size > 1000
    with np.load(tmp_path / "net.npz") as file:
        assert set(file) > {"output.weight", "output.bias"}
