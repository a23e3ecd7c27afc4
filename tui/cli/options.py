"""Command-line options made from the dataclasses that they fill.

A command takes a whole dataclass (``config: TrainConfig``); ``expand`` turns its option fields into
typer options, each with its environment variable, and passes the command the dataclass.
"""

import dataclasses
import difflib
import inspect
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import typer

from engine.config import DATASETS
from engine.errors import UsageError
from engine.options import Option, flag, option, options_of, several_of
from tui import ascii, images
from tui.cli.completion import one_of, one_of_or_file, run_ids, training_ids
from tui.commands import FOR_TESTS, PREFIX, environment_variable

AsAscii = Annotated[
    bool,
    typer.Option(
        "--ascii", help="Use plain ASCII characters only.", envvar=ascii.VARIABLE,
        show_envvar=False,
    ),
]  # fmt: skip
HowImages = Annotated[
    Literal["auto", "cells", "kitty", "ascii"] | None,
    typer.Option(
        "--images", envvar=images.VARIABLE, show_envvar=False,
        help="How to draw images: in character cells, real pixels (kitty, Ghostty) or ASCII.",
    ),
]  # fmt: skip
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Trust = Annotated[
    bool,
    typer.Option(
        "--trust", help="Allow network code (model.py) that has not been run here before."
    ),
]
RunName = Annotated[
    str,
    typer.Argument(
        metavar="RUN", help="A run's id, or the beginning or end of it.", autocompletion=run_ids
    ),
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Where:
    """Where runs are."""

    artifacts: str = option("artifacts", "Folder of run directories.", path=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Output:
    """What a command prints."""

    json: bool = option(False, "Print the events as JSON, one object per line, and nothing else.")
    quiet: bool = option(False, "Print only results and errors.")
    debug: bool = option(False, "Show tracebacks of errors.")


def expand(command: Callable[..., None]) -> Callable[..., None]:
    """Replace each dataclass parameter of a command by that dataclass's options.

    A field that is also a parameter of the command is left out.
    """
    own = inspect.signature(command, eval_str=True).parameters
    groups = {name: p.annotation for name, p in own.items() if _has_options(p.annotation)}
    parameters = [p for name, p in own.items() if name not in groups]
    for group in groups.values():
        parameters += [p for p in option_parameters(group) if p.name not in own]

    def expanded(**values: Any) -> None:
        built = {}
        for name, group in groups.items():
            fields = [field for field in options_of(group) if field not in own]
            built[name] = group(**{field: values.pop(field) for field in fields})
        command(**values, **built)

    expanded.__name__, expanded.__doc__ = command.__name__, command.__doc__
    return laid_out(expanded, parameters)


def laid_out(
    command: Callable[..., None], parameters: Iterable[inspect.Parameter]
) -> Callable[..., None]:
    """Return a function of ``**values`` with the signature that typer is to read."""
    keywords = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters]
    signed: Any = command  # a function's type has no __signature__, which inspect looks for
    signed.__signature__ = inspect.Signature(keywords)
    signed.__annotations__ = {p.name: p.annotation for p in keywords}
    return command


def refuse_options_before(context: typer.Context) -> None:
    """Refuse options given before a subcommand, which would never see them.

    Raises UsageError.
    """
    if context.invoked_subcommand is None:
        return
    name, command = context.invoked_subcommand, _command(context)
    for parameter in command.params:
        if _source(context, parameter.name) == "COMMANDLINE":
            given = parameter.opts[0]
            if given not in set(_flags(command.commands[name])):
                raise UsageError(f"{name} has no {given}; leave it out.")
            raise UsageError(f"Give {given} after {name}, not before it.")


def _command(context: typer.Context) -> Any:
    """Return the command of a context, whose class is not the same in all versions of typer."""
    return context.command


def _flags(command: Any) -> Iterator[str]:
    """Yield the spellings of a command's parameters and of those of its subcommands."""
    for parameter in command.params:
        yield from parameter.opts
    for inner in getattr(command, "commands", {}).values():
        yield from _flags(inner)


def said(context: typer.Context) -> set[str]:
    """Return the names of the options set on the command line or in the environment."""
    given = ("COMMANDLINE", "ENVIRONMENT")
    return {name for name in context.params if _source(context, name) in given}


def source_of(error: Exception) -> str:
    """Return the environment variable that a refused value came from, "" for the command line."""
    context, parameter = getattr(error, "ctx", None), getattr(error, "param", None)
    if context is None or parameter is None:
        return ""
    return str(parameter.envvar) if _source(context, parameter.name) == "ENVIRONMENT" else ""


def _source(context: typer.Context, name: str) -> str:
    source = context.get_parameter_source(name)
    return source.name if source is not None else ""


def doubtful_variables(context: typer.Context) -> Iterator[str]:
    """Yield a line about each MNIST_TUI_ variable that sets no option."""
    ours = [n for n in os.environ if n.startswith(PREFIX) and not n.startswith(FOR_TESTS)]
    if not ours:  # every command would have to be looked at
        return
    known = {name.removeprefix(PREFIX) for name in _variables(_command(context))}
    for name in sorted(ours):
        rest = name.removeprefix(PREFIX)
        if rest not in known:
            near = difflib.get_close_matches(rest, known, 1)
            meant = f"; did you mean {PREFIX}{near[0]}?" if near else "."
            yield f"{name} sets no option{meant}"


def _variables(command: Any) -> Iterator[str]:
    for parameter in command.params:
        if parameter.envvar:
            yield parameter.envvar
    for inner in getattr(command, "commands", {}).values():
        yield from _variables(inner)


def _has_options(annotation: Any) -> bool:
    return isinstance(annotation, type) and dataclasses.is_dataclass(annotation)


def option_parameters(group: type) -> list[inspect.Parameter]:
    """Return a typer option for each option of a dataclass."""
    hints = get_type_hints(group)
    defaults = {item.name: item.default for item in dataclasses.fields(group)}
    by_recipe = _by_recipe(group)
    parameters = []
    for name, rules in options_of(group).items():
        # The config says what is wrong with what is neither a choice nor a file.
        closed = rules.choices and not rules.ending
        kind = Literal.__getitem__(rules.choices) if closed else hints[name]
        declaration = typer.Option(
            flag(name),
            help=rules.help,
            envvar=environment_variable(name),
            show_envvar=False,
            show_default=by_recipe.get(name, True),
            metavar="|".join((*rules.choices, f"FILE{rules.ending}")) if rules.ending else None,
            autocompletion=_completion(name, rules),
            callback=_at_home if rules.path else None,
        )
        parameters.append(
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=defaults[name],
                annotation=Annotated[kind, declaration],
            )
        )
    return parameters


def _by_recipe(group: type) -> dict[str, str]:
    """Return the defaults that recipes set, by option, in words; MNIST's where datasets differ."""
    recipe = options_of(group).get("recipe")
    if recipe is None:
        return {}
    found = {}
    values = [[group(recipe=one, dataset=each).defaults for one in recipe.choices]
              for each in DATASETS]  # fmt: skip
    for name in options_of(group):
        usual, *others = ([by.get(name) for by in each] for each in values)
        if usual[0] is not None:
            pairs = zip(recipe.choices, usual, strict=True)
            each = [f"{one} {value}" for one, value in pairs]
            words = ", ".join(each) if len(set(usual)) > 1 else str(usual[0])
            found[name] = words if all(one == usual for one in others) else f"MNIST: {words}"
    return found


def _completion(name: str, rules: Option) -> Callable[..., list[str]] | None:
    if rules.ending:
        return one_of_or_file(rules.choices, rules.ending)
    return training_ids if name == "run" else None


def _at_home(context: typer.Context, parameter: typer.CallbackParam, value: Any) -> Any:
    """Return a path, its ``~`` expanded where no shell has done so: in the environment."""
    if value is not None and _source(context, parameter.name or "") == "ENVIRONMENT":
        return os.path.expanduser(value)
    return value


def repeated_options(group: type) -> dict[str, tuple[str, Option]]:
    """Return the options that can be repeated by name, each with its field and rules."""
    spread = {name: rules for name, rules in options_of(group).items() if rules.spread}
    return {
        rules.one or name: (name, rules) for name, rules in (spread | several_of(group)).items()
    }


def repeated_parameters(group: type) -> list[inspect.Parameter]:
    """Return a typer option for each option that can be repeated; None means none is given."""
    hints = get_type_hints(group)
    parameters = []
    for name, (field, rules) in repeated_options(group).items():
        kind = str if rules.spread else _element(hints[field])
        declaration = typer.Option(
            f"--{name}",
            help=f"{rules.help.rstrip('.')}; can be repeated.",
            envvar=environment_variable(name),
            show_envvar=False,
            autocompletion=one_of(rules.choices or rules.offered),
        )
        parameters.append(
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=None,
                annotation=Annotated[_list_of(kind) | None, declaration],
            )
        )
    return parameters


def element_of(group: type, field: str) -> type | None:
    """Return the type of what a field of several values holds, None for another field."""
    if field not in several_of(group):
        return None
    return _element(get_type_hints(group)[field])


def _list_of(kind: type) -> Any:
    return list.__class_getitem__(kind)


def _element(annotation: Any) -> type:
    """Return the type of what a field of several values holds: ``tuple[int, ...] | None``."""
    several = [part for part in (annotation, *get_args(annotation)) if get_origin(part) is tuple]
    kind: type = get_args(several[0])[0]
    return kind
