"""What ``mnist-tui sweep list``, ``status``, ``resume``, ``stop`` and ``rm`` do."""

import sys
from collections import Counter
from pathlib import Path

import typer

from engine.errors import EngineError, UsageError
from engine.hints import hint
from engine.runs.lock import RunLock
from engine.runs.run import Run
from engine.runs.store import remove_run
from engine.sweeps import outcome
from engine.sweeps.executors.slurm.script import check_options
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
from tui.cli.options import Output
from tui.cli.stopping import wait_until_stopped
from tui.cli.sweep.display import described, print_outcome
from tui.cli.sweep.drive import drive
from tui.cli.tables import BAD, empty_table
from tui.console import complain, console_for, say, say_json
from tui.streams import on_terminal
from tui.summary import keep_whole


def show_list(artifacts: Path, *, json: bool) -> None:
    """Print the sweeps in a folder, newest first."""
    sweeps = list_sweeps(artifacts)
    if json:
        say_json([_row_json(sweep) for sweep in sweeps])
        return
    if not sweeps:
        complain(f"no sweeps in {artifacts}")
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


def show_status(artifacts: Path, name: str, *, json: bool) -> None:
    """Print each run's state, what came of the settings, and how they compare."""
    found = find_sweep(artifacts, name)
    if json:
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


def resume_sweep(
    artifacts: Path,
    name: str,
    output: Output,
    *,
    jobs: int | None,
    address: str | None,
    sbatch: str | None,
    limit: int | None,
    trust: bool,
    report: bool,
) -> None:
    """Resume a sweep. Raises MnistTuiError and typer.Exit."""
    found = find_sweep(artifacts, name)
    if address is not None and found.plan.executor != "ray":
        raise UsageError("--address is for sweeps on Ray.")
    if (sbatch is not None or limit is not None) and found.plan.executor != SLURM:
        raise UsageError("--sbatch and --array-limit are for sweeps under SLURM.")
    check_options(sbatch)
    if trust:
        found.trust()
    drive(found, output, jobs=jobs, address=address, sbatch=sbatch, limit=limit, report=report)


def stop_sweep(artifacts: Path, name: str) -> None:
    """Stop a sweep that another process drives, and wait until it has. Raises EngineError."""
    found = find_sweep(artifacts, name)
    state = status_of(found, states_of(found))
    if state not in (ACTIVE, SUBMITTED):
        raise EngineError(f"Sweep {found.id} is {state}; nothing drives it.")
    found.ask_to_stop()
    if found.plan.executor == SLURM:
        _cancel(found)
    wait_until_stopped(
        lambda: not is_active(found), f"Sweep {found.id}", "its runs will stop at their next steps."
    )
    say(f"{found.id} {status_of(found, states_of(found))}")


def _cancel(sweep: Sweep) -> None:
    """Take the tasks of a sweep that wait out of SLURM's queue."""
    from engine.sweeps.executors.slurm.site import cancel_waiting

    try:
        cancel_waiting(sweep.jobs())
    except EngineError as error:
        complain(f"queued tasks will start and end at once: {error}")


def remove(artifacts: Path, name: str, *, yes: bool, keep_runs: bool) -> None:
    """Remove a sweep, after asking, and its runs unless they are kept. Raises MnistTuiError."""
    found = find_sweep(artifacts, name)
    if is_active(found):
        stops = hint(artifacts, "sweep", "stop", found.id)
        raise EngineError(f"Sweep {found.id} is running; {stops} stops it.")
    runs = [] if keep_runs else _runs_of(found)
    if not yes and not on_terminal(sys.stdin, sys.stderr):
        raise UsageError("Removing a sweep without a terminal needs --yes.")
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
