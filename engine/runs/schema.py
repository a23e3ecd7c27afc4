"""What the files of a run must hold, so that readers can rely on all of it.

``check_run``, ``check_result`` and ``check_queue`` raise Unsound, in a few words, where values
read from JSON are invalid. The values themselves are returned as they are; anything that a later
version has added is ignored. What is special to a section is for the section to check.
"""

import dataclasses
from collections.abc import Mapping
from types import NoneType
from typing import Annotated, Any, Literal, NotRequired, TypedDict, get_args

from msgspec import Meta

from engine import sections
from engine.config import RunConfig
from engine.data.classes import DIGITS
from engine.errors import EngineError, Unsound, UsageError
from engine.files.values import CLASS_COUNTS, SIDES, Digest, Id, Moment, Name, Positive, Size, check
from engine.options import rules_of

RUN_FILE, JOURNAL_FILE, RESULT_FILE = "run.json", "events.jsonl", "result.json"
ANSWERS_FILE = "answers.npz"
MODEL_FILE = "model.py"  # what a network of one's own is made by
# What the hashes of any run may be of, beside its section's files; nothing else is opened for them.
HASHED = ("config", JOURNAL_FILE, RESULT_FILE, MODEL_FILE)

ClassName = Annotated[str, Meta(min_length=1, max_length=40)]
ClassNames = Annotated[
    list[ClassName], Meta(min_length=CLASS_COUNTS[0], max_length=CLASS_COUNTS[1])
]
Side = Annotated[int, Meta(ge=SIDES[0], le=SIDES[1])]
Status = Literal["running", "stopped", "finished", "failed"]


class DatasetValues(TypedDict):
    """``dataset`` of run.json and of a Started."""

    name: Name
    sha256: Digest
    train: Positive
    validation: Positive
    test: Positive
    classes: NotRequired[ClassNames]
    image: NotRequired[Annotated[list[Side], Meta(min_length=2, max_length=2)]]  # height, width


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
    section: Name
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
    sha256: NotRequired[dict[Name, Digest]]
    sweep: NotRequired[Id | None]
    model_file: NotRequired[Digest | None]


class Times(TypedDict):
    """The times in result.json."""

    seconds: Size
    images_per_second: NotRequired[Size]


class RequestValues(TypedDict):
    """The part of a queue that one command line asked for."""

    command: str
    runs: list[Id]
    configs: list[dict[str, Any]]
    report: NotRequired[bool]


def check_run(values: dict[str, Any]) -> None:
    """Check what run.json holds."""
    check(values, RunValues)
    section = find_section(values["section"])
    for name in values.get("sha256", ()):
        if name not in (*HASHED, *section.files):
            raise Unsound(f"sha256: {name!r} is not a file of such a run")
    check_dataset(values["dataset"], check_config(section.name, values["config"]))


def check_dataset(dataset: Mapping[str, Any], config: RunConfig) -> None:
    """Check that a dataset has the classes and the images that a run's config is for."""
    if (found := len(dataset.get("classes", DIGITS))) != config.classes:
        raise Unsound(f"dataset: {found} classes, and config has {config.classes}")
    if (image := dataset.get("image", [config.side] * 2)) != [config.side] * 2:
        raise Unsound(f"dataset: images of {image}, and config has side {config.side}")


def rests_on(info: Mapping[str, Any]) -> list[str]:
    """Return what the result of a finished run rests on: the names that it keeps hashes of."""
    kept = [MODEL_FILE] if info.get("model_file") else []
    return ["config", JOURNAL_FILE, RESULT_FILE, *find_section(info["section"]).files, *kept]


def find_section(name: Any) -> sections.AnySection:
    """Return a section that a file names. Raises Unsound where there is none."""
    try:
        return sections.find(name)
    except UsageError as error:
        raise Unsound(f"section: {error}".rstrip(".")) from None


def check_config(section: str, values: Mapping[str, Any]) -> RunConfig:
    """Check a resolved config that JSON holds and return it."""
    found = find_section(section)
    config = _built(found.config, values)
    try:
        found.check_config(config)
    except (EngineError, Unsound) as error:
        raise Unsound(f"config: {error}".rstrip(".")) from None
    return config


def _built(kind: type[RunConfig], values: Mapping[str, Any]) -> RunConfig:
    """Return a config that has every field, of which none is open."""
    rules = rules_of(kind)
    for item in dataclasses.fields(kind):
        if item.name not in values:
            if item.name not in rules or not rules[item.name].added:
                raise Unsound(f"config: there is no {item.name}")
        elif values[item.name] is None and NoneType not in get_args(item.type):
            raise Unsound(f"config: {item.name} is null")
    if values["dataset"] == "auto":
        raise Unsound("config: dataset is still open")
    return _config(kind, values)


def _config(kind: type[RunConfig], values: Mapping[str, Any]) -> RunConfig:
    try:
        return kind.from_json(values)
    except UsageError as error:
        raise Unsound(f"config: {error}".rstrip(".")) from None


def rows_of(config: RunConfig) -> int:
    """Return how many noises or neurons a run makes; a training makes none."""
    return sections.find(config.section).rows(config)


def side_of(config: RunConfig) -> int:
    """Return how many pixels high and wide a run's images are."""
    assert config.side is not None  # a resolved config has it
    return config.side


def check_result(values: dict[str, Any], section: str, config: Mapping[str, Any]) -> None:
    """Check what result.json holds of a run of that section with that config, as JSON."""
    check(values, Times)
    if find_section(section).trains and "images_per_second" not in values:
        raise Unsound("images_per_second is missing")
    check_results(values, section, config)


def check_results(values: Mapping[str, Any], section: str, config: Mapping[str, Any]) -> None:
    """Check the results of a finished run of that section with that config, as JSON."""
    found = find_section(section)
    check(values, found.results)
    found.check_results(values, check_config(section, config))


def check_queue(values: Any) -> list[list[RunConfig]]:
    """Check what a queue holds and return its configs, request by request."""
    requests = check(values, list[RequestValues])
    return [[_queued(config) for config in request["configs"]] for request in requests]


def _queued(values: dict[str, Any]) -> RunConfig:
    return _config(find_section(values.get("section")).asked, values)
