"""The driver, with an executor that does what a test says."""

import pytest

from engine.errors import EngineError
from engine.laboratory import Laboratory
from engine.runs.control import Control
from engine.runs.lock import RunLock
from engine.sweeps.driver import ATTEMPTS, SweepDriver
from engine.sweeps.executors.executor import Outcome, WorkerLost
from engine.sweeps.plan import plan
from engine.sweeps.spec import Spec
from engine.sweeps.states import BLOCKED, FAILED, WAITING, states_of
from engine.sweeps.sweep import create_sweep
from tests.engine.sweeps.scripted import FINISHED, Scripted


@pytest.fixture
def sweep(tmp_path):
    options = {"dataset": "digits", "artifacts": str(tmp_path)}
    spec = Spec(section="adversarial", name="s", options=options, seeds=(0, 1))
    return create_sweep(plan(spec, Laboratory(warn=lambda line: None)))


def drive(sweep, executor):
    events = []
    driver = SweepDriver(sweep, executor, control=Control(), listen=events.append)
    return driver.drive(), events


def test_what_is_needed_is_done_first(sweep):
    training, *noises = (run.run_id for run in sweep.plan.runs)
    executor = Scripted()
    tally, events = drive(sweep, executor)
    assert executor.submitted == [(training, 1), (noises[0], 1), (noises[1], 1)]
    assert tally.complete
    assert tally.finished == [training, *noises]
    assert [event.event for event in events] == [
        "begun",
        "ended",
        "begun",
        "begun",
        "ended",
        "ended",
    ]
    assert sweep.read().finished_at is not None
    assert [event.event for event in sweep.events()] == ["planned", *(e.event for e in events)]


def test_a_lost_worker_s_run_is_tried_again(sweep):
    executor = Scripted(train=[WorkerLost("killed"), FINISHED])
    tally, events = drive(sweep, executor)
    assert tally.complete
    training = sweep.plan.runs[0].run_id
    assert executor.submitted[:2] == [(training, 1), (training, 2)]
    [retried] = [event for event in events if event.event == "retried"]
    assert (retried.run, retried.message) == (training, "killed")


def test_a_run_that_always_fails_holds_up_only_what_needs_it(sweep):
    executor = Scripted(adversarial=[Outcome("failed", "no luck"), FINISHED])
    tally, _ = drive(sweep, executor)
    training, failing, other = (run.run_id for run in sweep.plan.runs)
    assert tally.failed == {failing: "no luck"}
    assert tally.finished == [training, other]
    assert sweep.read().finished_at is None


def test_a_run_whose_worker_is_lost_again_and_again_fails(sweep):
    tally, _ = drive(sweep, Scripted(train=[WorkerLost("killed")] * ATTEMPTS))
    training, *noises = (run.run_id for run in sweep.plan.runs)
    assert tally.failed == {training: f"{ATTEMPTS} times, killed"}
    assert tally.blocked == noises
    states = states_of(sweep)
    assert [state.status for state in states] == [FAILED, BLOCKED, BLOCKED]
    assert training in states[1].message
    # Resuming tries again: what came of it is known from the runs' own files.
    tally, _ = drive(sweep, Scripted())
    assert tally.complete


def test_a_stop_reaches_the_workers_and_keeps_the_rest_waiting(sweep):
    executor = Scripted(train=[Outcome("stopped")])
    control = Control()
    driver = SweepDriver(sweep, executor, control=control,
                         listen=lambda event: control.stop("SIGINT"))  # fmt: skip
    tally = driver.drive()
    assert sorted(tally.stopped) == [run.run_id for run in sweep.plan.runs]
    assert "SIGINT" in executor.reasons
    assert [state.status for state in states_of(sweep)] == [WAITING] * 3


def test_another_process_can_ask_for_a_stop(sweep):
    executor = Scripted(train=[Outcome("stopped")])
    control = Control()
    driver = SweepDriver(sweep, executor, control=control,
                         listen=lambda event: sweep.ask_to_stop())  # fmt: skip
    tally = driver.drive()
    assert control.stop_reason == "another process"
    assert not tally.complete
    assert drive(sweep, Scripted())[0].complete  # the wish is forgotten


def test_one_run_stopped_by_itself_does_not_stop_the_sweep(sweep):
    executor = Scripted(adversarial=[Outcome("stopped")])
    tally, _ = drive(sweep, executor)
    assert tally.stopped == [sweep.plan.runs[1].run_id]
    assert tally.finished == [sweep.plan.runs[0].run_id, sweep.plan.runs[2].run_id]


def test_one_process_at_most_drives_a_sweep(sweep, monkeypatch):
    monkeypatch.setattr("engine.runs.lock.PATIENCE", 0.05)
    with (
        RunLock(sweep.path, "Sweep"),
        pytest.raises(EngineError, match=r"Sweep .* driven by another process; .*sweep stop"),
    ):
        drive(sweep, Scripted())


def test_a_journal_that_cannot_be_written_stops_the_workers(sweep, monkeypatch):
    executor = Scripted()

    def full(event):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sweep, "append", full)
    with pytest.raises(EngineError, match=r"No space left on device\); fix that, then resume"):
        drive(sweep, executor)
    assert executor.reasons
