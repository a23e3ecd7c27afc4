"""``mnist-tui resume``, ``attach`` and ``stop``: stopped runs, and runs of other processes."""

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from engine.config import RunConfig
from engine.errors import EngineError
from engine.hints import hint
from engine.runs.control import Control
from engine.runs.events import Event, Failed, Interrupted, Stopped
from engine.runs.follow import Follower
from engine.runs.queue import read_queue
from engine.runs.run import Run
from engine.runs.store import find_run
from tui.cli.completion import run_and_sweep_ids
from tui.cli.options import AsAscii, HowImages, Output, RunName, Trust, Where, expand, said
from tui.cli.stopping import wait_until_stopped
from tui.cli.tables import print_results
from tui.console import complain, console_for, say
from tui.live.signals import exit_code, stopping_on_signals
from tui.streams import FULL, keep_to_ascii, lost, on_terminal

LOOK = 0.1  # seconds between two looks at another process's run


@expand
def resume(
    run: RunName,
    where: Where,
    output: Output,
    alone: Annotated[
        bool, typer.Option("--alone", help="Do not start the runs queued behind it.")
    ] = False,
    trust: Trust = False,
) -> None:
    """Resume a stopped or interrupted run, as if it had never stopped.

    Runs that were queued behind it follow.
    """
    found = find_run(Path(where.artifacts), run)
    if trust:
        from engine.trust import trust_code

        trust_code(found.path.parent, [found.id])
    waiting = [] if alone else read_queue(found)
    if found.read_info()["status"] == "finished" and not waiting:
        raise EngineError(f"Run {found.id} has finished; there is nothing to resume.")
    more = sum(len(batch.configs) for batch in waiting)
    if more and not (output.quiet or output.json):
        complain(f"{more} more queued behind it will follow (--alone skips them)")
    from tui.cli.headless import conduct

    conduct(waiting, output, resumed=found, keeps_queue=not alone)


@expand
def attach(
    context: typer.Context,
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN",
            help="A run's or sweep's id, or the beginning or end of it; or a sweep's name.",
            autocompletion=run_and_sweep_ids,
        ),
    ],
    config: RunConfig,
    output: Output,
    ascii_: AsAscii = False,
    images: HowImages = None,
) -> None:
    """Follow a run, or a sweep, that another process drives.

    On a terminal this opens the app, elsewhere it prints lines. Leaving does not stop the run. The
    options are the app's, for runs started there.
    """
    from tui.cli.report import sweep_named

    artifacts = Path(config.artifacts)
    sweep = sweep_named(artifacts, [run])
    found = find_run(artifacts, run) if sweep is None else None
    if on_terminal(sys.stdin, sys.stdout) and not (output.json or output.quiet):
        from tui.app.open import open_app  # textual, which the commands do not need

        chosen = said(context) | {"artifacts"}  # the user's default would lead to other runs
        code = open_app(config, ascii_=ascii_, images=images, said=chosen, run=found, sweep=sweep)
        raise typer.Exit(code)
    if ascii_:
        keep_to_ascii()
    if sweep is not None:
        from tui.cli.sweep.attach import attach_sweep

        attach_sweep(sweep, output)
        return
    assert found is not None  # one of the two
    last = _follow(found, output)
    match last:
        case Failed():
            raise EngineError(last.message)
        case Interrupted() | Stopped():
            resumes = hint(config.artifacts, "resume", found.id)
            complain(f"{found.id} is {found.read_status()}; {resumes} resumes it")
        case _ if not output.json:
            print_results([found], console_for("stdout"))


def _follow(run: Run, output: Output) -> Event | None:
    """Show a run's events until nothing drives it any more; return the last.

    Raises typer.Exit if a signal ends the command or its output no longer has a reader.
    """
    from tui.cli.progress import listener

    follower, control, last = Follower(run), Control(), None
    with (
        stopping_on_signals(control),
        listener(output, console_for("stderr"), 1) as listen,
    ):
        while not follower.ended and control.stop_reason is None:
            for last in follower.read_all():
                listen(last)
            if reason := lost():
                control.stop(reason)
            time.sleep(LOOK)
    if control.stop_reason == FULL:  # which is reported at exit
        raise typer.Exit
    if control.stop_reason is not None:
        complain("interrupted")
        raise typer.Exit(exit_code(control.stop_reason))
    return last


@expand
def stop(run: RunName, where: Where) -> None:
    """Stop a run that another process drives. Its progress is kept."""
    found = find_run(Path(where.artifacts), run)
    follower = Follower(found)
    if _ended(follower):
        raise EngineError(f"Run {found.id} is {found.read_status()}; nothing drives it.")
    found.ask_to_stop()
    wait_until_stopped(
        lambda: _ended(follower), f"Run {found.id}", "it will stop at its next step."
    )
    say(f"{found.id} {found.read_status()}")


def _ended(follower: Follower) -> bool:
    """Return whether nothing drives the run any more."""
    for _ in follower.read_all():
        pass
    return follower.ended
