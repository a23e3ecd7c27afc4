"""``mnist-tui run ...``: experiments from the command line."""

import dataclasses
import shlex
import sys
from collections.abc import Iterable
from typing import Annotated, Any

import typer

from engine.config import RunConfig
from engine.errors import EngineError, UsageError
from engine.networks.architectures import ARCHITECTURES, CLASSES, LAYERS
from engine.options import options_of
from engine.runs.queue import Batch, from_json
from engine.sections.adversarial.config import AdversarialConfig
from engine.sections.train.config import TrainConfig
from engine.sections.visualize.config import VisualizeConfig
from tui.cli.completion import one_of
from tui.cli.detach import COMMAND, Announcement, start_detached
from tui.cli.headless import conduct
from tui.cli.options import Output, expand
from tui.commands import environment_variable
from tui.console import complain, say, say_json

app = typer.Typer(
    help="Run an experiment. Every option can also be set by an environment variable, --batch-size "
    "by MNIST_TUI_BATCH_SIZE; the command line wins.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

All = Annotated[bool, typer.Option("--all", help="All of them, which is the default.")]

Detach = Annotated[
    bool, typer.Option("--detach", help="Run in the background: print the run's id and return.")
]


def _several(name: str, help: str, values: Iterable[object]) -> Any:
    """Return an option that can be repeated; ``values`` are what the shell completes."""
    return typer.Option(
        f"--{name}",
        help=f"{help}; can be repeated.",
        autocompletion=one_of(values),
        envvar=environment_variable(name),
        show_envvar=False,
    )


Models = Annotated[
    list[str] | None,
    _several("model", f"Network to train ({', '.join(ARCHITECTURES)})", ARCHITECTURES),
]
Labels = Annotated[list[int] | None, _several("label", "Target label, 0 to 9", range(CLASSES))]
Layers = Annotated[list[str] | None, _several("layer", f"Layer ({', '.join(LAYERS)})", LAYERS)]
Neurons = Annotated[list[int] | None, _several("neuron", "Neuron of each chosen layer", ())]


@app.command()
@expand
def train(
    config: TrainConfig,
    output: Output,
    model: Models = None,
    all_: All = False,
    detach: Detach = False,
) -> None:
    """Train networks and evaluate them on the test set. Section 1 of the course report."""
    _one_or_all(model, all_, "--model")
    models = list(dict.fromkeys(model or ARCHITECTURES))
    _conduct([dataclasses.replace(config, model=name) for name in models], output, detach)


@app.command()
@expand
def adversarial(
    config: AdversarialConfig,
    output: Output,
    label: Labels = None,
    all_: All = False,
    detach: Detach = False,
) -> None:
    """Craft a universal noise for each target label. Section 2 of the course report."""
    _one_or_all(label, all_, "--label")
    chosen = dataclasses.replace(config, labels=tuple(label)) if label else config
    _conduct([chosen], output, detach)


@app.command()
@expand
def visualize(
    config: VisualizeConfig,
    output: Output,
    layer: Layers = None,
    neuron: Neurons = None,
    all_: All = False,
    detach: Detach = False,
) -> None:
    """Synthesize images that excite single neurons. Section 3 of the course report."""
    _one_or_all(layer or neuron, all_, "--layer and --neuron")
    layers, neurons = tuple(layer or ()) or None, tuple(neuron or ()) or None
    _conduct([dataclasses.replace(config, layers=layers, neurons=neurons)], output, detach)


@app.command("all")
@expand
def all_sections(config: RunConfig, output: Output, detach: Detach = False) -> None:
    """Reproduce the course report. Three networks, ten noises, 74 neurons; then writes ours."""
    shared = {name: getattr(config, name) for name in options_of(RunConfig)}
    trainings = [TrainConfig(**shared, model=model) for model in ARCHITECTURES]
    sections = [AdversarialConfig(**shared), VisualizeConfig(**shared)]
    _conduct([*trainings, *sections], output, detach, report=True)


def _one_or_all(chosen: Any, all_: bool, option: str) -> None:
    if all_ and chosen:
        raise UsageError(f"Use {option} or --all, not both.")


def _conduct(
    configs: list[RunConfig], output: Output, detach: bool, *, report: bool = False
) -> None:
    """Run experiments one after another, here or in another process."""
    words = [word for word in sys.argv[1:] if word != "--detach"]
    batches = [Batch(shlex.join(["mnist-tui", *words]), list(configs), report=report)]
    if not detach:
        conduct(batches, output)
        return
    started = start_detached(batches)
    if output.json:
        say_json(started)
    else:
        say(started["run"])
    if not (output.json or output.quiet):
        more = f", then {len(configs) - 1} more" if len(configs) > 1 else ""
        complain(f"running in the background{more}; `mnist-tui attach {started['run']}` shows it")


@app.command(COMMAND, hidden=True)
def drive() -> None:
    """Drive the runs that standard input describes; announce the first on standard output."""
    try:
        batches = from_json(sys.stdin.read() if sys.stdin else "")
    except ValueError as error:
        raise EngineError(f"Standard input holds no runs to drive ({error}).") from None
    conduct(batches, Output(quiet=True), listen=Announcement())
