import numpy as np
import pytest

from engine.errors import EngineError
from engine.runs.control import HAND_OVER
from engine.runs.events import Finished, Interrupted, Progress, Resumed, Started, Stopped
from engine.runs.follow import TAKE_OVER, Follower
from engine.runs.journal import Journal
from engine.runs.lock import RunLock
from engine.runs.schema import JOURNAL_FILE
from engine.runs.store import create_run
from tests.conftest import run_values, started_values, train_config
from tests.tui.example_runs import train_figures


@pytest.fixture
def run(tmp_path):
    run = create_run(tmp_path, "x")
    run.write_json("run.json", run_values(train_config()))
    return run


def started(time=1.0):
    return Started(step=0, time=time, **started_values(train_config()))


def progress(step, time=1.0):
    return Progress(step=step, time=time, series={"loss": np.zeros(1, np.float32)})


def kinds(events):
    return [(event.kind, event.step) for event in events]


def test_lines_are_read_once_and_only_when_they_are_whole(run):
    follower = Follower(run)
    with RunLock(run.path), Journal(run.path) as journal:
        assert follower.read() == []
        journal.append(started())
        journal.append(progress(1))
        assert kinds(follower.read()) == [("started", 0), ("progress", 1)]
        assert follower.read() == []
        assert follower.driven
        with (run.path / "events.jsonl").open("ab") as file:
            file.write(b'{"event":"progress","step":2,"time":1.0,')
            file.flush()
            assert follower.read() == []
            file.write(b'"series":{"loss":[1.0]},"values":{}}\n')
        assert kinds(follower.read()) == [("progress", 2)]


def test_a_run_whose_process_is_gone_is_interrupted_once(run):
    follower = Follower(run)
    with RunLock(run.path), Journal(run.path) as journal:
        journal.append(started())
        journal.append(progress(5))
        follower.read()
        journal.append(progress(6))
    events = follower.read()
    assert isinstance(events[-1], Interrupted)
    assert kinds(events) == [("progress", 6), ("interrupted", 6)]
    assert follower.read() == []
    assert follower.ended
    assert isinstance(Follower(run).read()[-1], Interrupted)


def test_a_run_that_ended_is_not_interrupted(run):
    follower = Follower(run)
    with RunLock(run.path), Journal(run.path) as journal:
        journal.append(started())
        follower.read()
        figures = train_figures("baseline", 0.9)
        journal.append(Finished(step=9, time=1.0, results=figures))
        run.update(status="finished")
    assert kinds(follower.read()) == [("finished", 9)]
    assert follower.ended


@pytest.mark.parametrize("more", [0, 1, 50])
def test_after_a_cut_it_is_told_from_its_start_however_far_it_has_gone_on(run, more):
    follower = Follower(run)
    with Journal(run.path) as journal:
        journal.append(started())
        journal.append(progress(1, 1.5))
        kept = journal.size
        journal.append(progress(2, 1.6))
        journal.append(progress(3, 1.7))
    follower.read()
    run.cut_journal(kept)
    with Journal(run.path) as journal:
        journal.append(Resumed(step=1, time=9.0))
        for step in range(more):
            journal.append(progress(2 + step, 9.1 + step / 10))
    told = kinds(follower.read())
    assert told[:3] == [("started", 0), ("progress", 1), ("resumed", 1)]
    assert told[3:] == [("progress", 2 + step) for step in range(more)]


def test_between_two_processes_it_has_not_ended(run, monkeypatch):
    follower = Follower(run)
    assert not follower.ended  # not looked yet
    monkeypatch.setattr("time.time", lambda: 1000.0)
    with RunLock(run.path), Journal(run.path) as journal:
        journal.append(started())
        journal.append(Stopped(step=3, time=999.0, reason=HAND_OVER))
        run.update(status="stopped")
    follower.read()
    assert not follower.driven
    assert not follower.ended
    monkeypatch.setattr("time.time", lambda: 1000.0 + TAKE_OVER)
    assert follower.ended


def test_a_journal_that_is_none_is_told(run):
    (run.path / "events.jsonl").write_text("nonsense\n")
    follower = Follower(run)
    with pytest.raises(EngineError, match=r"events\.jsonl is damaged"):
        follower.read()
    with Journal(run.path) as journal:
        journal.append(progress(1))
    with pytest.raises(
        EngineError, match=r"events\.jsonl is damaged"
    ):  # nor does it begin after that line
        follower.read()


@pytest.mark.parametrize("damage", [b"\0\0\0\n", b"null\n", b'{"event":"progress"}\n'])
def test_a_damaged_line_does_not_hold_up_a_run_that_goes_on(run, damage):
    follower = Follower(run)
    with RunLock(run.path), Journal(run.path) as journal:
        journal.append(started())
        follower.read()
        journal.append(progress(1))
        damaged = journal.size
        with (run.path / JOURNAL_FILE).open("ab") as file:
            file.write(damage)
    with RunLock(run.path), Journal(run.path) as journal:
        journal.append(progress(2))
        assert kinds(follower.read()) == [("progress", 1), ("progress", 2)]
        journal.append(progress(3))
        assert kinds(follower.read()) == [("progress", 3)]
    run.cut_journal(damaged)  # as who goes on with it does
    with RunLock(run.path), Journal(run.path) as journal:
        journal.append(Resumed(step=1, time=9.0))
        assert kinds(follower.read()) == [("started", 0), ("progress", 1), ("resumed", 1)]


def test_a_stopped_run_with_a_damaged_end_is_read_up_to_it(run):
    with Journal(run.path) as journal:
        journal.append(started())
        journal.append(progress(1))
    with (run.path / JOURNAL_FILE).open("ab") as file:
        file.write(b"\0\0\0\n")
    run.update(status="stopped")
    assert kinds(Follower(run).read()) == kinds(run.events())


@pytest.mark.parametrize("status", ["finished", None])
def test_who_follows_hears_of_an_end_whose_line_was_lost(run, status):
    follower = Follower(run)
    with RunLock(run.path), Journal(run.path) as journal:
        journal.append(started())
        follower.read()
        with (run.path / JOURNAL_FILE).open("ab") as file:
            file.write(b"\0\0\0\n")
        run.write_json("run.json", {"status": status} if status else {})
    assert kinds(follower.read()) == [("interrupted", 0)]
