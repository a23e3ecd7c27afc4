"""What a sweep's files say of it, also when they are not as they should be."""

import json

import pytest

from engine.errors import EngineError
from engine.laboratory import Laboratory
from engine.runs.control import Control
from engine.runs.lock import RunLock
from engine.runs.run import Run
from engine.sweeps.executors import slots, worker
from engine.sweeps.executors.executor import Task
from engine.sweeps.executors.local import Slot
from engine.sweeps.executors.slots import local_slots
from engine.sweeps.executors.worker import execute
from engine.sweeps.outcome import compared, settled
from engine.sweeps.plan import NETWORK, plan
from engine.sweeps.schema import PlannedRun
from engine.sweeps.spec import Spec
from engine.sweeps.states import RunState, states_of
from engine.sweeps.sweep import Sweep, create_sweep


@pytest.fixture
def sweep(tmp_path):
    options = {"dataset": "digits", "model": "linear", "epochs": 1, "artifacts": str(tmp_path)}
    spec = Spec(section="train", name="s", options=options)
    return create_sweep(plan(spec, Laboratory(warn=lambda line: None)))


def begin(sweep):
    """Execute the sweep's only run here."""
    [planned] = sweep.plan.runs
    laboratory = Laboratory(warn=lambda line: None)
    return execute(Task(sweep.path, planned), laboratory, Control(), threads=1)


def state_of(section, network, seed, result):
    planned = PlannedRun(
        run_id=f"{section}-{network}-{seed}", section=section, config={"model": network},
        dataset="0" * 64, setting={NETWORK: network}, seed=seed,
    )  # fmt: skip
    return RunState(planned, "finished", result=result)


def test_settings_of_two_sections_with_one_name_are_compared_each_among_its_own(sweep):
    states = []
    for seed in range(4):
        for network, accuracy, rate in (("a", 0.9, 0.2), ("b", 0.8, 0.6)):
            test = {"accuracy": accuracy + seed / 1000, "loss": 0.1}
            states.append(state_of("train", network, seed, {"test": test}))
            target = {"label": 1, "success": {"rate": rate + seed / 1000}, "transfer": {}}
            states.append(state_of("adversarial", network, seed, {"targets": [target]}))
    told = compared(sweep, settled(states))
    assert {name: [one.better for one in found] for name, found in told.items()} == {
        "train": ["a"], "adversarial": ["b"],
    }  # fmt: skip


def test_a_run_of_another_sweep_counts_for_nothing(sweep):
    assert begin(sweep).status == "finished"
    [state] = states_of(sweep)
    assert state.status == "finished"
    run = Run(sweep.artifacts / state.planned.run_id)
    run.update(sweep="another")
    [state] = states_of(sweep)
    assert (state.status, state.result) == ("failed", None)
    assert "not a run of this sweep" in state.message
    assert begin(sweep).status == "finished"  # it is left as it is
    run.update(status="stopped")
    assert "the run of another sweep" in begin(sweep).message


def test_a_damaged_journal_hides_nothing_else(sweep):
    with (sweep.path / "events.jsonl").open("ab") as journal:
        journal.write(b'{"event":"ended","time":1,"x":' + b"[" * 100_000 + b"\n{}\n\xff\n[]\n")
    assert [event.event for event in sweep.events()] == ["planned"]
    assert [state.status for state in states_of(sweep)] == ["waiting"]


def test_a_section_that_nobody_knows_is_damage(sweep):
    file = sweep.path / "sweep.json"
    values = json.loads(file.read_text())
    values["runs"][0]["section"] = "paint"
    file.write_text(json.dumps(values))
    with pytest.raises(EngineError, match=r"damaged \(section: There is no section"):
        _ = Sweep(sweep.path).plan


def test_a_run_that_another_process_has_is_waited_for(sweep, monkeypatch):
    monkeypatch.setattr("engine.runs.lock.PATIENCE", 0.01)
    monkeypatch.setattr(worker, "PATIENCE", 0.3)
    [planned] = sweep.plan.runs
    path = sweep.run(planned).path
    path.mkdir()
    lock = RunLock(path)
    outcome = begin(sweep)
    assert outcome.status == "stopped"  # not failed: whoever has it goes on with it
    assert "driven by" in outcome.message
    monkeypatch.setattr(worker.time, "sleep", lambda seconds: lock.release())
    assert begin(sweep).status == "finished"


def test_a_run_that_began_between_a_look_and_its_lock_is_resumed(sweep, monkeypatch):
    assert begin(sweep).status == "finished"
    [planned] = sweep.plan.runs
    sweep.run(planned).update(status="stopped", finished_at=None)
    before = sweep.run(planned).journal.read_bytes()
    seen = []  # the first two looks come too early
    monkeypatch.setattr(worker, "has_begun", lambda run: seen.append(run) or len(seen) > 2)
    assert begin(sweep).status == "finished"
    assert sweep.run(planned).journal.read_bytes().startswith(before[:200])
    assert sweep.run(planned).journal.read_bytes().count(b'"started"') == 1


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"runs": 9}, [Slot(1)] * 4),
        ({"runs": 2}, [Slot(2)] * 2),
        ({"runs": 1}, [Slot(4)]),
        ({"runs": 9, "threads": 2}, [Slot(2)] * 2),
        ({"runs": 9, "jobs": 3}, [Slot(1)] * 3),
        ({"runs": 9, "device": "cuda:1"}, [Slot(2)] * 2),
    ],
)
def test_every_core_has_a_run_while_there_are_enough(asked, expected, monkeypatch):
    monkeypatch.setattr(slots, "usable_cores", lambda: 4)
    monkeypatch.setattr(slots, "visible_gpus", lambda: 0)
    assert local_slots(**asked) == expected


def test_gpus_take_two_runs_each(monkeypatch):
    monkeypatch.setattr(slots, "usable_cores", lambda: 8)
    monkeypatch.setattr(slots, "visible_gpus", lambda: 2)
    devices = ["cuda:0", "cuda:1", "cuda:0", "cuda:1"]
    assert local_slots(9) == [Slot(2, device) for device in devices]
    assert local_slots(9, device="cpu") == [Slot(1)] * 8


def test_more_jobs_than_cores_could_ever_use_are_refused(monkeypatch):
    monkeypatch.setattr(slots, "usable_cores", lambda: 2)
    with pytest.raises(EngineError, match="only slow each other down"):
        local_slots(100, jobs=9)


def test_a_variable_alone_makes_no_gpu(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    monkeypatch.setattr("pynvml.nvmlInit", lambda: 1 / 0)
    assert slots.visible_gpus() == 0
