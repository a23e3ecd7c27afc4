"""Sweeps that tests look at: states without files, and a small one that was really run."""

import json
import zlib

from engine.laboratory import Laboratory
from engine.runs.control import Control
from engine.sweeps.executors.executor import Task
from engine.sweeps.executors.worker import execute
from engine.sweeps.plan import plan
from engine.sweeps.schema import PlannedRun, SweepEvent
from engine.sweeps.spec import Spec
from engine.sweeps.states import RunState
from engine.sweeps.sweep import create_sweep
from tests.tui import example_runs as examples


def state(accuracy=None, seed=0, status="finished", message="", model="linear", **setting):
    """A training's state, as if its files had been read."""
    asked = {name: value for name, value in setting.items() if name != "model"}
    planned = PlannedRun(
        run_id=f"run-{zlib.crc32(f'{model} {setting}'.encode())}-{seed}",
        section="train",
        config={"section": "train", "dataset": "digits", "model": model} | asked,
        dataset="0" * 64,
        setting=setting,
        seed=seed,
    )
    result = None if accuracy is None else {"test": {"accuracy": accuracy, "loss": 1.0}}
    return RunState(planned, status, 1, message, result, 1.0 if result else None)


def planned_sweep(artifacts, **asked):
    """A sweep of short trainings on the embedded digits that nothing has begun."""
    options = {"dataset": "digits", "epochs": 1, "artifacts": str(artifacts), "model": "linear",
               "device": "cpu", "precision": "fp32", "threads": 1}  # fmt: skip
    grid = {"learning_rate": (0.01, 0.1)}
    spec = Spec(**{"section": "train", "name": "small", "options": options, "grid": grid,
                   "seeds": (0, 1)} | asked)  # fmt: skip
    return create_sweep(plan(spec, Laboratory(warn=lambda line: None)), threads=1)


def run_all(sweep, left=0):
    """Execute the runs of a sweep here, but for the last few."""
    laboratory = Laboratory(warn=lambda line: None)
    for planned in sweep.plan.runs[: len(sweep.plan.runs) - left]:
        execute(Task(sweep.path, planned), laboratory, Control())


def make_run(sweep, digits, place, accuracy=0.9, status="finished"):
    """Write the files of a planned run as if a worker had."""
    planned = sweep.plan.runs[place]
    name = examples.trained(sweep.artifacts, digits, 50 + place, "baseline", accuracy)
    path = sweep.artifacts / planned.run_id
    (sweep.artifacts / name).rename(path)
    info = json.loads((path / "run.json").read_text())
    info |= {"run_id": planned.run_id, "sweep": sweep.id, "status": status}
    (path / "run.json").write_text(json.dumps(info))
    sweep.append(SweepEvent(event="begun", time=1e9, run=planned.run_id, attempt=1))
    return path
