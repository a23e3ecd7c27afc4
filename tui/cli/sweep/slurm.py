"""A sweep under SLURM: its script is printed or submitted, and each task does its runs."""

import os
import sys
import time
from collections.abc import Iterable

import typer

from engine.errors import EngineError
from engine.hints import hint
from engine.runs.control import Control
from engine.runs.lock import RunLock
from engine.sweeps.executors.local import Slot
from engine.sweeps.executors.settings import sbatch_of
from engine.sweeps.executors.shipping import trusted_code
from engine.sweeps.executors.slurm.script import array, script, stages
from engine.sweeps.executors.slurm.site import array_limit, queued, requeue, submit, task_of
from engine.sweeps.executors.slurm.work import ArrayTask, End
from engine.sweeps.plan import Plan
from engine.sweeps.schema import PlannedRun, SweepEvent
from engine.sweeps.spec import Spec
from engine.sweeps.states import FINISHED, states_of
from engine.sweeps.sweep import Sweep, create_sweep
from tui.cli.options import Output
from tui.cli.sweep.asked import Asked
from tui.cli.sweep.display import print_plan
from tui.cli.sweep.end import write_at_end
from tui.console import complain, say, say_json
from tui.live.signals import exit_code, stopping_on_signals


def begin_there(spec: Spec, planned: Plan, asked: Asked) -> None:
    """Write a planned sweep, and print its script or submit it. Raises EngineError."""
    threads, runs = spec.options.get("threads") or 1, len(planned.runs)
    if asked.dry_run:
        print_plan(planned, [Slot(threads)] * min(runs, asked.how.jobs or runs), asked.output)
        return
    limit = asked.how.array_limit or array_limit()
    sweep = create_sweep(
        planned,
        executor="slurm",
        command=asked.command,
        jobs=asked.how.jobs,
        threads=threads,
        sbatch=asked.how.sbatch,
        array_limit=asked.how.array_limit,
        figures=asked.figures,
    )
    if asked.print_:
        command = _command(sweep, sweep.plan.runs, report=asked.report)
        text = script(
            sweep, command, range(runs), limit, jobs=asked.how.jobs, sbatch=asked.how.sbatch
        )
        for line in text.splitlines():
            say(line)
        if not asked.output.quiet:
            complain(f"{sweep.id} is planned; `sbatch FILE` submits this script")
        return
    how = asked.how
    submit_sweep(
        sweep, asked.output, limit=limit, jobs=how.jobs, sbatch=how.sbatch or "",
        report=asked.report,
    )  # fmt: skip


def submit_sweep(
    sweep: Sweep,
    output: Output,
    *,
    limit: int | None = None,
    jobs: int | None = None,
    sbatch: str | None = None,
    report: bool = False,
) -> None:
    """Submit what has not finished of a sweep, in stages where runs need others.

    What is not given is as it was planned. Raises EngineError, also where tasks of it are still
    queued.
    """
    if there := queued(sweep.jobs()):
        raise EngineError(
            f"Sweep {sweep.id} is already in SLURM's queue (job {', '.join(there)}); "
            f"`scancel {' '.join(there)}` removes it."
        )
    plan = sweep.plan
    runs, sbatch, at_once = plan.runs, sbatch_of(plan, sbatch), jobs or plan.jobs
    limit = limit or plan.array_limit or array_limit()
    states = states_of(sweep)
    left = [place for place, state in enumerate(states) if state.status != FINISHED]
    command = _command(sweep, [runs[place] for place in left], report=report)
    sweep.forget_stop()
    submitted: list[str] = []
    for stage in stages(runs, left, limit):
        text = script(sweep, command, stage, limit, jobs=at_once, sbatch=sbatch)
        tasks = array(stage, limit, at_once)
        job = submit(text, tasks, after=submitted[-1] if submitted else None)
        sweep.append(SweepEvent(event="submitted", time=time.time(), runs=len(stage), message=job))
        submitted.append(job)
    if output.json:
        say_json({"sweep": sweep.id, "runs": [run.run_id for run in runs], "jobs": submitted})
        return
    say(sweep.id)
    if not output.quiet:
        status = hint(sweep.artifacts, "sweep", "status", sweep.id)
        what = "1 run" if len(left) == 1 else f"{len(left)} runs"
        name = f"job{'' if len(submitted) == 1 else 's'} {', '.join(submitted)}"
        complain(f"{what} submitted as {name}; {status} shows their progress")


def _command(sweep: Sweep, runs: Iterable[PlannedRun], *, report: bool) -> list[str]:
    """Return what does a task's runs: this installation, wherever the task is.

    Where ``report``, the last one writes the sweep's. A task may take the code that this user
    trusts now, and no other. Raises Untrusted.
    """
    code = [word for sha256 in trusted_code(sweep, runs) for word in ("--code", sha256)]
    asked = ["--report"] if report else []
    return [sys.executable, "-P", "-m", "tui.cli", "sweep", "work", *code, *asked]


def do_task(sweep: Sweep, index: int, every: int | None, *, report: bool) -> None:
    """Do the run at a place of the plan, and each ``every`` places on; leave with an exit code.

    The task that has done the last of all writes what is written at a sweep's end. Raises
    EngineError and typer.Exit.
    """
    control, count = Control(), len(sweep.plan.runs)
    if index >= count:
        raise EngineError(f"Sweep {sweep.id} has {count} runs; there is none at place {index}.")
    task = task_of(os.environ)
    if task is not None and (job := task.partition("_")[0]) not in sweep.jobs():  # a printed script
        sweep.forget_stop()  # which was of another job
        sweep.append(SweepEvent(event="submitted", time=time.time(), runs=count, message=job))
    with stopping_on_signals(control):
        work = ArrayTask(sweep, control, complain)
        end = work.do(range(index, count, every or count))
    if work.was_last:
        _write_at_end(sweep, report=report)
    if end is End.FAILED:
        raise typer.Exit(1)
    if end is End.AGAIN:
        again = task is not None and requeue(task)
        complain("back in the queue" if again else "could not be put back into SLURM's queue")
    if end is not End.DONE:
        raise typer.Exit(exit_code(control.stop_reason or ""))


def _write_at_end(sweep: Sweep, *, report: bool) -> None:
    """Write what is written at a sweep's end, unless another task does so."""
    try:
        lock = RunLock(sweep.path, "Sweep")
    except EngineError:  # two runs were the last
        return
    with lock:
        write_at_end(sweep, report=report, quiet=False)
