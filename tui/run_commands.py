"""``mnist-tui run ...``: experiments from the command line."""

import dataclasses
import shlex
import sys
from typing import Annotated, Any

import typer

from engine.architectures import ARCHITECTURES
from engine.config import RunConfig, TrainConfig
from engine.control import Control
from engine.errors import UsageError
from engine.store import Run
from tui.console import complain, console_for, listener
from tui.options import Output, environment_variable, expand
from tui.signals import exit_code, stopping_on_signals
from tui.tables import print_results

app = typer.Typer(help="Run an experiment.", no_args_is_help=True, rich_markup_mode=None)

All = Annotated[bool, typer.Option("--all", help="All of them, which is what nothing chosen means.")]


@app.command()
@expand
def train(
    config: TrainConfig,
    output: Output,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            help=f"Network to train ({', '.join(ARCHITECTURES)}); may be given more than once.",
            envvar=environment_variable("model"),
            show_envvar=False,
        ),
    ] = None,
    all_: All = False,
) -> None:
    """Train the classifiers and judge them on the test set (report, section 1)."""
    _one_or_all(model, all_, "--model")
    models = list(dict.fromkeys(model or ARCHITECTURES))
    conduct([dataclasses.replace(config, model=name) for name in models], output)


def _one_or_all(chosen: Any, all_: bool, option: str) -> None:
    if all_ and chosen:
        raise UsageError(f"Choose with {option} or take --all, not both.")


def conduct(configs: list[RunConfig], output: Output) -> None:
    """Run experiments of one dataset and device one after another, and show what came of it.

    Leaves by typer.Exit with the signal's code where one stopped it.
    """
    command = shlex.join(["mnist-tui", *sys.argv[1:]])
    control = Control()
    runs: list[Run] = []
    console = console_for("stderr")

    # torch comes with these; a wrong command line was answered before.
    from engine.data import open_dataset
    from engine.device import open_device
    from engine.session import Session

    first = configs[0]
    data = open_dataset(first.dataset, first.data_root, offline=first.offline, warn=complain)
    device = open_device(first.device, first.precision, first.threads)
    found = {
        "dataset": data.name,
        "device": str(device.torch_device),
        "precision": device.precision,
        "threads": device.threads,
    }
    with stopping_on_signals(control), listener(output, console) as listen:
        for config in configs:
            session = Session(
                config.resolve(**found),
                data,
                device,
                listen=listen,
                control=control,
                command=command,
                companions=tuple(run.id for run in runs),
            )
            runs.append(session.run())
            if control.stop_reason:
                break
    if not output.json:
        print_results(runs, console_for("stdout"))
    if control.stop_reason:
        complain(f"stopped by {control.stop_reason}; what was done is kept in {runs[-1].path}")
        raise typer.Exit(exit_code(control.stop_reason))
