"""``mnist-tui run ...``: experiments from the command line."""

import dataclasses
import shlex
import sys
from contextlib import suppress
from typing import Annotated, Any

import typer

from engine.architectures import ARCHITECTURES, LAYERS
from engine.config import (
    AdversarialConfig,
    NetworkConfig,
    RunConfig,
    TrainConfig,
    VisualizeConfig,
    options_of,
)
from engine.control import Control
from engine.errors import UsageError
from engine.laboratory import Laboratory
from engine.store import Run
from tui.console import complain, console_for, listener
from tui.options import Output, environment_variable, expand
from tui.signals import exit_code, stopping_on_signals
from tui.tables import print_results

app = typer.Typer(
    help="Run an experiment. Every option has an environment variable too: --batch-size is "
    "MNIST_TUI_BATCH_SIZE, and so on; the command line wins.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

All = Annotated[
    bool, typer.Option("--all", help="All of them, which is what nothing chosen means.")
]


def _several(kind: type, name: str, help: str) -> Any:
    """Return the type of an option that may be given more than once."""
    variable = environment_variable(name)
    declaration = typer.Option(
        f"--{name}", help=f"{help}; may be repeated.", envvar=variable, show_envvar=False
    )
    return Annotated[list[kind] | None, declaration]


Models = _several(str, "model", f"Network to train ({', '.join(ARCHITECTURES)})")
Labels = _several(int, "label", "Target label, 0 to 9")
Layers = _several(str, "layer", f"Layer ({', '.join(LAYERS)})")
Neurons = _several(int, "neuron", "Neuron of each chosen layer")


@app.command()
@expand
def train(
    config: TrainConfig,
    output: Output,
    model: Models = None,
    all_: All = False,
) -> None:
    """Train the classifiers and judge them on the test set (report, section 1)."""
    _one_or_all(model, all_, "--model")
    models = list(dict.fromkeys(model or ARCHITECTURES))
    conduct([dataclasses.replace(config, model=name) for name in models], output)


@app.command()
@expand
def adversarial(
    config: AdversarialConfig,
    output: Output,
    label: Labels = None,
    all_: All = False,
) -> None:
    """Craft one universal noise per target label and judge it (report, section 2)."""
    _one_or_all(label, all_, "--label")
    conduct([dataclasses.replace(config, labels=tuple(label)) if label else config], output)


@app.command()
@expand
def visualize(
    config: VisualizeConfig,
    output: Output,
    layer: Layers = None,
    neuron: Neurons = None,
    all_: All = False,
) -> None:
    """Draw the images that excite single neurons (report, section 3)."""
    _one_or_all(layer or neuron, all_, "--layer and --neuron")
    chosen = {
        "layers": tuple(layer) if layer else None,
        "neurons": tuple(neuron) if neuron else None,
    }
    conduct([dataclasses.replace(config, **chosen)], output)


@app.command("all")
@expand
def all_sections(config: RunConfig, output: Output) -> None:
    """Run the whole report: three trainings, ten noises, all 74 neurons."""
    shared = {name: getattr(config, name) for name in options_of(RunConfig)}
    trainings = [TrainConfig(**shared, model=model) for model in ARCHITECTURES]
    conduct([*trainings, AdversarialConfig(**shared), VisualizeConfig(**shared)], output)


def _one_or_all(chosen: Any, all_: bool, option: str) -> None:
    if all_ and chosen:
        raise UsageError(f"Choose with {option} or take --all, not both.")


def conduct(configs: list[RunConfig], output: Output) -> None:
    """Run experiments one after another, show how they go and what came of them.

    Leaves by typer.Exit with the signal's code where one stopped it.
    """
    laboratory, control = Laboratory(warn=complain), Control()
    remark = complain if not (output.quiet or output.json) else lambda line: None
    command = shlex.join(["mnist-tui", *sys.argv[1:]])
    runs: list[Run] = []
    queue = list(configs)
    console = console_for("stderr")
    with stopping_on_signals(control), listener(output, console, len(queue)) as listen:
        while queue and control.stop_reason is None:
            training = laboratory.missing_training(queue[0])
            if training:
                remark(f"no trained {training.model} on these images yet; training one first")
                queue.insert(0, training)
            session = laboratory.session(
                queue.pop(0),
                listen=listen,
                control=control,
                command=command,
                companions=tuple(run.id for run in runs),
            )
            if isinstance(session.config, NetworkConfig):
                remark(f"looking at the network of {session.config.run}")
            if control.stop_reason is None:
                runs.append(session.run())
    if not output.json:
        with suppress(BrokenPipeError):  # who read along has left; the exit code still tells
            print_results(runs, console_for("stdout"))
    if control.stop_reason:
        kept = f"what was done is kept in {runs[-1].path}" if runs else "nothing had begun"
        complain(f"stopped by {control.stop_reason}; {kept}")
        raise typer.Exit(exit_code(control.stop_reason))
