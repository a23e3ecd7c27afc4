"""Journals: their writer, and one parser for whole journals and growing ones.

The first line says what the run is, and each later one is checked against it: names, shapes and
ranges are those of such a run, steps do not fall, and nothing is counted twice. A later line that
is damaged is skipped and counted. No torch in here.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, NotRequired, TypedDict

import numpy as np
from msgspec import Meta

from engine import sections
from engine.config import RunConfig
from engine.errors import Unsound
from engine.files.reader import DamagedFile, check_depth
from engine.files.reader import from_json as strict_json
from engine.files.values import Count, Id, Name, Positive, check
from engine.files.writer import open_file
from engine.networks.architectures import IMAGE_SIZE
from engine.runs.events import (
    Checkpoint,
    Event,
    Finished,
    Preview,
    Progress,
    Started,
    from_json,
    to_json,
)
from engine.runs.schema import (
    JOURNAL_FILE,
    DatasetValues,
    EnvironmentValues,
    check_config,
    check_results,
    rows_of,
)

Time = Annotated[float, Meta(ge=0, le=1e11)]  # seconds since 1970, some 3,000 years of them
Brightness = Annotated[float, Meta(ge=-1e9, le=1e9)] | None
Measured = Annotated[float, Meta(ge=-3.5e38, le=3.5e38)] | None  # a float32, null for NaN


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


class _ProgressLine(_Line):
    """A Progress; its shapes depend on the run."""

    series: dict[str, list[Measured | list[Measured]]]
    values: NotRequired[dict[str, Measured | list[Measured]]]


class JournalParser:
    """Turns a journal's lines into events. ``damaged`` counts those that were skipped."""

    def __init__(self, path: str | os.PathLike[str], config: Callable[[], RunConfig]) -> None:
        """``config`` returns the config in run.json, which the journal must match."""
        self.damaged = 0
        self._path = path
        self._config = config
        self._rules: _Rules | None = None

    def event(self, line: bytes) -> Event | None:
        """Return the event of a line, None where it is damaged.

        Raises DamagedFile where the first one is no sound Started.
        """
        try:
            if self._rules is not None:
                return self._rules.event(strict_json(line))
            started = _started(strict_json(line), self._config())
        except Unsound as error:
            if self._rules is None:
                raise DamagedFile(self._path, f"its first line: {error}") from None
            self.damaged += 1
            return None
        self._rules = _Rules(started)
        return started


class StoredEvents(Iterator[Event]):
    """The events of a journal that is read from its start. ``damaged`` counts skipped lines.

    A last line that was cut is no damage.
    """

    def __init__(self, lines: Iterable[bytes], parser: JournalParser) -> None:
        self._lines = iter(lines)
        self._parser = parser

    @property
    def damaged(self) -> int:
        """The number of lines skipped so far."""
        return self._parser.damaged

    def __next__(self) -> Event:
        for line in self._lines:
            if not line.endswith(b"\n"):
                break  # being written, or cut
            if (event := self._parser.event(line)) is not None:
                return event
        raise StopIteration


def _started(line: Any, config: RunConfig) -> Started:
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


class _Rules:
    """The rules for the lines after a Started, and how far they have got."""

    def __init__(self, started: Started) -> None:
        self.steps = started.steps
        self.section, self.asked = sections.find(started.section), started.config
        self.rows = rows_of(check_config(started.section, self.asked))
        self.previews = self.section.previews(self.rows)
        self.row = (self.rows,) if self.rows else ()  # what is measured at a step
        self.step = 0  # of the last line
        self.measured = 0  # the step up to which there are series
        self.shapes: dict[str, tuple[int, ...]] = {}  # of each curve, at one step
        self.shown: dict[str, int] = {}  # how many images the previews of a name have

    def event(self, line: Any) -> Event:
        """Return the event of a later line. Raises Unsound where it is damaged."""
        measures = isinstance(line, dict) and line.get("event") == Progress.kind
        check(line, _ProgressLine if measures else _Line)
        event = from_json(line)
        if isinstance(event, Started):
            raise Unsound("a second start")
        # The line about a checkpoint is written when that is, which may be some steps later.
        if event.step > self.steps or (event.step < self.step and event.kind != Checkpoint.kind):
            raise Unsound(f"step {event.step} after step {self.step} of {self.steps}")
        match event:
            case Progress():
                self._check_progress(event)
            case Preview():
                self._check_preview(event, line)
            case Finished():
                check_results(event.results, self.section.name, self.asked)
                _check_value("images_seen", event.images_seen, Count | None)
        self.step = max(self.step, event.step)
        return event

    def _check_progress(self, event: Progress) -> None:
        known = self.section.series
        if any(name not in event.series for name in known):
            raise Unsound("a series is missing")
        rows = {len(series) for series in event.series.values()}
        if len(rows) != 1 or not 0 < max(rows) <= event.step - self.measured:
            raise Unsound("other series than one row a step")
        shapes = {name: series.shape[1:] for name, series in event.series.items()}
        for name, one in shapes.items():
            if one not in ((), self.row) or (name in known and one != self.row):
                raise Unsound(f"{name}: a series of shape {list(event.series[name].shape)}")
        for name, value in event.values.items():
            one = (len(value),) if isinstance(value, list) else ()
            if (
                one not in ((), self.row)
                or (name in self.section.scalars and one)
                or name in shapes
            ):
                raise Unsound(f"{name}: not a value a step")
            shapes[name] = one
        for name in shapes.keys() & set(self.section.shares):
            shares = np.asarray(event.series.get(name, event.values.get(name)))
            # A mean may be above one by a rounding; what is not a number is neither.
            if (shares < 0).any() or (shares > 1.001).any():
                raise Unsound(f"{name}: not shares")
        if any(self.shapes.get(name, one) != one for name, one in shapes.items()):
            raise Unsound("of another length than before")
        self.shapes |= shapes
        self.measured = event.step

    def _check_preview(self, event: Preview, line: Mapping[str, Any]) -> None:
        rules = self.previews.get(event.name)
        if event.images is None:
            count = self.shown.get(event.name)
            if count is None:
                raise Unsound(f"{event.name}: no images yet")
        else:
            count = len(event.images)
            if event.images.shape != (count, IMAGE_SIZE, IMAGE_SIZE):
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


class Journal:
    """Appends events to a run's journal. Close it, or use it as a context manager."""

    # Progress and previews survive the process without a sync; these survive the machine too.
    _SYNCED = ("started", "checkpoint", "resumed", "stopped", "finished", "failed")

    def __init__(self, run: Path) -> None:
        # Without Python's buffer: what a full disk refused must not be written later.
        file = open_file(run, JOURNAL_FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._file = os.fdopen(file, "ab", buffering=0)

    @property
    def size(self) -> int:
        """Length in bytes."""
        return self._file.tell()

    def append(self, event: Event) -> None:
        """Write one line and hand it to the system. Raises OSError, with nothing of it written."""
        line = json.dumps(to_json(event), separators=(",", ":"), allow_nan=False) + "\n"
        size, rest = self.size, memoryview(line.encode())
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
            if event.kind in self._SYNCED:
                os.fsync(self._file.fileno())
        except OSError:
            self._file.seek(self._file.truncate(size))
            raise

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
