"""Options: fields of a config that people may set, and what their values may be.

A field made by ``option`` is one that people may set. Its metadata is the only place where its
help, range and choices are written: the command line, the environment variables and the app's
edit form are made from it. A field made by ``several`` holds values that are chosen one by one, by
repeating an option. A field made by ``unasked`` belongs to the recipe or to the machine alone.
``check_fields`` raises a UsageError where a value is not of its field's type, which the annotation
gives, or breaks its rules.
"""

import dataclasses
import math
import reprlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from types import NoneType, UnionType
from typing import Any, get_args, get_origin

from engine.errors import UsageError

_KINDS = {str: "plain text", bool: "true or false", int: "a whole number", float: "a number",
          tuple[int, ...]: "whole numbers", tuple[str, ...]: "names",
          dict[str, str]: "ids of runs by model", dict[str, Any]: "an object"}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """All about a field that people may set."""

    help: str
    low: float = -math.inf
    high: float = math.inf
    above: float = -math.inf  # a low end that is itself not allowed
    choices: tuple[str, ...] = ()
    offered: tuple[str, ...] = ()  # what a shell completes to, where there may be others too
    one: str = ""  # of a field that ``several`` made: what a single value is called
    spread: bool = False  # several values on a command line make several runs, one of each
    whole: tuple[str, ...] = ()  # then, those that are meant where none is chosen
    added: bool = False  # runs of the first versions do not have it
    path: bool = False  # it names a file or a folder
    ending: str = ""  # of files that are taken beside ``choices``
    words: str = ""  # a pattern of the words that the app takes for it; ``help`` names them


# Field functions return Any, as those of dataclasses do: the annotation gives the type.
def option(default: Any, help: str, **rules: Any) -> Any:
    """Return a dataclass field that people may set; ``rules`` are those of ``Option``."""
    return field(default=default, metadata={"option": Option(help=help, **rules)})


def several(one: str, default: Any, help: str, **rules: Any) -> Any:
    """Return a field that holds a tuple: people choose values one by one, each called ``one``."""
    return field(default=default, metadata={"several": Option(help=help, one=one, **rules)})


def unasked(**rules: Any) -> Any:
    """Return a field that the recipe or the machine sets, None before; ``rules`` as above."""
    return field(default=None, metadata={"rules": Option(help="", **rules)})


Config = Any  # a dataclass, or its class; their module imports this one


def options_of(config: Config) -> dict[str, Option]:
    """Return the options of a config by field name, in order of definition."""
    return _with(config, "option")


def several_of(config: Config) -> dict[str, Option]:
    """Return the fields that hold several values by name, in order of definition."""
    return _with(config, "several")


def rules_of(config: Config) -> dict[str, Option]:
    """Return the rules of fields that have more than a type, by name."""
    return _with(config, "option", "several", "rules")


def _with(config: Config, *keys: str) -> dict[str, Option]:
    """Return fields' metadata under one of these keys, from their own class or one above it.

    A subclass may narrow a field's type, and need not say the rest again.
    """
    return dict(_found(config if isinstance(config, type) else type(config), keys))


@cache  # a list of a thousand runs checks as many configs
def _found(kind: type, keys: tuple[str, ...]) -> dict[str, Option]:
    found: dict[str, Option] = {}
    for item in dataclasses.fields(kind):
        for above in kind.__mro__:
            known = above.__dict__.get("__dataclass_fields__", {}).get(item.name)
            one = known and next(
                (known.metadata[key] for key in keys if key in known.metadata), None
            )
            if one is not None:
                found[item.name] = one
                break
    return found


def flag(name: str, rules: Option | None = None) -> str:
    """Return a field's spelling on the command line: ``batch_size`` is ``--batch-size``.

    A field of several values is named for one of them: ``labels`` is ``--label``.
    """
    return "--" + ((rules and rules.one) or name).replace("_", "-")


def check_fields(config: Config) -> None:
    """Raise UsageError unless every field of a config has its type and follows its rules.

    Lists, which JSON has instead of tuples, become tuples.
    """
    whole: Config = type(config)
    for attribute, spelling, kind, rules in _fields_of(whole):
        value = getattr(config, attribute)
        if isinstance(value, list):
            value = tuple(value)
            object.__setattr__(config, attribute, value)
        _check_type(spelling, value, kind)
        if rules is not None:
            for one in value if isinstance(value, tuple) else (value,):
                _check_value(spelling, one, rules)


@cache
def _fields_of(kind: Config) -> tuple[tuple[str, str, Any, Option | None], ...]:
    """Return name, flag, type and rules of each field."""
    known = rules_of(kind)
    return tuple(
        (item.name, flag(item.name, known.get(item.name)), item.type, known.get(item.name))
        for item in dataclasses.fields(kind)
    )


_SHORTENER = reprlib.Repr()
_SHORTENER.maxstring = _SHORTENER.maxother = 60


def short(value: object) -> str:
    """Return a value as Python writes it, cut to what fits in a line."""
    return _SHORTENER.repr(value)


def _check_type(name: str, value: object, kind: Any) -> None:
    if not _is_of(value, kind):
        [words] = [_KINDS[one] for one in _kinds(kind) if one is not NoneType]
        raise UsageError(f"{name} must be {words}, not {short(value)}.")


def _kinds(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) is UnionType else (kind,)


def _is_of(value: object, kind: Any) -> bool:
    if get_origin(kind) is UnionType:
        return any(_is_of(value, one) for one in get_args(kind))
    if get_origin(kind) is tuple:
        return isinstance(value, tuple) and all(_is_of(one, get_args(kind)[0]) for one in value)
    if get_origin(kind) is dict:
        _, kind = get_args(kind)
        return isinstance(value, dict) and all(
            _is_of(name, str) and (kind is Any or _is_of(one, kind)) for name, one in value.items()
        )
    if isinstance(value, bool):  # which Python counts among the numbers
        return kind is bool
    if kind is float:
        return isinstance(value, (int, float))
    return isinstance(value, kind) and (not isinstance(value, str) or _is_plain(value))


def _is_plain(text: str) -> bool:
    """Tell whether text can be a path and be written to a file: it must encode as UTF-8."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def check_choice(name: str, value: object, choices: Sequence[str], ending: str = "") -> None:
    """Raise UsageError unless a value is one of the choices, or a file that ends so."""
    if value in choices or (ending and isinstance(value, str) and value.endswith(ending)):
        return
    words = ", ".join(choices) + (f" or a file that ends in {ending}" if ending else "")
    raise UsageError(f"{name} must be one of {words}, not {short(value)}.")


def _check_value(name: str, value: object, rules: Option) -> None:
    if value is None:
        return
    if rules.choices and value not in rules.choices:
        check_choice(name, value, rules.choices, rules.ending)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return
    if isinstance(value, float) and not math.isfinite(value):
        raise UsageError(f"{name} must be a finite number, not {short(value)}.")
    if value < rules.low:
        raise UsageError(f"{name} must be at least {rules.low}, not {short(value)}.")
    if value <= rules.above:
        raise UsageError(f"{name} must be above {rules.above}, not {short(value)}.")
    if value > rules.high:
        raise UsageError(f"{name} must be at most {rules.high}, not {short(value)}.")
