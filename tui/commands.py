"""Configs as text: option values parsed from it, and the command line that does the same."""

import dataclasses
import os
import re
import shlex
from collections.abc import Sequence
from typing import Any, get_args, get_type_hints

from engine.config import RunConfig
from engine.errors import UsageError
from engine.options import flag, options_of, several_of, short

PREFIX = "MNIST_TUI_"
FOR_TESTS = PREFIX + "TEST_"


def environment_variable(name: str) -> str:
    """Return an option's environment variable: ``MNIST_TUI_BATCH_SIZE``."""
    return PREFIX + name.upper()


def read_value(kind: type, name: str, text: str) -> Any:
    """Parse an option's value as the type of its field; "" gives the default.

    A path's ``~`` is the home folder: no shell has read it. Raises UsageError if the text is not of
    that type; the config checks ranges.
    """
    default = next(item.default for item in dataclasses.fields(kind) if item.name == name)
    if not text.strip():
        return default
    wanted = get_type_hints(kind)[name]
    types = [part for part in (get_args(wanted) or (wanted,)) if part is not type(None)]
    text = text.strip()
    try:
        if types == [bool]:
            return {"true": True, "yes": True, "false": False, "no": False}[text.lower()]
        rules = options_of(kind)[name]
        if rules.path:
            return os.path.expanduser(text)
        if rules.words and not re.fullmatch(rules.words, text, re.ASCII):
            raise UsageError(f"{flag(name)} must be {rules.help.rstrip('.')}, not {short(text)}.")
        return types[0](text)
    except (ValueError, KeyError):
        words = {int: "a whole number", float: "a number", bool: "true or false"}[types[0]]
        raise UsageError(f"{flag(name)} must be {words}, not {text!r}.") from None


def command_line(configs: Sequence[RunConfig]) -> str:
    """Return the command line that starts these configs, which differ only in their model."""
    first = configs[0]
    defaults: dict[str, Any] = {item.name: item.default for item in dataclasses.fields(first)}
    words, rest = ["mnist-tui", "run", first.section], []
    for name, rules in options_of(first).items():
        if rules.spread:
            values = [getattr(config, name) for config in configs]
            if set(values) != set(rules.whole):
                words += [word for value in values for word in (flag(name), str(value))]
        elif (value := getattr(first, name)) != defaults[name]:
            rest += [flag(name)] if value is True else [flag(name), str(value)]
    for name, rules in several_of(first).items():
        values = list(getattr(first, name) or ())
        if set(values) != set(defaults[name] or ()):
            words += [word for value in values for word in (flag(name, rules), str(value))]
    return shlex.join([*words, *rest])


def chosen_words(commands: Sequence[Sequence[RunConfig]]) -> str:
    """Return in words what was chosen: models, targets, or layers and neurons."""
    return ", ".join(config.chosen for configs in commands for config in configs)
