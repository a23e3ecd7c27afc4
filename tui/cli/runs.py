"""``mnist-tui runs ...``: what was run."""

import dataclasses
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.data.known import ROOT
from engine.errors import EngineError, UsageError
from engine.hints import hint
from engine.runs.filter import filtered
from engine.runs.index import summaries
from engine.runs.lock import is_driven
from engine.runs.run import Run
from engine.runs.store import find_run, finish_removals, is_named, list_runs, remove_run
from engine.runs.summary import Summary
from tui.cli.completion import run_ids
from tui.cli.export import export
from tui.cli.options import AsJson, RunName, Trust, Where, expand, refuse_options_before
from tui.cli.tables import print_run, print_runs, run_json
from tui.console import complain, console_for, say, say_json
from tui.streams import on_terminal

if TYPE_CHECKING:
    from engine.analysis.rerun import Outcome
    from engine.data.dataset import Dataset
    from engine.numerics.device import Device

LISTED = (  # what a list in JSON says of a run
    "run", "section", "status", "dataset", "recipe", "seed", "result",
    "started_at", "finished_at", "seconds", "remark",
)  # fmt: skip
Wanted = Annotated[
    str,
    typer.Option(
        "--filter", metavar="TEXT",
        help="Only runs that contain these words or match model:TEXT, accuracy>97%, age<2h ...",
    ),
]  # fmt: skip
VERDICTS = {True: "agrees ", False: "DIFFERS", None: "unknown"}  # of what is verified

app = typer.Typer(
    help="Past and active runs: list, show, verify, export, remove.", rich_markup_mode=None
)


@app.callback(invoke_without_command=True)
@expand
def runs(context: typer.Context, where: Where, wanted: Wanted = "", json_: AsJson = False) -> None:
    """List the runs, newest first, unless a command follows."""
    refuse_options_before(context)
    if context.invoked_subcommand is None:
        _print_list(where, wanted, json_)


@app.command("list")
@expand
def list_(where: Where, wanted: Wanted = "", json_: AsJson = False) -> None:
    """List the runs, newest first."""
    _print_list(where, wanted, json_)


def _print_list(where: Where, wanted: str, json_: bool) -> None:
    """Print the runs that pass a filter. Raises UsageError where that has a mistake."""
    everything = summaries(Path(where.artifacts))
    found = filtered(everything, wanted)
    if json_:
        say_json([_listed(run) for run in found])
        return
    console = console_for("stdout")
    if found:
        print_runs(found, console)
    elif everything:
        console.print(f"None of {len(everything):,} runs matches the filter.", soft_wrap=True)
    else:
        console.print(
            f"No runs in {where.artifacts} yet; {hint(where.artifacts, 'run', 'train')} makes the "
            "first.",
            soft_wrap=True,
        )


def _listed(run: Summary) -> dict[str, Any]:
    """Return a run's entry in the list: the cells of the table, and its times if known."""
    return {name: getattr(run, name) for name in LISTED}


@app.command()
@expand
def show(run: RunName, where: Where, json_: AsJson = False) -> None:
    """Show a run's options, environment, result and files."""
    found = find_run(Path(where.artifacts), run)
    if json_:
        say_json(run_json(found))
    else:
        print_run(found, console_for("stdout"))


@app.command()
@expand
def figures(run: RunName, where: Where) -> None:
    """Redraw a run's figures from its files."""
    from engine.figures import draw_figures

    for path in draw_figures(find_run(Path(where.artifacts), run)):
        say(str(path))


app.command()(export)


@app.command()
@expand
def verify(
    run: RunName,
    where: Where,
    data_root: Annotated[
        str | None,
        typer.Option("--data-root", help=f"{ROOT}, if it has moved."),
    ] = None,
    again: Annotated[
        bool,
        typer.Option("--again", help="Also run the whole experiment again and compare every bit."),
    ] = False,
    steps: Annotated[
        int | None, typer.Option("--steps", min=1, help="With --again: stop after this many steps.")
    ] = None,
    trust: Trust = False,
    json_: AsJson = False,
) -> None:
    """Recompute a finished run's result from its files. Exits with 1 if it differs."""
    from engine.analysis.rerun import SAME
    from engine.analysis.verify import agrees
    from engine.analysis.verify import verify as checks_of
    from engine.laboratory import Laboratory
    from engine.trust import trust_code

    if steps is not None and not again:
        raise UsageError("--steps goes with --again.")
    found = find_run(Path(where.artifacts), run)
    if trust:
        trust_code(found.path.parent, [found.id])
    data, device = Laboratory(warn=complain).survey_of(found, data_root)
    checks = []
    for check in checks_of(found, data, device):
        checks.append(check)
        if not json_:
            say(f"{VERDICTS[check.holds]}  {check.subject}: {check.words}")
    holds = agrees(checks)
    outcome = _rerun(found, data, device, steps) if again else None
    if outcome is not None:
        holds = holds and outcome.verdict == SAME
        if not json_:
            say(f"{outcome.verdict}  again: {outcome.words}")
    if json_:
        told = {"run": found.id, "holds": holds, "checks": list(map(dataclasses.asdict, checks))}
        say_json(told | ({"again": dataclasses.asdict(outcome)} if outcome is not None else {}))
    if not holds:
        raise typer.Exit(1)


def _rerun(run: Run, data: "Dataset", device: "Device", steps: int | None) -> "Outcome":
    """Run a run again, with a bar on a terminal. Raises EngineError."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    from engine.analysis.rerun import rerun

    console = console_for("stderr")
    columns = (TextColumn("again"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("again", total=None)
        return rerun(
            run, data, device, steps=steps,
            listen=lambda step, total: bar.update(task, completed=step, total=steps or total),
        )  # fmt: skip


@app.command()
@expand
def rm(
    runs: Annotated[
        list[str], typer.Argument(metavar="RUN...", help="Ids of runs.", autocompletion=run_ids)
    ],
    where: Where,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
) -> None:
    """Remove runs and all their files, permanently."""
    artifacts = Path(where.artifacts)
    finished = finish_removals(artifacts)
    for id_ in finished:
        complain(f"finished the interrupted removal of {id_}")
    names = [name for name in runs if not any(is_named(id_, name) for id_ in finished)]
    found = list({run.id: run for run in (find_run(artifacts, name) for name in names)}.values())
    for run in found:
        if is_driven(run.path):
            stops = hint(artifacts, "stop", run.id)
            raise EngineError(f"Run {run.id} is running; {stops} stops it.")
    if not yes and not on_terminal(sys.stdin, sys.stderr):
        raise UsageError("Removing runs without a terminal needs --yes.")
    for loss in _losses(artifacts, found):
        complain(loss)
    if found and not yes:
        what = found[0].id if len(found) == 1 else f"{len(found)} runs"
        if not typer.confirm(f"Remove {what} permanently?", err=True):
            complain("nothing removed")
            raise typer.Exit(1)
    for run in found:
        remove_run(run)
        say(f"removed {run.path}")


def _losses(artifacts: Path, removed: list[Run]) -> Iterator[str]:
    """Yield a line about runs that use a removed network, and one about transfers to it."""
    ids = {run.id for run in removed}
    look, test = [], []
    for run in list_runs(artifacts):
        with suppress(EngineError):
            config = run.read_info()["config"]
            if run.id in ids:
                continue
            if config.get("run") in ids:
                look.append(run.id)
            elif ids.intersection((config.get("other_runs") or {}).values()):
                test.append(run.id)
    if look:
        yield f"without its network, {', '.join(look)} can no longer be resumed or verified"
    if test:
        yield f"without its network, the transfer in {', '.join(test)} can no longer be verified"
