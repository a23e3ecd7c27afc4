"""What the files of a run must hold, as types: whoever reads them can build on all of it.

``check_run``, ``check_result`` and ``check_queue`` raise Unsound, in a few words, where values
read from JSON are something else. The values themselves are handed on as they are, and what a later
version has added to them is left in peace.
"""

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import msgspec
from msgspec import Meta

from engine.config import (
    SECTIONS,
    AdversarialConfig,
    NetworkConfig,
    RunConfig,
    VisualizeConfig,
)
from engine.errors import EngineError, Unsound, UsageError
from engine.files.reader import is_id
from engine.networks.architectures import ARCHITECTURES, CLASSES, EXEMPLARS, LAYERS, NEURONS

SAMPLES = 16
# The files that a run leaves and that its hashes may be of; nothing else is opened for them.
HASHED = (
    "config", "weights.pt", "noise.npy", "images.npy", "events.jsonl", "result.json", "answers.npz",
    "model.py",
)  # fmt: skip
MAY_BE_NULL = ("data_root", "data_found", "threads", "epsilon", "neurons", "other_runs")
ADDED_LATER = ("data_found", "offline", "deterministic", "augmentation")  # not in the first runs

Count = Annotated[int, Meta(ge=0, lt=2**53)]
Positive = Annotated[int, Meta(ge=1, lt=2**53)]
Fraction = Annotated[float, Meta(ge=0, le=1)]
Size = Annotated[float, Meta(ge=0, le=1e30)]
Real = Annotated[float, Meta(ge=-1e300, le=1e300)] | None  # None: it was not finite
Digit = Annotated[int, Meta(ge=0, lt=CLASSES)]
Id = Annotated[str, Meta(pattern=r"^(?!\.{1,2}\Z)[^/\\\x00]{1,255}\Z")]
Name = Annotated[str, Meta(min_length=1, max_length=200)]  # short enough for a line
Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Moment = Annotated[datetime, Meta(tz=True)]
Model = Literal[*ARCHITECTURES]
Layer = Literal[*LAYERS]
Section = Literal[*SECTIONS]
Status = Literal["running", "stopped", "finished", "failed"]


class DatasetValues(TypedDict):
    """``dataset`` of run.json and of a Started."""

    name: Name
    sha256: Digest
    train: Positive
    validation: Positive
    test: Positive


class EnvironmentValues(TypedDict):
    """``environment`` of run.json and of a Started."""

    device: Name
    device_name: Name
    precision: Name
    threads: Positive | None
    versions: dict[Name, Name]


class RunValues(TypedDict):
    """run.json; its config is checked by the section's own class."""

    schema: Literal[1, 2]
    run_id: Id
    section: Section
    status: Status
    config: dict[str, Any]
    dataset: DatasetValues
    environment: EnvironmentValues
    environments: NotRequired[Annotated[list[EnvironmentValues], Meta(min_length=1)]]
    command: str
    companions: NotRequired[list[Id]]
    message: NotRequired[str]
    started_at: Moment
    finished_at: Moment | None
    sha256: NotRequired[dict[Literal[*HASHED], Digest]]
    sweep: NotRequired[Id | None]
    model_file: NotRequired[Digest | None]


class Judged(TypedDict):
    """How a network did on a part of the dataset."""

    accuracy: Fraction
    loss: Real
    n: Positive


class Sample(TypedDict):
    """One of the test images that are shown."""

    index: Count
    label: Digit
    prediction: Digit
    probability: Fraction | None


class TrainFigures(TypedDict):
    """Of a training."""

    model: Model
    parameters: Positive
    test: Judged
    validation: Judged
    samples: Annotated[list[Sample], Meta(min_length=SAMPLES, max_length=SAMPLES)]
    confusion: Annotated[
        list[Annotated[list[Count], Meta(min_length=CLASSES, max_length=CLASSES)]],
        Meta(min_length=CLASSES, max_length=CLASSES),
    ]


class Success(TypedDict):
    """A rate with its interval."""

    rate: Fraction
    low: Fraction
    high: Fraction
    n: Positive


class Distortion(TypedDict):
    """How far a noise moves images."""

    linf: Size
    l2: Size
    effective_linf: Size
    effective_l2: Size


class Target(TypedDict):
    """One noise."""

    label: Digit
    epsilon: Fraction | None
    success: Success
    by_source: Annotated[list[Fraction | None], Meta(min_length=CLASSES, max_length=CLASSES)]
    distortion: Distortion
    random_noise_success: Fraction
    transfer: dict[Model, Fraction]


class AdversarialFigures(TypedDict):
    """Of noises."""

    model_run: Id
    transfer_runs: dict[Model, Id]
    model: Model
    clean_accuracy: Fraction
    targets: list[Target]


class NeuronFigures(TypedDict):
    """One neuron."""

    layer: Layer
    index: Count
    position: Annotated[list[Count], Meta(min_length=2, max_length=2)] | None
    activation_start: Real
    activation_end: Real
    activation_clamped: NotRequired[Real]
    percentile: Fraction
    dead: bool
    restarts: Count
    receptive_field: Annotated[list[Count], Meta(min_length=2, max_length=2)]
    top_test_images: Annotated[list[Count], Meta(min_length=EXEMPLARS, max_length=EXEMPLARS)]
    read_as: NotRequired[dict[Id, Digit]]


class VisualizeFigures(TypedDict):
    """Of neurons."""

    model_run: Id
    model: Model
    neurons: list[NeuronFigures]


class Times(TypedDict):
    """What result.json has beside the figures."""

    seconds: Size
    images_per_second: NotRequired[Size]


class BatchValues(TypedDict):
    """What waits behind a run, of one command line."""

    command: str
    runs: list[Id]
    configs: list[dict[str, Any]]
    report: NotRequired[bool]


_FIGURES = {
    "train": TrainFigures,
    "adversarial": AdversarialFigures,
    "visualize": VisualizeFigures,
}


def check(values: Any, kind: Any) -> Any:
    """Return values as a type has them. Raises Unsound unless they are of that type."""
    try:
        return msgspec.convert(values, kind, strict=True)
    except msgspec.ValidationError as error:
        raise Unsound(_words(str(error))) from None


def check_run(values: dict[str, Any]) -> None:
    """Check what run.json holds."""
    check(values, RunValues)
    check_config(values["section"], values["config"])


def check_config(section: str, values: Mapping[str, Any], *, resolved: bool = True) -> RunConfig:
    """Check a config that JSON holds and return it; a resolved one has nothing left open."""
    try:
        config = SECTIONS[section].from_json(dict(values))
    except UsageError as error:
        raise Unsound(f"config: {error}".rstrip(".")) from None
    if resolved:
        _check_resolved(config, values)
    return config


def _check_resolved(config: RunConfig, values: Mapping[str, Any]) -> None:
    for name in (field.name for field in dataclasses.fields(config)):
        if name not in values:
            if name not in ADDED_LATER:
                raise Unsound(f"config: there is no {name}")
        elif values[name] is None and name not in MAY_BE_NULL:
            raise Unsound(f"config: {name} is null")
    if config.dataset == "auto":
        raise Unsound("config: dataset is still open")
    if isinstance(config, NetworkConfig):
        if config.model not in ARCHITECTURES:
            raise Unsound(f"config: there is no model {config.model!r}")
        others = config.other_runs or {}
        if not all(map(is_id, (config.run, *others.values()))) or set(others) - set(ARCHITECTURES):
            raise Unsound("config: run and other_runs must be ids of runs, by model")
        try:
            if not rows_of(config):
                raise Unsound("config: nothing was asked for")
        except EngineError as error:
            raise Unsound(f"config: {error}".rstrip(".")) from None


def rows_of(config: RunConfig) -> int:
    """Return how many noises or neurons a run makes; a training makes none."""
    match config:
        case AdversarialConfig():
            return len(config.labels)
        case VisualizeConfig():
            return len(config.targets)
    return 0


def check_result(values: dict[str, Any], section: str, config: Mapping[str, Any]) -> None:
    """Check what result.json holds of a run of that section with that config, as JSON."""
    check(values, Times)
    if section == "train" and "images_per_second" not in values:
        raise Unsound("images_per_second is missing")
    check_figures(values, section, config)


def check_figures(values: Mapping[str, Any], section: str, config: Mapping[str, Any]) -> None:
    """Check the figures of a finished run of that section with that config, as JSON."""
    check(values, _FIGURES[section])
    if section == "train":
        return
    asked = check_config(section, config)
    if isinstance(asked, AdversarialConfig):
        _check_targets(values, asked)
    elif isinstance(asked, VisualizeConfig):
        _check_neurons(values["neurons"], asked)


def _check_targets(values: Mapping[str, Any], config: AdversarialConfig) -> None:
    others = set(values["transfer_runs"])
    if [target["label"] for target in values["targets"]] != list(config.labels):
        raise Unsound("targets: other labels than those of the config")
    for number, target in enumerate(values["targets"]):
        if set(target["transfer"]) != others:
            raise Unsound(f"targets[{number}].transfer: other models than in transfer_runs")
        if all(rate is None for rate in target["by_source"]):
            raise Unsound(f"targets[{number}].by_source: no rate at all")


def _check_neurons(neurons: list[dict[str, Any]], config: VisualizeConfig) -> None:
    wanted = [(neuron.layer, neuron.index) for neuron in config.targets]
    if [(neuron["layer"], neuron["index"]) for neuron in neurons] != wanted:
        raise Unsound("neurons: others than those of the config")
    readers = set((config.other_runs or {}).values())
    for layer in NEURONS:
        readings = [neuron.get("read_as") for neuron in neurons if neuron["layer"] == layer]
        told = [set(reading) for reading in readings if reading is not None]
        if told and (len(told) < len(readings) or any(one != readers for one in told)):
            raise Unsound(f"neurons: read_as of {layer} is not by the config's other_runs")


def check_queue(values: Any) -> list[list[RunConfig]]:
    """Check what a queue holds and return its configs, batch by batch."""
    batches = check(values, list[BatchValues])
    return [[_queued(config) for config in batch["configs"]] for batch in batches]


def _queued(values: dict[str, Any]) -> RunConfig:
    if not isinstance(section := values.get("section"), str) or section not in SECTIONS:
        raise Unsound("configs: one is of no section")
    return check_config(section, values, resolved=False)


def numbers(*shape: int | None) -> Any:
    """Return the type of nested lists of that shape that hold numbers, or null for NaN.

    None is an extent that may be anything.
    """
    return _nested("number", shape)


def fractions(*shape: int | None) -> Any:
    """Return the type of nested lists of that shape that hold shares, or null for NaN."""
    return _nested("fraction", shape)


def digits(*shape: int | None) -> Any:
    """Return the type of nested lists of that shape that hold classes."""
    return _nested("digit", shape)


_ITEMS: dict[str, Any] = {
    "number": Annotated[float, Meta(ge=-3.5e38, le=3.5e38)] | None,  # a float32's range
    "fraction": Annotated[float, Meta(ge=0, le=1.001)] | None,  # a mean may be rounded up
    "digit": Digit,
}


@cache
def _nested(item: str, shape: tuple[int | None, ...]) -> Any:
    kind = _ITEMS[item]
    for extent in reversed(shape):
        kind = list[kind]
        if extent is not None:
            kind = Annotated[kind, Meta(min_length=extent, max_length=extent)]
    return kind


def _words(error: str) -> str:
    """Return msgspec's words with the place first, of what is foreign the beginning only."""
    what, _, place = error.replace("`", "").rpartition(" - at ")
    what, place = (what, place.removeprefix("$").removeprefix(".")) if what else (place, "")
    if "matching regex" in what:
        what = "of another form"
    what = what if len(what) <= 120 else what[:117] + "..."
    return f"{place[:80]}: {what[:1].lower()}{what[1:]}" if place else what[:1].lower() + what[1:]
