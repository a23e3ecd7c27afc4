"""Follows a sweep that another process drives, from its files."""

import time

import typer

from engine.errors import EngineError
from engine.hints import hint
from engine.runs.control import Control
from engine.runs.follow import TAKE_OVER
from engine.sweeps.schema import SweepEvent
from engine.sweeps.states import (
    ACTIVE,
    BLOCKED,
    FAILED,
    FINISHED,
    SLURM,
    SUBMITTED,
    is_active,
    states_of,
    status_of,
)
from engine.sweeps.sweep import Sweep
from tui.cli.options import Output
from tui.cli.sweep.display import SweepLines, print_outcome
from tui.console import complain, console_for
from tui.live.signals import exit_code, stopping_on_signals
from tui.streams import FULL, lost

LOOK, SELDOM = 0.2, 2.0  # seconds between two looks: at a process's sweep, at SLURM's


def attach_sweep(sweep: Sweep, output: Output) -> None:
    """Print a line for each run that ends, until nothing drives the sweep any more; the outcome.

    With ``--json`` its journal, from the beginning. Raises EngineError where runs have failed, and
    typer.Exit if a signal ends the command.
    """
    _follow(sweep, output)
    states = states_of(sweep)
    status = status_of(sweep, states)
    resumes = hint(sweep.artifacts, "sweep", "resume", sweep.id)
    if not output.json:
        print_outcome(sweep, console_for("stdout"))
    if status == FAILED:
        failed = sum(state.status in (FAILED, BLOCKED) for state in states)
        raise EngineError(f"{failed} of {len(states)} runs failed; {resumes} tries again.")
    if status != FINISHED:
        complain(f"{sweep.id} is {status}; {resumes} continues")


def _follow(sweep: Sweep, output: Output) -> None:
    """Show a sweep's events until nothing drives it."""
    control, known = Control(), {run.run_id for run in sweep.plan.runs}
    told = 0
    with stopping_on_signals(control), SweepLines(sweep, output, 1) as listen:
        while control.stop_reason is None:
            # Asked before they are read: what was written before the end is then read for sure.
            driven = _goes_on(sweep)
            events = [one for one in sweep.events() if one.run in known or not one.run]
            new = events[told:]
            for event in new if told or output.json else _going_on(new):
                listen(event)
            told = len(events)
            if not driven and not _is_about_to_begin(sweep, events):
                break
            if reason := lost():
                control.stop(reason)
            time.sleep(LOOK if sweep.plan.executor != SLURM else SELDOM)
    if control.stop_reason == FULL:  # which is reported at exit
        raise typer.Exit
    if control.stop_reason is not None:
        complain("interrupted")
        raise typer.Exit(exit_code(control.stop_reason))


def _goes_on(sweep: Sweep) -> bool:
    """Tell whether a process drives a sweep, or SLURM has or had tasks of it in its queue."""
    if sweep.plan.executor != SLURM:
        return is_active(sweep)
    return status_of(sweep, states_of(sweep)) in (ACTIVE, SUBMITTED)


def _going_on(events: list[SweepEvent]) -> list[SweepEvent]:
    """Return the beginnings of runs that have not ended since."""
    active: dict[str, SweepEvent] = {}
    for event in events:
        if event.event == "begun":
            active[event.run] = event
        elif event.event == "ended":
            active.pop(event.run, None)
    return list(active.values())


def _is_about_to_begin(sweep: Sweep, events: list[SweepEvent]) -> bool:
    """Tell whether a process was started to drive the sweep just now, and has not got to it yet."""
    begun = any(event.event == "begun" for event in events)
    return not begun and time.time() - sweep.plan.started_at.timestamp() < TAKE_OVER
