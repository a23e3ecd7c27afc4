"""``mnist-tui runs ...``: what was run."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from engine.config import option
from engine.store import find_run, list_runs
from tui.console import console_for
from tui.options import expand, refuse_options_before
from tui.tables import print_run, runs_table

app = typer.Typer(help="What was run, newest first.", rich_markup_mode=None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Where:
    """Which artifacts folder."""

    artifacts: str = option("artifacts", "Folder that run directories lie in.")


RunName = Annotated[
    str, typer.Argument(metavar="RUN", help="A run's id, or a beginning or end of it.")
]


@app.callback(invoke_without_command=True)
@expand
def runs(context: typer.Context, where: Where) -> None:
    """What was run, newest first."""
    refuse_options_before(context)
    if context.invoked_subcommand is None:
        _print_list(where)


@app.command("list")
@expand
def list_(where: Where) -> None:
    """List the runs, newest first."""
    _print_list(where)


def _print_list(where: Where) -> None:
    found = list_runs(Path(where.artifacts))
    console = console_for("stdout")
    if found:
        console.print(runs_table(found))
    else:
        console.print(
            f"No runs in {where.artifacts} yet; `mnist-tui run train` makes the first.",
            soft_wrap=True,
        )


@app.command()
@expand
def show(run: RunName, where: Where) -> None:
    """Show one run: its options, its environment, its result and its files."""
    print_run(find_run(Path(where.artifacts), run), console_for("stdout"))


@app.command()
@expand
def figures(run: RunName, where: Where) -> None:
    """Draw a run's figures again from its directory."""
    from engine.figures import draw_figures

    for path in draw_figures(find_run(Path(where.artifacts), run)):
        print(path)
