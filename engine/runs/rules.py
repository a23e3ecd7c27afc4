"""What the lines of a journal must be: names, shapes and ranges are those of such a run.

The first line says what the run is, and each later one is checked against it: steps do not fall,
and nothing is counted twice. No torch in here.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import msgspec
import numpy as np
from msgspec import Meta

from engine import sections
from engine.config import RunConfig
from engine.errors import Unsound
from engine.files.numbers import array_of, numbers_of
from engine.files.reader import check_depth
from engine.files.reader import from_json as strict_json
from engine.files.values import Count, Id, Name, Positive, check
from engine.runs.events import Checkpoint, Event, Finished, Preview, Progress, Started, from_json
from engine.runs.schema import (
    DatasetValues,
    EnvironmentValues,
    check_config,
    check_dataset,
    check_results,
    rows_of,
    side_of,
)
from engine.sections.section import PreviewRules

Time = Annotated[float, Meta(ge=0, le=1e11)]  # seconds since 1970, some 3,000 years of them
Brightness = Annotated[float, Meta(ge=-1e9, le=1e9)] | None
FLOAT32 = 3.4028235e38  # the largest, as its shortest decimal
Measured = Annotated[float, Meta(ge=-FLOAT32, le=FLOAT32)] | None  # null for NaN


class _Line(TypedDict):
    """The fields of every line."""

    event: str
    time: Time
    step: Count


class _StartedLine(_Line):
    """The first line; its config is checked by the section's own class."""

    run: Id
    section: Name
    title: Name
    steps: Positive
    dataset: DatasetValues
    environment: EnvironmentValues


class _ProgressLine(msgspec.Struct, gc=False):
    """A Progress; its shapes depend on the run."""

    event: Literal["progress"]
    time: Time
    step: Count
    series: dict[str, list[Measured | list[Measured]]]
    values: dict[str, Measured | list[Measured]] = {}


class _CheckpointLine(msgspec.Struct, gc=False):
    """A Checkpoint."""

    event: Literal["checkpoint"]
    time: Time
    step: Count


# How most lines of a long journal begin: they are parsed and checked in one go.
_PROGRESS, _CHECKPOINT = b'{"event":"progress"', b'{"event":"checkpoint"'
_PREVIEW = re.compile(
    rb'\{"event":"preview","step":\d+,"time":[\d.]+,"name":"(\w+)","images":null,'
)
_parse_progress = msgspec.json.Decoder(_ProgressLine).decode
_parse_checkpoint = msgspec.json.Decoder(_CheckpointLine).decode


def started_of(line: Any, config: RunConfig) -> Started:
    """Return the Started in a first line. Raises Unsound if it is anything else."""
    event = from_json(line)
    if not isinstance(event, Started):
        raise Unsound(f"{event.kind}, not started")
    check_depth(line)
    check(line, _StartedLine)
    own = check_config(event.section, event.config)
    if event.step != 0:
        raise Unsound("it is not at step 0")
    if _shape_of(own) != _shape_of(config):
        raise Unsound("it is of another run than run.json")
    check_dataset(event.dataset, config)
    return event


def _shape_of(config: RunConfig) -> tuple[Any, ...]:
    """Return the part of a config that decides the shape of its journal."""
    decisive = sections.find(config.section).decisive
    return config.section, *(getattr(config, name) for name in decisive)


def _check_value(name: str, value: Any, kind: Any) -> None:
    try:
        check(value, kind)
    except Unsound as error:
        raise Unsound(f"{name}: {error}") from None


def _check_shares(name: str, values: Any) -> None:
    """Raise Unsound unless values lie between 0 and 1, or are not known (NaN)."""
    if isinstance(values, float):
        low = high = values
    else:
        low, high = np.fmin.reduce(values, None), np.fmax.reduce(values, None)
    if low < 0 or high > 1.001:  # a mean may be above one by a rounding
        raise Unsound(f"{name}: not shares")


def _parser_of_answers(name: str, rules: PreviewRules) -> Callable[[bytes], Any]:
    """Return a parser of lines that ``_PREVIEW`` begins; others of their values are ignored."""
    optional = {name: NotRequired[kind] for name, kind in rules.optional.items()}
    values = TypedDict("Values", {**rules.needed, **optional})  # type: ignore[misc]
    fields = [
        ("event", Literal["preview"]), ("time", Time), ("step", Count), ("name", str),
        ("images", None), ("values", values),
    ]  # fmt: skip
    return msgspec.json.Decoder(msgspec.defstruct("Answers", fields, gc=False)).decode


class Rules:
    """The rules for the lines after a Started, and how far they have got."""

    def __init__(self, started: Started) -> None:
        self.steps = started.steps
        self.section, self.asked = sections.find(started.section), started.config
        config = check_config(started.section, self.asked)
        self.rows = rows_of(config)
        self.side = side_of(config)
        self.previews = self.section.previews(config)
        self.row = (self.rows,) if self.rows else ()  # what is measured at a step
        self.step = 0  # of the last line
        self.measured = 0  # the step up to which there are series
        self.shapes: dict[str, tuple[int, ...]] = {}  # of each curve, at one step
        self.shown: dict[str, int] = {}  # how many images the previews of a name have
        self._parsers: dict[str, Callable[[bytes], Any]] = {}

    def event(self, content: bytes, place: int | None) -> Event:
        """Return the event of a later line. Raises Unsound where it is damaged."""
        with suppress(msgspec.MsgspecError, UnicodeError):  # what is wrong is said below
            if content.startswith(_PROGRESS):
                return self._progress(_parse_progress(content), place)
            if content.startswith(_CHECKPOINT):
                return self._checkpoint(_parse_checkpoint(content), place)
            if (beginning := _PREVIEW.match(content)) is not None:
                name = beginning[1].decode()
                if name in self.previews and name in self.shown:
                    return self._answers(self._parser_of(name)(content), place)
        line = strict_json(content)
        if isinstance(line, dict) and line.get("event") == Progress.kind:
            return self._progress(check(line, _ProgressLine), place)
        check(line, _Line)
        event = from_json(line, place)
        if isinstance(event, Started):
            raise Unsound("a second start")
        if isinstance(event, Checkpoint):
            return self._checkpoint(check(line, _CheckpointLine), place)
        self._check_step(event.step)
        match event:
            case Preview():
                self._check_preview(event, line)
            case Finished():
                check_results(event.results, self.section.name, self.asked)
                _check_value("images_seen", event.images_seen, Count | None)
        self.step = event.step
        return event

    def _parser_of(self, name: str) -> Callable[[bytes], Any]:
        """Return what parses the previews of a name that have answers and no images."""
        if name not in self._parsers:
            self._parsers[name] = _parser_of_answers(name, self.previews[name])
        return self._parsers[name]

    def _answers(self, line: Any, place: int | None) -> Preview:
        """Return a preview without images, whose values are known to be sound."""
        self._check_step(line.step)
        self.step = line.step
        values = {name: numbers_of(value) for name, value in line.values.items()}
        return Preview(step=line.step, time=line.time, place=place, name=line.name, values=values)

    def _checkpoint(self, line: _CheckpointLine, place: int | None) -> Checkpoint:
        # It is written when the checkpoint is on disk, which may be some steps later.
        if line.step > self.step:
            self._check_step(line.step)
            self.step = line.step
        return Checkpoint(step=line.step, time=line.time, place=place)

    def _check_step(self, step: int) -> None:
        if not self.step <= step <= self.steps:
            raise Unsound(f"step {step} after step {self.step} of {self.steps}")

    def _progress(self, line: _ProgressLine, place: int | None) -> Progress:
        self._check_step(line.step)
        known, unusual = self.shapes, False  # what is as in earlier lines was checked with those
        series: dict[str, np.ndarray] = {}
        count = line.step - self.measured
        for name, rows in line.series.items():
            one = series[name] = array_of(rows)
            if not 0 < len(one) <= count or (
                series and len(one) != len(next(iter(series.values())))
            ):
                raise Unsound("other series than one row a step")
            unusual = unusual or known.get(name) != one.shape[1:]
        if not series or any(name not in series for name in self.section.series):
            raise Unsound("a series is missing")
        values: dict[str, Any] = {}
        for name, value in line.values.items():
            if name in series:
                raise Unsound(f"{name}: not a value a step")
            if isinstance(value, float):
                unusual = unusual or known.get(name) != ()
            else:
                value = numbers_of(value)
                unusual = unusual or known.get(name) != np.shape(value)
            values[name] = value
        if unusual:
            self._learn_shapes(series, values)
        for name in self.section.shares:
            if name in values or name in series:
                _check_shares(name, values[name] if name in values else series[name])
        self.step = self.measured = line.step
        return Progress(step=line.step, time=line.time, place=place, series=series, values=values)

    def _learn_shapes(self, series: Mapping[str, np.ndarray], values: Mapping[str, Any]) -> None:
        """Check what is measured for the first time, and that nothing has another shape now."""
        shapes = {name: rows.shape[1:] for name, rows in series.items()}
        shapes |= {name: np.shape(value) for name, value in values.items()}
        for name, one in shapes.items():
            if one not in ((), self.row):
                raise Unsound(f"{name}: of shape {list(one)} at a step")
            if name in self.section.series and one != self.row:
                raise Unsound(f"{name}: not one value a row")
            if name in self.section.scalars and name not in series and one:
                raise Unsound(f"{name}: not one value a step")
            if self.shapes.get(name, one) != one:
                raise Unsound(f"{name}: of another shape than before")
        self.shapes |= shapes

    def _check_preview(self, event: Preview, line: Mapping[str, Any]) -> None:
        rules = self.previews.get(event.name)
        if event.images is None:
            count = self.shown.get(event.name)
            if count is None:
                raise Unsound(f"{event.name}: no images yet")
        else:
            count = len(event.images)
            if event.images.shape != (count, self.side, self.side):
                raise Unsound(f"{event.name}: images of shape {list(event.images.shape)}")
            if line["images"]["shape"] != list(event.images.shape):
                raise Unsound(f"{event.name}: a shape that is left open")
            if not count or self.shown.get(event.name, count) != count:
                raise Unsound(f"{event.name}: {count} images")
            for end in ("low", "high"):
                _check_value(end, line["images"][end], Brightness)
        if (under := self.section.shown_on.get(event.name)) is not None and under not in self.shown:
            raise Unsound(f"{event.name}: before what it is shown on")
        if rules is not None:  # else it is of a later version
            if count != rules.images:
                raise Unsound(f"{event.name}: {count} images, not {rules.images}")
            values = line.get("values", {})
            for name, kind in rules.needed.items():
                _check_value(name, values.get(name), kind)
            for name in rules.optional.keys() & values.keys():
                _check_value(name, values[name], rules.optional[name])
        self.shown[event.name] = count
