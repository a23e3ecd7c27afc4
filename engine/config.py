"""What a run is asked to do: one frozen dataclass per section, and the recipes.

A field made by ``option`` is one that people may set. Its metadata is the only place where its
help, range and choices are written: the command line, the environment variables and the app's
edit form are made from it. A field without it belongs to the recipe or to the machine alone. None
means "as the recipe says"; ``resolve`` fills it in. Whoever builds a config, from a file too, has
every field checked by ``__post_init__``: its type by the annotation, its value by the metadata.
"""

import dataclasses
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from engine.errors import EngineError, UsageError
from engine.networks.architectures import (
    ARCHITECTURES,
    BEST_MODEL,
    CLASSES,
    LAYERS,
    NEURONS,
    Neuron,
)
from engine.options import check_type, check_value, short

DATASETS = ("auto", "mnist", "digits")
RECIPES = ("assignment", "tuned")
PRECISIONS = ("auto", "fp32", "bf16")


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """What there is to know of a field that people may set."""

    help: str
    low: float = -math.inf
    high: float = math.inf
    above: float = -math.inf  # a low end that is itself not allowed
    choices: tuple[str, ...] = ()


def option(default: Any, help: str, **rules: Any) -> Any:
    """Return a dataclass field that people may set; ``rules`` are those of ``Option``."""
    return field(default=default, metadata={"option": Option(help=help, **rules)})


def unasked(**rules: Any) -> Any:
    """Return a dataclass field that the recipe or the machine sets, None before; has ``rules``."""
    return field(default=None, metadata={"rules": Option(help="", **rules)})


def options_of(config: "type[RunConfig] | RunConfig") -> dict[str, Option]:
    """Return the options of a config by field name, in order of definition."""
    return {
        item.name: item.metadata["option"]
        for item in dataclasses.fields(config)
        if "option" in item.metadata
    }


def flag(name: str) -> str:
    """Return a field's spelling on the command line: ``batch_size`` is ``--batch-size``.

    An option that may be repeated is named for one of its values: ``labels`` is ``--label``.
    """
    one = {"labels": "label", "layers": "layer", "neurons": "neuron"}
    return "--" + one.get(name, name).replace("_", "-")


@dataclass(frozen=True, kw_only=True, slots=True)
class RunConfig:
    """What every section shares.

    Raises UsageError where a value is wrong by itself.
    """

    section: ClassVar[str]

    dataset: str = option("auto", "Images to work on.", choices=DATASETS)
    data_root: str | None = option(
        None, "Folder that holds MNIST/raw/; the only place looked in when given."
    )
    data_found: str | None = None  # the folder where MNIST was found
    offline: bool = option(False, "Never download anything.")
    artifacts: str = option("artifacts", "Folder that run directories go to.")
    device: str = option("auto", "auto, cpu, cuda or cuda:N.")
    precision: str = option(
        "auto",
        "Arithmetic of the inner loops; auto takes bf16 where the hardware has it.",
        choices=PRECISIONS,
    )
    threads: int | None = option(
        None, "CPU threads; all that this process may use by default.", low=1, high=1024
    )
    seed: int = option(0, "Seed of everything random.", low=0, high=2**31 - 1)
    deterministic: bool = option(
        False, "On a GPU, the same bits each time where torch can, if slower; a CPU's always are."
    )

    def __post_init__(self) -> None:
        for item in dataclasses.fields(self):
            value = getattr(self, item.name)
            if isinstance(value, list):  # as JSON has tuples
                value = tuple(value)
                object.__setattr__(self, item.name, value)
            check_type(flag(item.name), value, item.type)
            rules = item.metadata.get("option") or item.metadata.get("rules")
            if rules is not None:
                check_value(flag(item.name), value, rules)

    def to_json(self) -> dict[str, Any]:
        """Return every field as plain JSON values."""
        values = dataclasses.asdict(self)
        return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Build a config from ``to_json``'s values; unknown keys (of a later version) are left."""
        if not isinstance(values, Mapping):
            raise UsageError(f"A config must be an object by name, not {short(values)}.")
        known = {item.name for item in dataclasses.fields(cls)}
        return cls(**{name: value for name, value in values.items() if name in known})

    @property
    def title(self) -> str:
        """What the run is, in a word or two."""
        raise NotImplementedError

    @property
    def defaults(self) -> dict[str, Any]:
        """The recipe's values, for the dataset where that matters."""
        raise NotImplementedError

    def resolve(self, **found: Any) -> Self:
        """Return the config with nothing left open.

        ``found`` is what the machine decided (dataset, device ...); the recipe fills in what
        nobody chose, and paths become absolute.
        """
        config = dataclasses.replace(self, **found)
        open_fields = {k: v for k, v in config.defaults.items() if getattr(config, k) is None}
        paths = {
            name: os.path.abspath(getattr(config, name))
            for name in ("artifacts", "data_root")
            if getattr(config, name) is not None
        }
        return dataclasses.replace(config, **open_fields, **paths)


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainConfig(RunConfig):
    """Training one classifier (report, section 1)."""

    section: ClassVar[str] = "train"

    model: str = option(BEST_MODEL, "Network to train.", choices=tuple(ARCHITECTURES))
    recipe: str = option(
        "assignment", "assignment: the report's settings; tuned: our best.", choices=RECIPES
    )
    epochs: int | None = option(None, "Passes over the training images.", low=1, high=10_000)
    batch_size: int | None = option(None, "Images per step.", low=1, high=60_000)
    learning_rate: float | None = option(
        None, "Learning rate (its peak, where the recipe has a schedule).", above=0, high=100
    )
    momentum: float | None = option(None, "Momentum of SGD.", low=0, high=0.9999)
    l2: float | None = option(
        None,
        "L2 penalty as Keras defines it: l2·Σw² over the weights, biases left out "
        "(PyTorch's weight_decay is twice this).",
        low=0,
        high=100,
    )
    validation_interval: int | None = option(
        None, "Steps between two validations.", low=1, high=1_000_000
    )
    schedule: str | None = unasked(choices=("constant", "one-cycle"))
    nesterov: bool | None = None
    augmentation: str | None = unasked(choices=("none", "affine"))

    @property
    def title(self) -> str:
        """What the run is, in a word or two."""
        return self.model

    @property
    def defaults(self) -> dict[str, Any]:
        """The recipe's values, for the dataset where that matters."""
        return _TRAIN_RECIPES[self.recipe] | _OF_DATASET.get((self.dataset, self.recipe), {})

    def steps_per_epoch(self, images: int) -> int:
        """Steps in one pass over ``images`` training images; a smaller last batch counts."""
        return math.ceil(images / self.batch_size)

    def total_steps(self, images: int) -> int:
        """Steps of the whole run over ``images`` training images."""
        return self.epochs * self.steps_per_epoch(images)


# "assignment": assignment.md, section 1 (batch 128, 5 epochs, SGD 0.01 with momentum 0.9, λ 0.01).
_TRAIN_RECIPES: dict[str, dict[str, Any]] = {
    "assignment": {
        "epochs": 5,
        "batch_size": 128,
        "learning_rate": 0.01,
        "momentum": 0.9,
        "l2": 0.01,
        "validation_interval": 10,
        "schedule": "constant",
        "nesterov": False,
        "augmentation": "none",
    },
    "tuned": {
        "epochs": 5,
        "batch_size": 128,
        "learning_rate": 0.2,
        "momentum": 0.9,
        "l2": 5e-5,
        "validation_interval": 10,
        "schedule": "one-cycle",
        "nesterov": True,
        "augmentation": "affine",
    },
}


# What a dataset needs otherwise. The digits' 1,260 training images are 10 steps an epoch at batch
# 128. From a learning rate of 0.1 on, which MNIST bears, some seeds of theirs end at chance: 0.02
# keeps well away from that, and the smaller batch makes up for its steps.
_OF_DATASET: dict[tuple[str, str], dict[str, Any]] = {
    ("digits", "assignment"): {"epochs": 40},
    ("digits", "tuned"): {"epochs": 40, "batch_size": 64, "learning_rate": 0.02},
}


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkConfig(RunConfig):
    """What the two sections share that look at a network which was trained before."""

    run: str | None = option(
        None, "Trained run to take the network from; the newest two-conv-fc run by default."
    )
    recipe: str = option(
        "tuned", "assignment: the report's rule; tuned: our best.", choices=RECIPES
    )
    steps: int | None = option(None, "Steps to take.", low=1, high=100_000)
    model: str | None = unasked(choices=tuple(ARCHITECTURES))  # the network of ``run``
    other_runs: dict[str, str] | None = None  # runs of the other models, by model

    @property
    def title(self) -> str:
        """What the run is, in a word or two."""
        return self.model or BEST_MODEL


@dataclass(frozen=True, kw_only=True, slots=True)
class AdversarialConfig(NetworkConfig):
    """One universal noise image per target label (report, section 2)."""

    section: ClassVar[str] = "adversarial"

    labels: tuple[int, ...] = tuple(range(CLASSES))
    epsilon: float | None = option(
        None, "L∞ budget: no pixel of a noise is further from zero; none by default.", low=0, high=1
    )
    batch_size: int | None = unasked(low=1)

    def __post_init__(self) -> None:
        NetworkConfig.__post_init__(self)
        if not self.labels:
            raise UsageError("--label must be given at least once, or not at all for every label.")
        object.__setattr__(self, "labels", _numbers("--label", self.labels, CLASSES))

    @property
    def defaults(self) -> dict[str, Any]:
        """The recipe's values."""
        return {"steps": 100, "batch_size": 128}


@dataclass(frozen=True, kw_only=True, slots=True)
class VisualizeConfig(NetworkConfig):
    """Images that excite single neurons (report, section 3)."""

    section: ClassVar[str] = "visualize"

    layers: tuple[str, ...] | None = None  # of LAYERS; None is all that the network has
    neurons: tuple[int, ...] | None = None  # of each layer; None is all

    def __post_init__(self) -> None:
        NetworkConfig.__post_init__(self)
        if self.layers is not None:
            layers = tuple(dict.fromkeys(self.layers))
            for layer in layers:
                check_value("--layer", layer, Option(help="", choices=LAYERS))
            object.__setattr__(self, "layers", layers)
        if self.neurons is not None:
            for layer in self.layers or LAYERS:
                _numbers(f"--neuron of {layer}", self.neurons, NEURONS[layer])
            object.__setattr__(self, "neurons", tuple(dict.fromkeys(self.neurons)))

    @property
    def defaults(self) -> dict[str, Any]:
        """The recipe's values, and the layers that the network has."""
        has = ARCHITECTURES[self.model].layers
        return {"steps": 100, "layers": tuple(layer for layer in LAYERS if layer in has)}

    @property
    def targets(self) -> list[Neuron]:
        """The neurons asked for, layer by layer; the model must be known.

        Raises EngineError where a layer was chosen that the network lacks.
        """
        has = ARCHITECTURES[self.model].layers
        for layer in self.layers or ():
            if layer not in has:
                raise EngineError(f"{self.model} has no {layer}; its layers are {', '.join(has)}.")
        return [
            Neuron(layer, index)
            for layer in self.layers or (layer for layer in LAYERS if layer in has)
            for index in (self.neurons or range(NEURONS[layer]))
        ]


def _numbers(name: str, chosen: Iterable[int], count: int) -> tuple[int, ...]:
    """Return the distinct numbers chosen; raise UsageError unless all are in 0..count-1."""
    for number in chosen:
        if not 0 <= number < count:
            raise UsageError(f"{name} must be between 0 and {count - 1}, not {number}.")
    return tuple(dict.fromkeys(chosen))


SECTIONS: dict[str, type[RunConfig]] = {
    config.section: config for config in (TrainConfig, AdversarialConfig, VisualizeConfig)
}
