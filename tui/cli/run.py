"""``mnist-tui run ...``: experiments from the command line."""

import inspect
import shlex
import sys
from dataclasses import replace
from typing import Annotated, Any

import typer

from engine import sections
from engine.config import RunConfig
from engine.errors import EngineError, UsageError
from engine.hints import hint
from engine.networks.architectures import ARCHITECTURES
from engine.options import options_of
from engine.runs.queue import Request, from_json
from engine.sections.adversarial.config import AdversarialConfig
from engine.sections.train.config import TrainConfig
from engine.sections.visualize.config import VisualizeConfig
from tui.cli.generated import MadeCommands
from tui.cli.options import (
    Output,
    Trust,
    expand,
    laid_out,
    option_parameters,
    repeated_options,
    repeated_parameters,
)
from tui.console import complain, say, say_json


class Experiments(MadeCommands):
    """The sections' commands, made of their configs, before those that are written here."""

    def made(self) -> dict[str, Any]:
        """Return a command for each section."""
        return {name: _command_of(sections.find(name)) for name in sections.names()}


DRIVE = "drive"  # hidden: what the other process of --detach runs

app = typer.Typer(
    cls=Experiments,
    help="Run an experiment. Every option but --all, --detach and --trust can also be set by an "
    "environment variable, --batch-size by MNIST_TUI_BATCH_SIZE; the command line wins.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Detach = Annotated[
    bool, typer.Option("--detach", help="Run in the background: print the run's id and return.")
]


def _command_of(section: sections.AnySection) -> Any:
    """Return the command that runs a section; its options are those of its config."""
    asked = section.asked
    repeated = repeated_options(asked)

    def command(**values: Any) -> None:
        output = Output(**{name: values.pop(name) for name in options_of(Output)})
        detach, all_ = values.pop("detach"), values.pop("all_", False)
        trust = values.pop("trust", False)
        chosen = {name: values.pop(name) for name in repeated}
        if all_ and any(chosen.values()):
            flags = " and ".join(f"--{name}" for name in repeated)
            raise UsageError(f"Use {flags} or --all, not both.")
        configs = [asked(**values)]
        for name, (field, rules) in repeated.items():
            if rules.spread:
                each = list(dict.fromkeys(chosen[name] or rules.whole))
                configs = [replace(config, **{field: one}) for config in configs for one in each]
            elif chosen[name]:
                several: dict[str, Any] = {field: tuple(chosen[name])}
                configs = [replace(config, **several) for config in configs]
        if trust:
            from engine.trust import trust_runs_named  # here, as --help should not wait for it

            trust_runs_named(configs)
        _conduct(configs, output, detach)

    all_kind = Annotated[bool, typer.Option("--all", help=f"{section.everything} (default).")]
    switches = ({"all_": all_kind} if repeated else {}) | {"trust": Trust}
    parameters = [
        *repeated_parameters(asked),
        *(
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=kind)
            for name, kind in (switches | {"detach": Detach}).items()
        ),
        *(p for p in option_parameters(asked) if not options_of(asked)[p.name].spread),
        *option_parameters(Output),
    ]
    alone = typer.Typer(add_completion=False, rich_markup_mode=None)
    alone.command(section.name, help=section.about)(laid_out(command, parameters))
    return typer.main.get_command(alone)


@app.command("all")
@expand
def all_sections(config: RunConfig, output: Output, detach: Detach = False) -> None:
    """Reproduce the course report.

    Train three networks, craft ten noises, visualize 74 neurons, then write the report.
    """
    shared = {name: getattr(config, name) for name in options_of(RunConfig)}
    trainings = [TrainConfig(**shared, model=model) for model in ARCHITECTURES]
    sections = [AdversarialConfig(**shared), VisualizeConfig(**shared)]
    _conduct([*trainings, *sections], output, detach, report=True)


def _conduct(
    configs: list[RunConfig], output: Output, detach: bool, *, report: bool = False
) -> None:
    """Run experiments one after another, here or in another process."""
    from engine.trust import trust_named

    trust_named(configs)
    words = [word for word in sys.argv[1:] if word != "--detach"]
    requests = [Request(shlex.join(["mnist-tui", *words]), list(configs), report=report)]
    if not detach:
        from tui.cli.headless import conduct  # here, as --help should not wait for it

        conduct(requests, output)
        return
    from tui.cli.detach import start_detached
    from tui.cli.headless import check_names

    check_names([configs], None)
    started = start_detached(DRIVE, requests)
    if output.json:
        say_json(started)
    else:
        say(started["run"])
    if not (output.json or output.quiet):
        more = f", then {len(configs) - 1} more" if len(configs) > 1 else ""
        attach = hint(configs[0].artifacts, "attach", started["run"])
        complain(f"running in the background{more}; {attach} shows it")


@app.command(DRIVE, hidden=True)
def drive() -> None:
    """Drive the runs that standard input describes; announce the first on standard output."""
    from tui.cli.detach import Announcement
    from tui.cli.headless import conduct

    try:
        requests = from_json(sys.stdin.read() if sys.stdin else "")
    except ValueError as error:
        raise EngineError(f"Standard input holds no runs to drive ({error}).") from None
    conduct(requests, Output(quiet=True), listen=Announcement())
