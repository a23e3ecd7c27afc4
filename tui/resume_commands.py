"""``mnist-tui resume`` and ``stop``: runs that were interrupted, runs driven elsewhere."""

import time
from pathlib import Path

import typer

from engine.control import Control
from engine.errors import EngineError
from engine.laboratory import Laboratory
from engine.store import find_run
from tui.console import complain, console_for, listener
from tui.options import Output, expand
from tui.runs_commands import RunName, Where
from tui.signals import exit_code, stopping_on_signals
from tui.tables import print_results

STOP_PATIENCE, STOP_LOOK = 60.0, 0.05  # seconds


@expand
def resume(run: RunName, where: Where, output: Output) -> None:
    """Go on with a run that was stopped or interrupted, as if it had never been."""
    found = find_run(Path(where.artifacts), run)
    laboratory, control = Laboratory(warn=complain), Control()
    with stopping_on_signals(control), listener(output, console_for("stderr"), 1) as listen:
        laboratory.resume(found, listen=listen, control=control).run()
    if not output.json:
        print_results([found], console_for("stdout"))
    if control.stop_reason:
        complain(f"stopped by {control.stop_reason}; what was done is kept in {found.path}")
        raise typer.Exit(exit_code(control.stop_reason))


@expand
def stop(run: RunName, where: Where) -> None:
    """Stop a run that another process drives, and keep what was done."""
    found = find_run(Path(where.artifacts), run)
    if found.status != "running":
        raise EngineError(f"Run {found.id} is {found.status}; nothing drives it.")
    found.ask_to_stop()
    deadline = time.monotonic() + STOP_PATIENCE
    while found.status == "running":
        if time.monotonic() > deadline:
            raise EngineError(
                f"Run {found.id} goes on after {STOP_PATIENCE:.0f} s; it stops at its next step."
            )
        time.sleep(STOP_LOOK)
    print(f"{found.id} {found.status}")
