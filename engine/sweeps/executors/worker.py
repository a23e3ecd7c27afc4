"""Drives one planned run to its end, wherever that is: in a process here, on Ray, under SLURM.

A run that has begun is resumed from its checkpoint, one that has finished is left as it is. So a
task may be given twice, by mistake or after a crash, and no harm comes of it.
"""

import dataclasses
import os
import time

from engine.config import RunConfig
from engine.errors import EngineError, MnistTuiError
from engine.laboratory import Laboratory
from engine.runs.beginning import AlreadyBegun, Planned
from engine.runs.control import Control
from engine.runs.events import Event
from engine.runs.lock import Driven, HeldElsewhere
from engine.runs.run import Run
from engine.runs.schema import RUN_FILE
from engine.runs.session import Session
from engine.sweeps.executors.executor import Outcome, Task
from engine.sweeps.sweep import Sweep

LOOK, MARGIN = 0.1, 2.0  # seconds between two looks at a stop; and beyond another's last minute
PATIENCE = 15.0  # seconds that a worker whose driver was killed may take to let a run go


def execute(
    task: Task,
    laboratory: Laboratory,
    control: Control,
    *,
    threads: int | None = None,
    device: str | None = None,
) -> Outcome:
    """Begin or resume a task's run, drive it to its end and say what came of it.

    ``threads`` and ``device`` are this worker's, for a run that begins here and was not given any.
    """
    sweep, planned = Sweep(task.sweep), task.planned
    run = sweep.run(planned)
    try:
        if not _has_finished(run):
            _drive(task, laboratory, control, threads, device)
        status = run.read_info()["status"]
        return Outcome("stopped" if status == "running" else status)
    except Driven as error:  # somebody resumed it by itself, and will finish it
        return Outcome("stopped", str(error))
    except MnistTuiError as error:
        return Outcome("failed", str(error))
    except MemoryError:
        return Outcome("failed", "There was not enough memory; use fewer jobs (--jobs).")
    except Exception as error:
        return Outcome("failed", f"Unexpected {type(error).__name__}: {error}")


def _drive(
    task: Task,
    laboratory: Laboratory,
    control: Control,
    threads: int | None,
    device: str | None,
) -> None:
    """Drive a run to its end; if another process has it, once that has let it go.

    That may be a worker whose driver was killed, which stops at its next event, or another machine,
    of which nothing more is heard after a minute. Raises MnistTuiError.
    """
    deadline = None
    while True:
        try:
            _session(task, laboratory, control, threads, device).run()
            return
        except AlreadyBegun:  # between our look and its lock
            continue
        except (Driven, HeldElsewhere) as held:
            patience = held.seconds + MARGIN if isinstance(held, HeldElsewhere) else PATIENCE
            deadline = deadline or time.monotonic() + patience
            if time.monotonic() > deadline:
                raise
        if control.stop_reason is not None:
            return
        time.sleep(LOOK)


def _has_finished(run: Run) -> bool:
    return has_begun(run) and run.read_info()["status"] == "finished"


def has_begun(run: Run) -> bool:
    """Tell whether a planned run has files already."""
    return os.path.lexists(run.path / RUN_FILE)


def _session(
    task: Task,
    laboratory: Laboratory,
    control: Control,
    threads: int | None,
    device: str | None,
) -> Session:
    """Return the session of a task's run. Raises MnistTuiError."""
    sweep, planned = Sweep(task.sweep), task.planned
    run = sweep.run(planned)
    if has_begun(run):
        if run.read_info().get("sweep") != sweep.id:
            raise EngineError(f"{run.id} is the run of another sweep.")
        return laboratory.resume(
            run,
            listen=_nobody,
            control=control,
            figures=sweep.plan.figures,
            attempt=task.attempt,
        )
    config = _here(sweep.config(planned), threads, device)
    session = laboratory.session(
        config,
        listen=_nobody,
        control=control,
        companions=tuple(planned.companions),
        planned=Planned(run.id, sweep.id),
        code=sweep.code(planned),
        figures=sweep.plan.figures,
        attempt=task.attempt,
    )
    if session.data.sha256 != planned.dataset:
        raise EngineError(f"{session.data.name} has other images than the sweep was planned with.")
    return session


def _here(config: RunConfig, threads: int | None, device: str | None) -> RunConfig:
    """Return a config with the worker's own threads and device, where none were asked for."""
    if config.threads is None:
        config = dataclasses.replace(config, threads=threads)
    if config.device == "auto" and device is not None and _can_use(device):
        config = dataclasses.replace(config, device=device)
    return config


def _can_use(device: str) -> bool:
    """Tell whether torch can use a device that the driver has counted without it."""
    import torch

    return not device.startswith("cuda") or torch.cuda.is_available()


def _nobody(event: Event) -> None:
    """Listen to a run whose journal is all that anyone looks at."""
