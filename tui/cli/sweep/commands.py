"""``mnist-tui sweep``: its commands. What they do is imported when one is given."""

from pathlib import Path
from typing import Annotated

import typer

from tui.cli.completion import sweep_ids
from tui.cli.options import AsJson, Output, Where, expand
from tui.cli.sweep import asked
from tui.cli.sweep import run as sweep_run

SweepName = Annotated[
    str,
    typer.Argument(
        metavar="SWEEP",
        help="A sweep's id or name, or the beginning or end of either.",
        autocompletion=sweep_ids,
    ),
]

app = typer.Typer(
    help="Many runs: plan, run, resume and compare them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(sweep_run.app, name="run")


@app.command("list")
@expand
def list_(where: Where, json_: AsJson = False) -> None:
    """List the sweeps, newest first."""
    from tui.cli.sweep.manage import show_list

    show_list(Path(where.artifacts), json=json_)


@app.command()
@expand
def status(sweep: SweepName, where: Where, json_: AsJson = False) -> None:
    """Show a sweep: each run's state, the results by setting, and how they compare."""
    from tui.cli.sweep.manage import show_status

    show_status(Path(where.artifacts), sweep, json=json_)


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
        str | None, typer.Option("--address", help="Address of the Ray cluster from now on.")
    ] = None,
    sbatch: Annotated[
        str | None, typer.Option("--sbatch", help="With slurm: options for sbatch from now on.")
    ] = None,
    array_limit: Annotated[
        int | None,
        typer.Option(
            "--array-limit", min=1, help="With slurm: largest job array, if SLURM cannot be asked."
        ),
    ] = None,
    trust: Annotated[
        bool,
        typer.Option(
            "--trust", help="Allow network code (model.py) that has not been run here before."
        ),
    ] = False,
    report: asked.Report = False,
) -> None:
    """Resume a sweep. Finished runs stay as they are; the others resume from their checkpoints."""
    from tui.cli.sweep.manage import resume_sweep

    resume_sweep(
        Path(where.artifacts), sweep, output,
        jobs=jobs, address=address, sbatch=sbatch, limit=array_limit, trust=trust, report=report,
    )  # fmt: skip


@app.command()
@expand
def stop(sweep: SweepName, where: Where) -> None:
    """Stop a sweep that another process drives. All progress is kept."""
    from tui.cli.sweep.manage import stop_sweep

    stop_sweep(Path(where.artifacts), sweep)


@app.command()
@expand
def rm(
    sweep: SweepName,
    where: Where,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    keep_runs: Annotated[
        bool, typer.Option("--keep-runs", help="Remove only the plan; keep the runs.")
    ] = False,
) -> None:
    """Remove a sweep and all its runs, permanently."""
    from tui.cli.sweep.manage import remove

    remove(Path(where.artifacts), sweep, yes=yes, keep_runs=keep_runs)


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
    report: asked.Report = False,
) -> None:
    """Do a run of a sweep, as a task of SLURM."""
    from engine.networks.ledger import vouch
    from engine.sweeps.sweep import find_sweep
    from tui.cli.sweep.slurm import do_task

    vouch(code or ())  # on this node the user may have no ledger
    do_task(find_sweep(Path(where.artifacts), sweep), index, every, report=report)
