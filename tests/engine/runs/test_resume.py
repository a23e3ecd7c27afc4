"""A run that was interrupted anywhere and went on is the run it would have been."""

import dataclasses
import errno
import io
import math
from pathlib import Path

import pytest
import torch

from engine.errors import EngineError, MnistTuiError
from engine.laboratory import Laboratory
from engine.runs.control import HAND_OVER, Control
from engine.runs.events import Failed, Finished, Progress, Resumed, Started, Stopped, Working
from engine.runs.journal import Journal
from engine.runs.lock import RunLock, is_driven
from engine.runs.run import Run
from engine.runs.session import Session
from engine.runs.store import create_run
from engine.sections.adversarial.config import AdversarialConfig
from engine.sections.visualize.config import VisualizeConfig
from tests.conftest import a_few, train_config
from tests.processes import comparable


@pytest.fixture(scope="module")
def network(tmp_path_factory, few, cpu):
    """A finished training in a folder, for the sections that look at one."""
    folder = tmp_path_factory.mktemp("artifacts")
    config = train_config(model="two-conv", epochs=1, artifacts=str(folder))
    return Session(config, few, cpu, listen=lambda event: None).run()


@pytest.fixture(params=["train", "adversarial", "visualize"])
def config(request, network):
    """A short run of each section."""
    artifacts = str(network.path.parent)
    if request.param == "train":
        return train_config(artifacts=artifacts, recipe="tuned", epochs=15)
    found = {"dataset": "digits", "device": "cpu", "precision": "fp32", "threads": 1,
             "run": network.id, "model": "two-conv", "other_runs": {}}  # fmt: skip
    if request.param == "adversarial":
        config = AdversarialConfig(labels=(1, 7), steps=12, artifacts=artifacts)
    else:
        config = VisualizeConfig(layers=("logits",), steps=20, artifacts=artifacts)
    return config.resolve(**found)


@pytest.fixture(autouse=True)
def no_figures(monkeypatch):
    """Leave out the figures: they take longer than all the rest, and follow from the files."""
    monkeypatch.setattr("engine.figures.draw_figures", lambda run: iter(()))


class StopAt:
    """Listens, and asks for a stop at the n-th event at which a run can be stopped."""

    def __init__(self, number):
        self.control, self.number, self.heard = Control(), number, []

    def __call__(self, event):
        self.heard.append(event)
        if isinstance(event, Finished):
            self.number = -1  # a stop would only leave out figures
        places = [e for e in self.heard if isinstance(e, (Progress, Working))]
        if isinstance(event, (Progress, Working)) and len(places) == self.number:
            self.control.stop("a test")


def whole(config, few, cpu):
    return Session(config, few, cpu, listen=lambda event: None).run()


def go_on(run, config, few, cpu, listen=lambda event: None, control=None):
    return Session(config, few, cpu, listen=listen, control=control, resumed=run).run()


def places_to_stop(config, few, cpu):
    stop = StopAt(-1)
    Session(config, few, cpu, listen=stop).run()
    end = next(n for n, event in enumerate(stop.heard) if isinstance(event, Finished))
    return sum(isinstance(event, (Progress, Working)) for event in stop.heard[:end])


def test_stopped_anywhere_and_resumed_it_is_the_same_run(config, few, cpu):
    expected = comparable(whole(config, few, cpu))
    for number in range(1, places_to_stop(config, few, cpu) + 1, 3):
        stop = StopAt(number)
        run = Session(config, few, cpu, listen=stop, control=stop.control).run()
        assert isinstance(stop.heard[-1], Stopped)
        assert run.read_status() == "stopped"
        resumed = go_on(run, config, few, cpu)
        assert resumed.path == run.path
        assert resumed.read_status() == "finished"
        assert comparable(resumed) == expected


def test_stopped_again_and_again(config, few, cpu):
    expected = comparable(whole(config, few, cpu))
    stop = StopAt(2)
    run = Session(config, few, cpu, listen=stop, control=stop.control).run()
    for _ in range(3):
        places = sum(isinstance(e, (Progress, Working)) for e in run.events())
        stop = StopAt(places + 2)
        if run.read_status() != "finished":
            go_on(run, config, few, cpu, stop, stop.control)
    if run.read_status() != "finished":
        go_on(run, config, few, cpu)
    assert comparable(run) == expected


def test_what_came_after_the_last_checkpoint_is_forgotten(config, few, cpu):
    """As a killed process leaves it: more lines than the checkpoint knows, the last one cut."""
    expected = comparable(whole(config, few, cpu))
    stop = StopAt(3)
    run = Session(config, few, cpu, listen=stop, control=stop.control).run()
    with (run.path / "events.jsonl").open("ab") as journal:
        journal.write(b'{"event":"progress","step":9999,"time":1,"series":{"loss":[1.0]},"val')
    run.update(status="running", finished_at=None)
    assert run.read_status() == "interrupted"
    go_on(run, config, few, cpu)
    assert comparable(run) == expected


def test_killed_before_the_first_checkpoint_it_begins_anew(config, few, cpu):
    expected = comparable(whole(config, few, cpu))
    stop = StopAt(2)
    run = Session(config, few, cpu, listen=stop, control=stop.control).run()
    (run.path / "checkpoint.pt").unlink()
    run.update(status="running")
    go_on(run, config, few, cpu)
    assert comparable(run) == expected


@pytest.mark.extended
@pytest.mark.parametrize("left", a_few([b'{"event":"started","step":0,"time":17', None, b""], 0, 1))
def test_killed_before_its_first_line_was_whole_it_begins_anew(config, few, cpu, left):
    expected = comparable(whole(config, few, cpu))
    stop = StopAt(2)
    run = Session(config, few, cpu, listen=stop, control=stop.control).run()
    for name in ("checkpoint.pt", "events.jsonl"):
        (run.path / name).unlink()
    if left is not None:
        (run.path / "events.jsonl").write_bytes(left)
    run.update(status="running")
    assert run.read_status() == "interrupted"
    heard = []
    assert go_on(run, config, few, cpu, heard.append).path == run.path
    assert run.read_status() == "finished"
    assert comparable(run) == expected
    assert isinstance(heard[0], Started)
    assert next(event.kind for event in run.events()) == "started"
    assert not any(isinstance(event, Resumed) for event in heard)


def test_every_environment_that_a_run_was_driven_in_is_kept(config, few, cpu):
    stop = StopAt(2)
    run = Session(config, few, cpu, listen=stop, control=stop.control).run()
    first = run.read_info()["environment"]
    assert run.read_info()["environments"] == [first]
    elsewhere = dataclasses.replace(cpu, threads=1)
    stop = StopAt(3)
    go_on(run, config, few, elsewhere, stop, stop.control)
    go_on(run, config, few, cpu)
    assert run.read_status() == "finished"
    assert run.read_info()["environment"] == first
    assert run.read_info()["environments"] == [first, first | {"threads": 1}, first]


def test_a_run_of_an_earlier_version_gets_its_first_environment_too(config, few, cpu):
    stop = StopAt(2)
    run = Session(config, few, cpu, listen=stop, control=stop.control).run()
    info = run.read_info()
    first = info["environment"]
    del info["environments"]
    run.write_json("run.json", info)
    go_on(run, config, few, dataclasses.replace(cpu, threads=1))
    assert run.read_info()["environments"] == [first, first | {"threads": 1}]


def test_whoever_listens_hears_the_whole_run(config, few, cpu):
    stop = StopAt(2)
    run = Session(config, few, cpu, listen=stop, control=stop.control).run()
    heard = []
    go_on(run, config, few, cpu, heard.append)
    assert isinstance(heard[0], Started)
    assert sum(isinstance(event, Resumed) for event in heard) == 1
    steps = [event.step for event in heard if isinstance(event, Progress)]
    assert steps == sorted(set(steps))


def test_a_full_disk_fails_the_run_with_a_line_and_it_can_go_on(config, few, cpu, monkeypatch):
    expected = comparable(whole(config, few, cpu))
    append, lines = Journal.append, []

    def full(self, event):
        lines.append(event)
        if len(lines) > 6:
            raise OSError(errno.ENOSPC, "No space left on device")
        append(self, event)

    heard = []
    with monkeypatch.context() as patch:
        patch.setattr(Journal, "append", full)
        with pytest.raises(
            EngineError, match=r"No space left on device\). Fix that, then resume with `mnist"
        ):
            Session(config, few, cpu, listen=heard.append).run()
    assert isinstance(heard[-1], Failed)
    run = Run(Path(config.artifacts) / heard[0].run)
    assert run.read_status() == "failed"
    go_on(run, config, few, cpu)
    assert run.read_info()["message"] == ""
    assert comparable(run) == expected


def test_a_run_is_driven_by_one(config, few, cpu):
    stop = StopAt(2)
    run = Session(config, few, cpu, listen=stop, control=stop.control).run()
    with RunLock(run.path):
        assert is_driven(run.path)
        with pytest.raises(EngineError, match="driven by another process"):
            go_on(run, config, few, cpu)
        with pytest.raises(EngineError):
            RunLock(run.path)
    assert not is_driven(run.path)


def test_another_process_can_ask_for_a_stop(config, few, cpu):
    def listen(event):
        heard.append(event)
        if isinstance(event, Progress):
            Run(Path(config.artifacts) / heard[0].run).ask_to_stop()

    heard = []
    run = Session(config, few, cpu, listen=listen).run()
    assert isinstance(heard[-1], Stopped)
    assert heard[-1].reason == "another process"
    go_on(run, config, few, cpu)
    assert run.read_status() == "finished"


def test_what_has_finished_is_not_resumed(config, few, cpu):
    run = whole(config, few, cpu)
    with pytest.raises(MnistTuiError, match="has finished"):
        go_on(run, config, few, cpu)
    laboratory = Laboratory(warn=lambda line: None)
    with pytest.raises(MnistTuiError, match="has finished"):
        laboratory.resume(run, listen=lambda event: None, control=Control())
    assert run.read_status() == "finished"


def test_lost_lines_and_damaged_checkpoints_are_told(config, few, cpu):
    stop = StopAt(2)
    run = Session(config, few, cpu, listen=stop, control=stop.control).run()
    journal, checkpoint = run.path / "events.jsonl", run.path / "checkpoint.pt"
    content = journal.read_bytes()
    journal.write_bytes(content[: len(content) // 2])
    with pytest.raises(EngineError, match="has lost lines"):
        go_on(run, config, few, cpu)
    journal.write_bytes(content)
    checkpoint.write_bytes(checkpoint.read_bytes()[:100])
    with pytest.raises(EngineError, match=r"checkpoint\.pt is damaged .* delete it"):
        go_on(run, config, few, cpu)


def test_a_checkpoint_of_anything_but_such_a_state_is_damaged(config, few, cpu):
    stop = StopAt(2)
    run = Session(config, few, cpu, listen=stop, control=stop.control).run()
    path, journal = run.path / "checkpoint.pt", (run.path / "events.jsonl").read_bytes()
    sound = path.read_bytes()

    def refused(change):
        saved = torch.load(io.BytesIO(sound), weights_only=True)
        change(saved)
        torch.save(saved, path)
        with pytest.raises(EngineError, match=r"checkpoint\.pt is damaged|has lost lines") as told:
            go_on(run, config, few, cpu)
        assert "\n" not in str(told.value)
        assert (run.path / "events.jsonl").read_bytes() == journal
        assert run.read_info()["status"] == "stopped"

    def places(values):
        for key, value in values.items() if isinstance(values, dict) else enumerate(values):
            yield values, key
            if isinstance(value, (dict, list)):
                yield from places(value)

    count = len(list(places(torch.load(io.BytesIO(sound), weights_only=True))))
    for number in range(count):
        odd = [None, "x", -1, 10**9, {}, [], torch.zeros(1), torch.zeros(1).expand(50, 50)]
        for value in odd:

            def put(saved, number=number, value=value):
                place, key = list(places(saved))[number]
                if isinstance(place[key], float) and isinstance(value, int):
                    value = math.nan  # a later second would be no damage
                place[key] = value

            refused(put)
    refused(lambda saved: saved["state"].update(step=saved["state"]["step"] + 1))
    refused(lambda saved: saved.update(journal=saved["journal"] - 1))
    refused(lambda saved: saved["state"].pop("step"))
    for content in (b"", b"x", sound[:-1], sound[:500], b"PK" + sound[2:90]):
        path.write_bytes(content)
        with pytest.raises(EngineError, match=r"checkpoint\.pt is damaged .* delete it"):
            go_on(run, config, few, cpu)
    path.write_bytes(sound)
    go_on(run, config, few, cpu)
    assert run.read_status() == "finished"


def test_a_run_whose_config_was_changed_is_not_resumed_as_another(config, few, cpu):
    stop = StopAt(2)
    run = Session(config, few, cpu, listen=stop, control=stop.control).run()
    sound, journal = run.read_info(), (run.path / "events.jsonl").read_bytes()
    length = "epochs" if config.section == "train" else "steps"
    for change in ({length: sound["config"][length] * 10}, {"seed": 7}):
        run.write_json("run.json", sound | {"config": sound["config"] | change})
        with pytest.raises(EngineError, match=r"run\.json is damaged .*not that of its journal"):
            go_on(run, run.read_config(), few, cpu)
        assert (run.path / "events.jsonl").read_bytes() == journal
    run.write_json("run.json", sound)
    go_on(run, config, few, cpu)
    assert run.read_status() == "finished"


def test_a_journal_is_cut_at_a_byte(tmp_path):
    run = create_run(tmp_path, "x")
    path = run.path / "events.jsonl"
    path.write_bytes(b"first\nsecond\nthi")
    run.cut_journal(13)
    assert path.read_bytes() == b"first\nsecond\n"
    run.cut_journal(None)
    assert path.read_bytes() == b"first\n"
    with pytest.raises(EngineError):
        run.cut_journal(7)


def test_a_stop_that_is_asked_for_between_two_processes_is_heard(config, few, cpu):
    """Only there: what had stopped for good forgets the wish when someone goes on with it."""
    stop = StopAt(2)
    stop.control.stop(HAND_OVER)
    run = Session(config, few, cpu, listen=stop, control=stop.control).run()
    assert run.was_handed_over()
    run.ask_to_stop()
    heard = []
    go_on(run, config, few, cpu, heard.append)
    assert isinstance(heard[-1], Stopped)
    assert heard[-1].reason == "another process"
    assert not run.was_handed_over()
    go_on(run, config, few, cpu)
    assert run.read_status() == "finished"


def test_handed_over_while_its_figures_are_drawn_it_is_the_same_run(config, few, cpu, monkeypatch):
    expected = comparable(whole(config, few, cpu))
    control = Control()

    def slow(run):
        control.stop(HAND_OVER)
        yield run.path / "a.png"

    with monkeypatch.context() as patch:
        patch.setattr("engine.figures.draw_figures", slow)
        run = Session(config, few, cpu, listen=lambda event: None, control=control).run()
    assert run.read_status() == "stopped"
    go_on(run, config, few, cpu)
    assert run.read_status() == "finished"
    assert comparable(run) == expected
