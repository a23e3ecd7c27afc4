"""A worker whose run another machine has, or had until lately."""

import os
import time

import pytest

from engine.laboratory import Laboratory
from engine.runs.control import Control
from engine.runs.holder import FRESH, Holder
from engine.runs.lock import holder_of
from engine.runs.run import Run
from engine.sweeps.executors.executor import Task
from engine.sweeps.executors.worker import execute
from engine.sweeps.plan import plan
from engine.sweeps.spec import Spec
from engine.sweeps.sweep import create_sweep


@pytest.fixture
def laboratory():
    return Laboratory(warn=lambda line: None)


@pytest.fixture
def begun(tmp_path, laboratory):
    """A sweep's only run, which node7 drives in attempt 1: it said so a minute ago, almost."""
    options = {"dataset": "digits", "epochs": 1, "artifacts": str(tmp_path)}
    sweep = create_sweep(plan(Spec(section="train", name="s", options=options), laboratory))
    task, control = Task(sweep.path, sweep.plan.runs[0]), Control()
    control.stop("a test")
    assert execute(task, laboratory, control, threads=1).status == "stopped"
    lock = sweep.run(task.planned).path / ".lock"
    lock.write_bytes(Holder(host="node7", boot="another", pid=7, attempt=1, count=1).line())
    os.utime(lock, times=(time.time() - FRESH + 0.5,) * 2)
    return task


def test_a_later_attempt_waits_until_a_lost_machine_can_be_told_to_be_gone(
    begun, laboratory, monkeypatch
):
    monkeypatch.setattr("engine.sweeps.executors.worker.MARGIN", 0.2)
    monkeypatch.setattr("engine.figures.draw_figures", lambda run: iter(()))
    task = Task(begun.sweep, begun.planned, attempt=2)
    assert execute(task, laboratory, Control(), threads=1).status == "finished"
    run = Run(begun.sweep.parent / task.run_id)
    assert holder_of(run.path).attempt == 2
    run.update(status="stopped")
    outcome = execute(begun, laboratory, Control(), threads=1)
    assert outcome.status == "failed"
    assert "Attempt 2 at run" in outcome.message


def test_it_can_be_stopped_while_it_waits(begun, laboratory):
    control = Control()
    control.stop("a test")
    task = Task(begun.sweep, begun.planned, attempt=2)
    assert execute(task, laboratory, control, threads=1).status == "stopped"
    assert holder_of(begun.sweep.parent / task.run_id).host == "node7"
