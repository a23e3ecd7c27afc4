"""Plans a sweep, drives it from the command line, and says what came of it."""

import subprocess
from collections.abc import Sequence
from typing import NoReturn

import typer

from engine.errors import EngineError
from engine.files.log import open_log
from engine.files.text import counted, visible
from engine.hints import hint
from engine.laboratory import Laboratory
from engine.runs.control import Control
from engine.sweeps.driver import SweepDriver, Tally, lock_of
from engine.sweeps.executors.executor import Executor
from engine.sweeps.executors.local import LocalExecutor, Slot
from engine.sweeps.executors.settings import address_of
from engine.sweeps.executors.slots import local_slots
from engine.sweeps.plan import Plan, plan
from engine.sweeps.spec import Spec
from engine.sweeps.states import FINISHED, SLURM, states_of
from engine.sweeps.sweep import Sweep, create_sweep
from tui.cli.options import Output
from tui.cli.sweep.asked import Asked
from tui.cli.sweep.display import SweepLines, print_outcome, print_plan
from tui.cli.sweep.end import write_at_end
from tui.cli.sweep.slurm import begin_there, submit_sweep
from tui.console import complain, console_for, say, say_json
from tui.live.hand_over import start_process
from tui.live.signals import exit_code, stopping_on_signals
from tui.streams import forgive_reader, unwritable


def begin(spec: Spec, asked: Asked) -> None:
    """Plan a sweep and run it as it was asked for. Raises MnistTuiError and typer.Exit."""
    trust(spec, named=asked.trust)
    planned = plan(spec, Laboratory(warn=complain))
    if asked.how.executor == SLURM:
        begin_there(spec, planned, asked)
        return
    slots = _slots(spec, asked, len(planned.runs))
    if asked.dry_run:
        print_plan(planned, slots, asked.output)
        return
    sweep = create_sweep(
        planned,
        executor=asked.how.executor,
        command=asked.command,
        jobs=asked.how.jobs,
        threads=slots[0].threads,  # so that a run's bits do not depend on how many are left
        address=asked.how.address,
        figures=asked.figures,
    )
    if asked.detach:
        _detach(sweep, planned, asked.output, report=asked.report)
        return
    drive(sweep, asked.output, slots=slots, address=asked.how.address or "", report=asked.report)


def _slots(spec: Spec, asked: Asked, runs: int) -> list[Slot]:
    """Return where runs will be done. Raises EngineError where there is no such place."""
    threads, device = spec.options.get("threads"), spec.options.get("device", "auto")
    if asked.how.executor != "ray":
        return local_slots(runs, jobs=asked.how.jobs, threads=threads, device=device)
    from engine.sweeps.executors.ray.cluster import check_installed, slots_of

    if asked.detach:
        check_installed()
        return [Slot(threads or 1)]
    _say_that_ray_comes(asked.how.address, asked.output)
    return slots_of(asked.how.address, threads or 1, asked.how.jobs)


def _say_that_ray_comes(address: str | None, output: Output) -> None:
    """Say what takes the next seconds."""
    if not (output.json or output.quiet):
        complain(f"joining Ray at {visible(address)}" if address else "starting Ray")


def trust(spec: Spec, *, named: bool) -> None:
    """Let the code be run that the user named just now, and with ``--trust`` that of runs."""
    from engine.trust import trust_named, trust_runs_named

    configs = [spec.asked(**spec.options | setting) for setting in spec.settings()]
    trust_named(configs)
    if named:
        trust_runs_named(configs)


def _detach(sweep: Sweep, planned: Plan, output: Output, *, report: bool) -> None:
    """Have another process drive the sweep, and say how to look at it."""
    nothing = subprocess.DEVNULL
    with open_log() as log:
        start_process(
            ["sweep", "resume", sweep.id, "--artifacts", str(sweep.artifacts), "--quiet",
             *(["--report"] if report else []),
             *(["--address", sweep.plan.address] if sweep.plan.address else [])],
            stdin=nothing, stdout=nothing, stderr=log,
        )  # fmt: skip
    if output.json:
        say_json({"sweep": sweep.id, "runs": [run.run_id for run in planned.runs]})
        return
    say(sweep.id)
    if not output.quiet:
        status = hint(sweep.artifacts, "sweep", "status", sweep.id)
        complain(f"{len(planned.runs)} runs in the background; {status} shows them")


def drive(
    sweep: Sweep,
    output: Output,
    *,
    slots: Sequence[Slot] | None = None,
    jobs: int | None = None,
    address: str | None = None,
    sbatch: str | None = None,
    limit: int | None = None,
    report: bool = False,
) -> None:
    """Drive a sweep to its end, show it, and leave with the exit code that it deserves.

    ``jobs`` is how many runs are done at a time from now on, ``address`` that of Ray's cluster;
    ``sbatch`` and ``limit`` are for SLURM. ``report`` has its report written, which a sweep of the
    whole report gets anyway. Raises EngineError and typer.Exit.
    """
    control = Control()
    left = [state for state in states_of(sweep) if state.status != FINISHED]
    if not left:
        _complete(sweep, output, report=report)
        return
    if sweep.plan.executor == SLURM:
        submit_sweep(sweep, output, limit=limit, jobs=jobs, sbatch=sbatch, report=report)
        return
    if sweep.plan.executor == "ray":
        address = address_of(sweep.plan, address)
    with lock_of(sweep):
        if sweep.plan.executor == "ray" and slots is None:
            _say_that_ray_comes(address, output)
        executor = executor_of(sweep, len(left), slots, jobs, address)
        listener = SweepLines(sweep, output, executor.slots)
        driver = SweepDriver(sweep, executor, control=control, listen=listener)
        try:
            with stopping_on_signals(control), listener:
                tally = driver.drive(locked=True)
        finally:
            executor.close()
    if not output.json:
        print_outcome(sweep, console_for("stdout"))
        forgive_reader()
    if control.stop_reason is None and tally.finished:
        write_at_end(sweep, report=report, quiet=output.json or output.quiet)
    _leave(sweep, tally, control)


def _complete(sweep: Sweep, output: Output, *, report: bool) -> None:
    """Do what is left of a sweep whose runs have all finished: its driver may have been killed.

    Raises EngineError where nothing is.
    """
    if sweep.read().finished_at is not None and not report:
        raise EngineError(f"Sweep {sweep.id} has finished; there is nothing to resume.")
    sweep.end(finished=True)
    if not output.json:
        print_outcome(sweep, console_for("stdout"))
    write_at_end(sweep, report=report, quiet=output.json or output.quiet)


def executor_of(
    sweep: Sweep,
    left: int,
    slots: Sequence[Slot] | None,
    jobs: int | None,
    address: str | None = None,
) -> Executor:
    """Return what executes a sweep's runs, as it was planned."""
    plan = sweep.plan
    said = _Remarks()
    if plan.executor == "ray":
        from engine.sweeps.executors.ray.executor import RayExecutor

        return RayExecutor(
            sweep.path,
            address=address,
            threads=plan.threads or 1,
            jobs=jobs or plan.jobs,
            said=said,
        )
    if slots is None:
        device = str(plan.runs[0].config.get("device") or "auto")
        slots = local_slots(left, jobs=jobs or plan.jobs, threads=plan.threads, device=device)
    return LocalExecutor(list(slots), said)


class _Remarks:
    """Passes on what workers remark, each line once: they all find the same."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def __call__(self, line: str) -> None:
        if line not in self._told:
            self._told.add(line)
            complain(line)


def _leave(sweep: Sweep, tally: Tally, control: Control) -> None:
    """Say what is left to be done, if anything, and leave with the exit code."""
    if tally.complete:
        return
    resumes = hint(sweep.artifacts, "sweep", "resume", sweep.id)
    if failure := unwritable():
        raise EngineError(
            f"Standard output cannot be written ({failure.strerror}); {resumes} continues."
        )
    if control.stop_reason is not None:
        count = len(tally.stopped) + len(tally.failed) + len(tally.blocked)
        complain(f"stopped by {control.stop_reason}, {count} runs left; {resumes} continues")
        raise typer.Exit(exit_code(control.stop_reason))
    _fail(tally, resumes)


def _fail(tally: Tally, resumes: str) -> NoReturn:
    parts = []
    if tally.failed:
        parts.append(f"{counted(len(tally.failed), 'run')} failed")
    if tally.blocked:
        parts.append(f"{counted(len(tally.blocked), 'run')} skipped because they depend on those")
    if tally.stopped:
        parts.append(f"{counted(len(tally.stopped), 'run')} stopped")
    raise EngineError(f"{', '.join(parts)}; {resumes} tries again.")
