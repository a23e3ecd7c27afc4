"""Configs as text: option values parsed from it, and the command line that does the same."""

import dataclasses
import shlex
from collections.abc import Sequence
from typing import Any, get_args, get_type_hints

from engine.config import RunConfig
from engine.errors import UsageError
from engine.networks.architectures import ARCHITECTURES, CLASSES
from engine.options import flag, options_of
from engine.sections.adversarial.config import AdversarialConfig
from engine.sections.train.config import TrainConfig
from engine.sections.visualize.config import VisualizeConfig

PREFIX = "MNIST_TUI_"
FOR_TESTS = PREFIX + "TEST_"


def environment_variable(name: str) -> str:
    """Return an option's environment variable: ``MNIST_TUI_BATCH_SIZE``."""
    return PREFIX + name.upper()


def read_value(kind: type, name: str, text: str) -> Any:
    """Parse an option's value as the type of its field; "" gives the default.

    Raises UsageError if the text is not of that type; the config checks ranges.
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
        return types[0](text)
    except (ValueError, KeyError):
        words = {int: "a whole number", float: "a number", bool: "true or false"}[types[0]]
        raise UsageError(f"{flag(name)} must be {words}, not {text!r}.") from None


def command_line(configs: Sequence[RunConfig]) -> str:
    """Return the command line that starts these configs, which differ only in their model."""
    first = configs[0]
    words = ["mnist-tui", "run", first.section]
    for name, values in _choices(configs).items():
        words += [word for value in values for word in (f"--{name}", str(value))]
    defaults = {item.name: item.default for item in dataclasses.fields(first)}
    for name in options_of(first):
        value = getattr(first, name)
        if name == "model" or value == defaults[name]:
            continue
        words += [flag(name)] if value is True else [flag(name), str(value)]
    return shlex.join(words)


def chosen_words(commands: Sequence[Sequence[RunConfig]]) -> str:
    """Return in words what was chosen: models, targets, or layers and neurons."""
    parts = []
    for configs in commands:
        match configs[0]:
            case TrainConfig():
                parts += [config.title for config in configs]
            case AdversarialConfig(labels=labels):
                numbers = ", ".join(map(str, labels))
                parts.append("all targets" if len(labels) == CLASSES else f"target {numbers}")
            case VisualizeConfig(layers=layers, neurons=neurons):
                names = ", ".join(layers or ("all layers",))
                parts.append(f"{names} {', '.join(map(str, neurons))}" if neurons else names)
    return ", ".join(parts)


def _choices(configs: Sequence[RunConfig]) -> dict[str, Sequence[Any]]:
    """Return the values of options that can be repeated; none means all."""
    match configs[0]:
        case TrainConfig():
            models = [config.model for config in configs if isinstance(config, TrainConfig)]
            return {"model": models if len(models) < len(ARCHITECTURES) else ()}
        case AdversarialConfig(labels=labels):
            return {"label": labels if len(labels) < CLASSES else ()}
        case VisualizeConfig(layers=layers, neurons=neurons):
            return {"layer": layers or (), "neuron": neurons or ()}
    raise TypeError(type(configs[0]).__name__)
