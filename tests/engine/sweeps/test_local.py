"""Worker processes on this machine: killed, stopped, left alone, and the bits that they leave."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from engine.laboratory import Laboratory
from engine.runs.control import Control
from engine.runs.run import Run
from engine.sweeps.driver import SweepDriver
from engine.sweeps.executors.executor import Task
from engine.sweeps.executors.local import LocalExecutor, Slot
from engine.sweeps.executors.worker import execute
from engine.sweeps.plan import plan
from engine.sweeps.spec import Spec
from engine.sweeps.states import FINISHED, progress_of, states_of
from engine.sweeps.sweep import Sweep, create_sweep

SLOTS = [Slot(threads=1), Slot(threads=1)]


@pytest.fixture
def sweep_of(tmp_path):
    def make(folder="a", epochs=2, seeds=(0, 1), **asked):
        options = {"dataset": "digits", "epochs": epochs, "artifacts": str(tmp_path / folder),
                   "precision": "fp32"}  # fmt: skip
        spec = Spec(section="train", name="s", options=options, seeds=seeds, **asked)
        return create_sweep(plan(spec, Laboratory(warn=lambda line: None)))

    return make


@pytest.fixture
def executor():
    made = LocalExecutor(SLOTS)
    yield made
    made.close()


def drive(sweep, executor, control=None, listen=lambda event: None):
    return SweepDriver(sweep, executor, control=control or Control(), listen=listen).drive()


def bits(run: Run):
    """Return what must be the same whoever drove a run."""
    lines = [json.loads(line) for line in run.journal.read_bytes().splitlines()]
    told = [
        {name: value for name, value in line.items() if name not in ("time", "place")}
        for line in lines if line["event"] in ("progress", "preview", "finished")
    ]  # fmt: skip
    result = {
        k: v for k, v in run.read_result().items() if k not in ("seconds", "images_per_second")
    }
    return told, (run.path / "weights.pt").read_bytes(), result


def until(what, patience=60.0):
    deadline = time.monotonic() + patience
    while not (found := what()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def test_workers_leave_what_one_process_leaves_bit_for_bit(sweep_of, executor):
    sweep, alone = sweep_of("a"), sweep_of("b")
    assert drive(sweep, executor).complete
    laboratory = Laboratory(warn=lambda line: None)
    for planned in alone.plan.runs:
        task = Task(alone.path, planned)
        assert execute(task, laboratory, Control(), threads=1).status == FINISHED
    for ours, theirs in zip(sweep.plan.runs, alone.plan.runs, strict=True):
        assert bits(sweep.run(ours)) == bits(alone.run(theirs))
        assert sweep.run(ours).read_info()["sweep"] == sweep.id
        assert sweep.run(ours).read_config().threads == 1


def test_a_task_may_be_given_twice(sweep_of, executor):
    sweep = sweep_of(seeds=(0,))
    [planned] = sweep.plan.runs
    assert executor.submit(Task(sweep.path, planned)).result().status == FINISHED
    before = bits(sweep.run(planned))
    assert executor.submit(Task(sweep.path, planned, 2)).result().status == FINISHED
    assert bits(sweep.run(planned)) == before


@pytest.mark.long
def test_a_killed_worker_s_run_is_resumed_by_another(sweep_of, executor):
    sweep, whole = sweep_of("a", epochs=30), sweep_of("b", epochs=30)
    killed = threading.Event()

    def kill():
        first = sweep.run(sweep.plan.runs[0])
        until(lambda: first.journal.exists() and first.journal.read_bytes().count(b"\n") > 20)
        os.kill(executor.processes[0], signal.SIGKILL)
        killed.set()

    threading.Thread(target=kill).start()
    assert drive(sweep, executor).complete
    assert killed.is_set()
    assert any(event.event == "retried" for event in sweep.events())
    assert drive(whole, executor).complete
    for ours, theirs in zip(sweep.plan.runs, whole.plan.runs, strict=True):
        assert bits(sweep.run(ours)) == bits(whole.run(theirs))


@pytest.mark.long
def test_a_stop_keeps_what_is_done_and_a_later_drive_ends_it(sweep_of, executor):
    sweep, whole = sweep_of("a", epochs=20), sweep_of("b", epochs=20)
    control = Control()

    def stop():
        first = sweep.run(sweep.plan.runs[0])
        until(lambda: first.journal.exists() and first.journal.read_bytes().count(b"\n") > 10)
        control.stop("SIGINT")

    threading.Thread(target=stop).start()
    tally = drive(sweep, executor, control)
    assert len(tally.stopped) == 2
    assert {state.status for state in states_of(sweep)} == {"stopped"}
    executor.close()
    again = LocalExecutor(SLOTS)
    try:
        assert drive(sweep, again).complete
        assert drive(whole, again).complete
    finally:
        again.close()
    for ours, theirs in zip(sweep.plan.runs, whole.plan.runs, strict=True):
        assert bits(sweep.run(ours)) == bits(whole.run(theirs))


@pytest.mark.extended
def test_a_worker_that_is_asked_to_end_gives_its_run_to_another(sweep_of, executor):
    """What earlyoom sends first."""
    sweep = sweep_of("a", epochs=30, seeds=(0,))

    def end():
        [run] = map(sweep.run, sweep.plan.runs)
        until(lambda: progress_of(run) != (0, 0))
        os.kill(executor.processes[0], signal.SIGTERM)

    threading.Thread(target=end).start()
    assert drive(sweep, executor).complete
    [retried] = [event for event in sweep.events() if event.event == "retried"]
    assert "SIGTERM" in retried.message


def test_a_worker_that_cannot_be_started_is_a_lost_one(sweep_of, executor, monkeypatch):
    sweep = sweep_of("a", seeds=(0,))

    def refuse(self):
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("engine.sweeps.executors.local._Worker._begin", refuse)
    tally = drive(sweep, executor)
    [message] = tally.failed.values()
    assert "no worker can be started" in message
    assert "Resource temporarily unavailable" in message


DRIVER = """
import sys
from pathlib import Path
from engine.runs.control import Control
from engine.sweeps.driver import SweepDriver
from engine.sweeps.executors.local import LocalExecutor, Slot
from engine.sweeps.sweep import Sweep

if __name__ == "__main__":
    executor = LocalExecutor([Slot(1), Slot(1)])
    SweepDriver(Sweep(Path(sys.argv[1])), executor, control=Control()).drive()
"""


def workers_of(sweep: Sweep):
    """Return the live processes that hold a lock of the sweep's runs."""
    found = []
    for planned in sweep.plan.runs:
        lock = sweep.run(planned).path / ".lock"
        if lock.exists():
            found += [p.pid for p in psutil.process_iter() if _has_open(p, lock)]
    return found


def _has_open(process, path: Path) -> bool:
    try:
        return any(file.path == str(path) for file in process.open_files())
    except psutil.Error:
        return False


def test_workers_whose_driver_was_killed_stop_by_themselves(sweep_of, tmp_path, executor):
    sweep = sweep_of(epochs=3000)
    script = tmp_path / "driver.py"
    script.write_text(DRIVER)
    root = Path(__file__).parents[3]
    driver = subprocess.Popen(
        [sys.executable, script, sweep.path], env=os.environ | {"PYTHONPATH": str(root)}
    )
    try:
        first, second = (sweep.run(run) for run in sweep.plan.runs)
        for run in (first, second):
            until(
                lambda run=run: run.journal.exists() and b'"progress"' in run.journal.read_bytes()
            )
        driver.kill()
        driver.wait()
        until(lambda: {state.status for state in states_of(sweep)} == {"stopped"})
    finally:
        driver.kill()
        driver.wait()
    until(lambda: not workers_of(sweep))
