"""Command-line options made from the dataclasses that they fill.

A command takes a whole dataclass (``config: TrainConfig``); ``expand`` lays its option fields out
as typer options, each with its environment variable, and hands the command the built dataclass.
"""

import dataclasses
import difflib
import inspect
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_type_hints

import typer

from engine.config import flag, option, options_of
from engine.errors import UsageError
from tui.cli.completion import training_ids
from tui.commands import FOR_TESTS, PREFIX, environment_variable

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for a program.")]


@dataclass(frozen=True, kw_only=True, slots=True)
class Output:
    """How a command talks."""

    json: bool = option(False, "Print the events, one JSON object a line, and nothing else.")
    quiet: bool = option(False, "Say nothing but results and errors.")
    debug: bool = option(False, "Show a traceback with an error.")


def expand(command: Callable[..., None]) -> Callable[..., None]:
    """Replace each dataclass parameter of a command by that dataclass's options.

    A field that the command itself takes as a parameter is left to it.
    """
    own = inspect.signature(command, eval_str=True).parameters
    groups = {name: p.annotation for name, p in own.items() if _has_options(p.annotation)}
    parameters = [p for name, p in own.items() if name not in groups]
    for group in groups.values():
        parameters += [p for p in _parameters(group) if p.name not in own]

    def expanded(**values: Any) -> None:
        built = {}
        for name, group in groups.items():
            fields = [field for field in options_of(group) if field not in own]
            built[name] = group(**{field: values.pop(field) for field in fields})
        command(**values, **built)

    keywords = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters]
    laid_out: Any = expanded  # a function's type has no __signature__, which inspect looks for
    laid_out.__signature__ = inspect.Signature(keywords)
    laid_out.__name__, laid_out.__doc__ = command.__name__, command.__doc__
    laid_out.__annotations__ = {p.name: p.annotation for p in parameters}
    return expanded


def refuse_options_before(context: typer.Context) -> None:
    """Refuse options that stand before a subcommand: it would not hear of them.

    Raises UsageError.
    """
    if context.invoked_subcommand is None:
        return
    name, command = context.invoked_subcommand, _command(context)
    heard = set(_flags(command.commands[name]))
    for parameter in command.params:
        if _source(context, parameter.name) == "COMMANDLINE":
            given = parameter.opts[0]
            if given not in heard:
                raise UsageError(f"{name} has no {given}; leave it out.")
            raise UsageError(f"Give {given} after {name}, not before it.")


def _command(context: typer.Context) -> Any:
    """Return the command of a context, whose class is not the same in all versions of typer."""
    return context.command


def _flags(command: Any) -> Iterator[str]:
    """Yield the spellings of a command's parameters, those of its subcommands with them."""
    for parameter in command.params:
        yield from parameter.opts
    for inner in getattr(command, "commands", {}).values():
        yield from _flags(inner)


def said(context: typer.Context) -> set[str]:
    """Return the names of the options that the command line or the environment gives."""
    given = ("COMMANDLINE", "ENVIRONMENT")
    return {name for name in context.params if _source(context, name) in given}


def source_of(error: Exception) -> str:
    """Return the variable that a value which typer refuses came from, "" for the command line."""
    context, parameter = getattr(error, "ctx", None), getattr(error, "param", None)
    if context is None or parameter is None:
        return ""
    return str(parameter.envvar) if _source(context, parameter.name) == "ENVIRONMENT" else ""


def _source(context: typer.Context, name: str) -> str:
    source = context.get_parameter_source(name)
    return source.name if source is not None else ""


def doubtful_variables(context: typer.Context) -> Iterator[str]:
    """Yield a line about each MNIST_TUI_ variable that no option of the program listens to."""
    known = {name.removeprefix(PREFIX) for name in _variables(_command(context))}
    for name in sorted(os.environ):
        rest = name.removeprefix(PREFIX)
        if name.startswith(PREFIX) and not name.startswith(FOR_TESTS) and rest not in known:
            near = difflib.get_close_matches(rest, known, 1)
            meant = f"; did you mean {PREFIX}{near[0]}?" if near else "."
            yield f"no option is set by {name}{meant}"


def _variables(command: Any) -> Iterator[str]:
    for parameter in command.params:
        if parameter.envvar:
            yield parameter.envvar
    for inner in getattr(command, "commands", {}).values():
        yield from _variables(inner)


def _has_options(annotation: Any) -> bool:
    return isinstance(annotation, type) and dataclasses.is_dataclass(annotation)


def _parameters(group: type) -> list[inspect.Parameter]:
    hints = get_type_hints(group)
    defaults = {item.name: item.default for item in dataclasses.fields(group)}
    parameters = []
    for name, rules in options_of(group).items():
        kind = Literal.__getitem__(rules.choices) if rules.choices else hints[name]
        declaration = typer.Option(
            flag(name),
            help=rules.help,
            envvar=environment_variable(name),
            show_envvar=False,
            autocompletion=training_ids if name == "run" else None,
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
