"""``mnist-tui sweep run ...``: what a sweep is asked to do, from options or from a file."""

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import typer

from engine import sections
from engine.config import RunConfig
from engine.errors import MnistTuiError, UsageError
from engine.networks.architectures import ARCHITECTURES
from engine.options import flag, options_of, short
from engine.sweeps.atlas import spec as atlas_spec
from engine.sweeps.spec import ALL, Setting, Spec, asked_by, field_of, seeds_of
from tui.cli.generated import MadeCommands
from tui.cli.options import (
    Output,
    element_of,
    laid_out,
    option_parameters,
    repeated_options,
    repeated_parameters,
    said,
)
from tui.cli.sweep.asked import NETWORKS, SWITCHES, Asked, How, taken_from
from tui.commands import read_value


class Sweeps(MadeCommands):
    """A command for each section, for all of them, and for any file that ends in ``.toml``."""

    def made(self) -> dict[str, Any]:
        """Return a command for each section, for the report and for the atlas."""
        made = {name: _command_of(name, sections.find(name).about) for name in sections.names()}
        made[ALL] = _command_of(ALL, "Reproduce the whole report, once for each seed.")
        made[atlas_spec.NAME] = _command_of("adversarial", atlas_spec.ABOUT, atlas=True)
        return made

    def get_command(self, ctx: Any, name: str) -> Any:
        """Return the command of that name, or the one that reads the file of that name."""
        if name.endswith(".toml"):
            return _file_command(name)
        return super().get_command(ctx, name)


app = typer.Typer(
    cls=Sweeps,
    help="Plan a sweep of a section, of the whole report (all), or of FILE.toml, and run it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def _command_of(section: str, about: str, *, atlas: bool = False) -> Any:
    """Return the command that sweeps a section; it takes the options of the section's ``run``."""
    asked = asked_by(section)
    repeated = repeated_options(asked)

    def command(**values: Any) -> None:
        extra = taken_from(values)
        grid: dict[str, tuple[Any, ...]] = dict(atlas_spec.GRID) if atlas else {}
        for name, (of, rules) in repeated.items():
            chosen = values.pop(name)
            if rules.spread and chosen and len(chosen) > 1:
                grid[of] = tuple(dict.fromkeys(chosen))
            elif chosen:
                values[of] = chosen[0] if rules.spread else tuple(chosen)
        asked(**values)  # what is wrong with these options is said before anything is planned
        for text in extra.set_ or ():
            of, taken = _axis(asked, text)
            if of in grid and not (atlas and of in atlas_spec.GRID):
                raise UsageError(f"{flag(of)} is given its values twice.")
            grid[of] = taken
        values = {name: value for name, value in values.items() if name not in grid}
        seeds = seeds_of(extra.seeds) if extra.seeds is not None else (0, 1, 2)[: 3 if atlas else 1]
        networks = tuple(dict.fromkeys(extra.networks or ()))
        if atlas and not networks and values.get("run") is None and "run" not in grid:
            networks = tuple(ARCHITECTURES)
        name = extra.name or (atlas_spec.NAME if atlas else section)
        as_it_is = atlas and atlas_spec.GRID.items() <= grid.items()
        spec = Spec(
            section=section, name=name, options=values, grid=grid, seeds=seeds, networks=networks,
            conditions=(atlas_spec.ONCE,) if as_it_is else (),
        )  # fmt: skip
        _go(spec, extra)

    looks = section != ALL and sections.find(section).needs_network
    first = [*repeated_parameters(asked), *([NETWORKS] if looks else [])]
    return _alone(atlas_spec.NAME if atlas else section, about, command, asked, first)


def _file_command(path: str) -> Any:
    """Return the command that runs the sweep of a file; options given win over the file's."""

    from engine.sweeps.file import read_spec

    def command(context: typer.Context, **values: Any) -> None:
        extra = taken_from(values)
        spec = read_spec(Path(path).expanduser())
        given = {name: value for name, value in values.items() if name in said(context)}
        grid = dict(spec.grid) | dict(_axis(asked, text) for text in extra.set_ or ())
        spec = replace(
            spec,
            name=extra.name or spec.name,
            options=_at_home(asked, spec.options) | given,
            grid={name: taken for name, taken in grid.items() if name not in given},
            listed=tuple(_without(given, one) for one in spec.listed),
            drawn=spec.drawn and replace(spec.drawn, options=_without(given, spec.drawn.options)),
            seeds=seeds_of(extra.seeds) if extra.seeds is not None else spec.seeds,
        )
        _go(spec, extra)

    context = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    try:
        asked = read_spec(Path(path).expanduser()).asked
    except MnistTuiError:  # said when the command is run
        asked = RunConfig
    return _alone(path, "", command, asked, [context])


def _without(given: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in given}


def _at_home(asked: type[RunConfig], options: Setting) -> Setting:
    """Return a file's options; their paths may begin with ``~``, which no shell has read."""
    paths = {name for name, rules in options_of(asked).items() if rules.path}
    return {
        name: os.path.expanduser(value) if name in paths and isinstance(value, str) else value
        for name, value in options.items()
    }


def _alone(
    name: str,
    about: str,
    command: Callable[..., None],
    asked: type[RunConfig],
    first: Sequence[inspect.Parameter],
) -> Any:
    kind = inspect.Parameter.KEYWORD_ONLY
    spread = {of for of, rules in options_of(asked).items() if rules.spread}
    parameters = [
        *first,
        *(
            inspect.Parameter(word, kind, default=default, annotation=annotation)
            for word, (annotation, default) in SWITCHES.items()
        ),
        *option_parameters(How),
        *(p for p in option_parameters(asked) if p.name not in spread and p.name != "seed"),
        *option_parameters(Output),
    ]
    alone = typer.Typer(add_completion=False, rich_markup_mode=None)
    alone.command(name, help=about)(laid_out(command, parameters))
    return typer.main.get_command(alone)


def _axis(asked: type[RunConfig], text: str) -> tuple[str, tuple[Any, ...]]:
    """Return the option that ``--set NAME=V,V`` names, and its values. Raises UsageError."""
    name, equals, values = text.partition("=")
    of = field_of(asked, name.strip())
    if not equals or not name.strip() or not values.strip():
        raise UsageError(f"--set must be like learning_rate=0.01,0.03, not {short(text)}.")
    words = [word.strip() for word in values.split(",")]  # "none" is an option that is left open
    if of == "seed":
        raise UsageError("Use --seeds 0..9.")
    taken: list[Any] = []
    for word in words:
        if (element := element_of(asked, of)) is not None:
            try:
                taken.append((element(word),))
            except ValueError:
                raise UsageError(f"{name} must be a whole number, not {short(word)}.") from None
        elif of in options_of(asked):
            taken.append(read_value(asked, of, "" if word == "none" else word))
        else:
            raise UsageError(f"There is no option {short(name)}; see `--help`.")
    return of, tuple(dict.fromkeys(taken))


def _go(spec: Spec, asked: Asked) -> None:
    """Plan a sweep and run it, here or elsewhere, or only say what it would do."""
    from tui.cli.sweep.drive import begin  # here, as --help should not wait for it

    if asked.print_ and asked.how.executor != "slurm":
        raise UsageError("--print is for --executor slurm.")
    if asked.how.address is not None and asked.how.executor != "ray":
        raise UsageError("--address is for --executor ray.")
    if asked.how.executor != "slurm" and (asked.how.sbatch or asked.how.array_limit):
        raise UsageError("--sbatch and --array-limit are for --executor slurm.")
    if asked.how.sbatch is not None:
        from engine.sweeps.executors.slurm.script import check_options

        check_options(asked.how.sbatch)
    begin(spec, asked)
