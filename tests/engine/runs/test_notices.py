"""What a run says of itself while it goes on: in the journal, and once on each face."""

import json

import pytest

from engine.analysis.rerun import rerun
from engine.analysis.verify import agrees, verify
from engine.laboratory import Laboratory
from engine.numerics import cuda_graph
from engine.runs.control import Control
from engine.runs.events import Notice, Progress, Started
from engine.runs.run import Run
from engine.runs.session import Session
from engine.sections.train.config import TrainConfig
from tests.conftest import train_config
from tests.engine.numerics.recorder import OnPaper


@pytest.fixture
def failing(monkeypatch):
    monkeypatch.setattr(cuda_graph, "recorder_of", lambda device: OnPaper(fails=[1]))


def bits(run):
    lines = [json.loads(line) for line in (run.path / "events.jsonl").read_text().splitlines()]
    kept = [line for line in lines if line["event"] in ("progress", "preview", "finished")]
    return [{k: v for k, v in line.items() if k != "time"} for line in kept]


@pytest.mark.extended
def test_a_run_without_its_graphs_is_the_same_run(tmp_path, few, cpu, failing):
    heard = []
    plain = train_config(artifacts=str(tmp_path), no_cuda_graphs=True)
    eager = Session(plain, few, cpu, listen=lambda event: None).run()
    config = train_config(artifacts=str(tmp_path))
    run = Session(config, few, cpu, listen=heard.append).run()
    told = [event for event in heard if isinstance(event, Notice)]
    assert [event.message for event in told] == [
        event.message for event in run.events() if isinstance(event, Notice)
    ]
    assert len(told) == 1
    assert told[0].step == 2  # the steps of an epoch are over: it is no later than their losses
    assert bits(run) == bits(eager)
    assert run.find_damage() == ""


@pytest.mark.extended
def test_such_a_run_resumes_and_verifies(tmp_path, failing):
    """Its journal holds a line of a kind that version 0.1 did not know."""

    def session(resumed=None):
        control = Control()

        def listen(event):
            if isinstance(event, Progress) and event.step == 10 and resumed is None:
                control.stop("user")

        asked = {"listen": listen, "control": control}
        laboratory = Laboratory(warn=lambda line: None)
        if resumed is not None:
            return laboratory.resume(resumed, **asked)
        config = TrainConfig(model="baseline", dataset="digits", epochs=2, device="cpu",
                             precision="fp32", artifacts=str(tmp_path))  # fmt: skip
        return laboratory.session(config, **asked)

    run = session().run()
    assert run.read_info()["status"] == "stopped"
    run = session(Run(run.path)).run()
    assert sum(isinstance(event, Notice) for event in run.events()) == 2  # one each time
    assert run.read_info()["status"] == "finished"
    data, device = Laboratory(warn=lambda line: None).survey_of(run)
    assert agrees(verify(run, data, device))
    assert rerun(run, data, device).verdict == "same"


def test_a_config_of_before_has_graphs(runs):
    """And one that is resumed keeps what it was begun with."""
    config = runs["train"].read_config()
    values = config.to_json()
    assert values.pop("no_cuda_graphs") is False
    assert type(config).from_json(values) == config
    started = next(runs["train"].events())
    assert isinstance(started, Started)
