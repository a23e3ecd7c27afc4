"""``mnist-tui sweep``: many planned runs, and what came of them."""

import sys
import time
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from engine.errors import EngineError, UsageError
from engine.hints import hint
from engine.runs.lock import RunLock
from engine.runs.run import Run
from engine.runs.store import remove_run
from engine.sweeps import outcome
from engine.sweeps.slurm.script import check_options
from engine.sweeps.states import (
    ACTIVE,
    FINISHED,
    SLURM,
    SUBMITTED,
    RunState,
    is_active,
    progress_of,
    states_of,
    status_of,
    to_json,
)
from engine.sweeps.sweep import Sweep, find_sweep, list_sweeps, remove_sweep
from tui.cli import sweep_run
from tui.cli.completion import sweep_ids
from tui.cli.options import AsJson, Output, Where, expand
from tui.cli.sweep_shows import described, print_outcome
from tui.cli.tables import BAD, empty_table
from tui.console import complain, console_for, say, say_json
from tui.streams import on_terminal
from tui.summary import keep_whole

STOP_PATIENCE, LOOK = 60.0, 0.1  # seconds

SweepName = Annotated[
    str,
    typer.Argument(
        metavar="SWEEP",
        help="A sweep's id or name, or how either begins or ends.",
        autocompletion=sweep_ids,
    ),
]

app = typer.Typer(
    help="Many runs: plan them, run them, resume them, and see what is better.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(sweep_run.app, name="run")


@app.command("list")
@expand
def list_(where: Where, json_: AsJson = False) -> None:
    """List the sweeps, newest first."""
    sweeps = list_sweeps(Path(where.artifacts))
    if json_:
        say_json([_row_json(sweep) for sweep in sweeps])
        return
    if not sweeps:
        complain(f"no sweeps in {where.artifacts}")
        return
    table = empty_table("sweep", "section", "status", ">finished", ">runs")
    for sweep in sweeps:
        row = _row_json(sweep)
        style = BAD if row["status"] in ("failed", "damaged") else ""
        table.add_row(*(str(row[name]) for name in row), style=style)
    keep_whole(table.columns[0])
    console_for("stdout").print(table)


def _row_json(sweep: Sweep) -> dict[str, object]:
    try:
        plan, states = sweep.plan, states_of(sweep)
    except EngineError:
        return {"sweep": sweep.id, "section": "", "status": "damaged", "finished": 0, "runs": 0}
    return {
        "sweep": sweep.id,
        "section": plan.section,
        "status": status_of(sweep, states),
        "finished": sum(state.status == FINISHED for state in states),
        "runs": len(states),
    }


@app.command()
@expand
def status(sweep: SweepName, where: Where, json_: AsJson = False) -> None:
    """Show a sweep: each run's state, what came of its settings, and how they compare."""
    found = find_sweep(Path(where.artifacts), sweep)
    if json_:
        say_json(to_json(found) | outcome.to_json(found, states_of(found)))
        return
    states = states_of(found)
    console = console_for("stdout")
    counts = Counter(state.status for state in states)
    told = ", ".join(f"{count} {name}" for name, count in counts.most_common())
    console.print(f"{found.id}  {status_of(found, states)}  {told}", soft_wrap=True)
    table = empty_table("run", "what", "status", ">result")
    for state in states:
        style = BAD if state.status in ("failed", "blocked") else ""
        what = described(state.planned)
        table.add_row(state.planned.run_id, what, state.status, _result(found, state), style=style)
    keep_whole(table.columns[0])
    console.print(table)
    for state in states:
        if state.message:
            console.print(f"{state.planned.run_id}: {state.message}", style=BAD, soft_wrap=True)
    print_outcome(found, console)


def _result(sweep: Sweep, state: RunState) -> str:
    if state.status != "running":
        return state.headline
    step, steps = progress_of(sweep.run(state.planned))
    return f"{step:,}/{steps:,}" if steps else ""


@app.command()
@expand
def resume(
    sweep: SweepName,
    where: Where,
    output: Output,
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, max=4096, help="Runs at a time from now on.")
    ] = None,
    address: Annotated[
        str | None, typer.Option("--address", help="Where Ray's cluster is from now on.")
    ] = None,
    sbatch: Annotated[
        str | None, typer.Option("--sbatch", help="With slurm: options for sbatch from now on.")
    ] = None,
    array_limit: Annotated[
        int | None,
        typer.Option("--array-limit", min=1, help="With slurm: tasks of a job array at most."),
    ] = None,
    trust: Annotated[
        bool, typer.Option("--trust", help="Run the networks' code that the sweep holds.")
    ] = False,
    report: sweep_run.Report = False,
) -> None:
    """Resume a sweep. Finished runs stay as they are; the others resume from their checkpoints."""
    from tui.cli.sweep_drive import drive

    found = find_sweep(Path(where.artifacts), sweep)
    if address is not None and found.plan.executor != "ray":
        raise UsageError("--address is for sweeps on Ray.")
    if (sbatch is not None or array_limit is not None) and found.plan.executor != SLURM:
        raise UsageError("--sbatch and --array-limit are for sweeps under SLURM.")
    check_options(sbatch)
    if trust:
        found.trust()
    drive(
        found, output, jobs=jobs, address=address, sbatch=sbatch, limit=array_limit, report=report
    )


@app.command()
@expand
def stop(sweep: SweepName, where: Where) -> None:
    """Stop a sweep that another process drives. All progress is kept."""
    found = find_sweep(Path(where.artifacts), sweep)
    state = status_of(found, states_of(found))
    if state not in (ACTIVE, SUBMITTED):
        raise EngineError(f"Sweep {found.id} is {state}; nothing drives it.")
    found.ask_to_stop()
    if found.plan.executor == SLURM:
        _cancel(found)
    deadline = time.monotonic() + STOP_PATIENCE
    while is_active(found):
        if time.monotonic() > deadline:
            raise EngineError(
                f"Sweep {found.id} is still running after {STOP_PATIENCE:.0f} s; "
                "its runs will stop at their next steps."
            )
        time.sleep(LOOK)
    say(f"{found.id} {status_of(found, states_of(found))}")


def _cancel(sweep: Sweep) -> None:
    """Take the tasks of a sweep that wait out of SLURM's queue."""
    from engine.sweeps.slurm.site import cancel_waiting

    try:
        cancel_waiting(sweep.jobs())
    except EngineError as error:
        complain(f"tasks in the queue will begin and end at once: {error}")


@app.command()
@expand
def rm(
    sweep: SweepName,
    where: Where,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    keep_runs: Annotated[
        bool, typer.Option("--keep-runs", help="Remove the plan only, and keep its runs.")
    ] = False,
) -> None:
    """Remove a sweep and all its runs, permanently."""
    found = find_sweep(Path(where.artifacts), sweep)
    if is_active(found):
        stops = hint(where.artifacts, "sweep", "stop", found.id)
        raise EngineError(f"Sweep {found.id} is running; {stops} stops it.")
    runs = [] if keep_runs else _runs_of(found)
    if not yes and not on_terminal(sys.stdin, sys.stderr):
        raise UsageError("Removing a sweep off a terminal needs --yes.")
    what = f"{found.id} and its {len(runs)} runs" if runs else found.id
    if not yes and not typer.confirm(f"Remove {what} permanently?", err=True):
        complain("nothing removed")
        raise typer.Exit(1)
    with RunLock(found.path, "Sweep"):  # so that nobody begins to drive it meanwhile
        for run in runs:
            remove_run(run)
        if not keep_runs:
            found.clear_unbegun()
    remove_sweep(found)
    say(f"removed {found.path}" + (f" and {len(runs)} runs" if runs else ""))


def _runs_of(sweep: Sweep) -> list[Run]:
    """Return the runs to be removed with a sweep; none where a damaged plan does not tell."""
    try:
        return sweep.begun_runs()
    except EngineError as error:
        complain(f"{error} Its runs are kept.")
        return []


@app.command("work", hidden=True)
@expand
def work(
    sweep: Annotated[str, typer.Argument(metavar="SWEEP")],
    where: Where,
    index: Annotated[int, typer.Option("--index", min=0, help="Its place in the plan, from 0.")],
    every: Annotated[
        int | None, typer.Option("--every", min=1, help="And each so many places further on.")
    ] = None,
    code: Annotated[
        list[str] | None, typer.Option("--code", help="Hash of code that it may take.")
    ] = None,
) -> None:
    """Do a run of a sweep, as a task of SLURM."""
    from engine.networks.ledger import vouch
    from tui.cli.sweep_slurm import do_task

    vouch(code or ())  # on this node the user may have no ledger
    do_task(find_sweep(Path(where.artifacts), sweep), index, every)
