"""What passes from an experiment to the journal and to the faces.

Events are small and frozen and hold plain Python and NumPy values only, so that they may cross
threads and go to disk. An experiment leaves ``time`` empty; the Session stamps it.
"""

import base64
import dataclasses
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field
from typing import Any, ClassVar, Self

import numpy as np

from engine.errors import Unsound
from engine.files.numbers import array_of, numbers_of, plain
from engine.files.reader import check_depth
from engine.runs.control import HAND_OVER

VALUES_DEPTH = 4  # lists in one another of what a line measures


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Event:
    """Something that happened after ``step`` steps, at ``time`` (seconds since the Unix epoch).

    ``place`` is where its line begins in the journal, in bytes; None where it has none.
    """

    kind: ClassVar[str]
    step: int
    time: float | None = None
    place: int | None = None

    def at(self, time: float, place: int | None = None) -> Self:
        """Return the same event, stamped."""
        return dataclasses.replace(self, time=time, place=place)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Started(Event):
    """A run began: the first line of its journal."""

    kind = "started"
    run: str
    section: str
    title: str
    steps: int  # of the whole run
    config: Mapping[str, Any]
    dataset: Mapping[str, Any]
    environment: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Progress(Event):
    """Measurements since the last Progress.

    ``series`` holds one row per step since then, float32 [S] or [S, L]; ``values`` holds what was
    measured at this step only: numbers or arrays [L].
    """

    kind = "progress"
    series: Mapping[str, np.ndarray]
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Preview(Event):
    """Pictures for a person to look at, and the numbers that belong to them.

    ``images`` is uint8 [N, H, W], where 0 stands for ``low`` and 255 for ``high``; None says that
    the images are those of the last preview of this name and only ``values`` are new.
    """

    kind = "preview"
    name: str
    images: np.ndarray | None = None
    low: float = 0.0
    high: float = 1.0
    values: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def quantized(
        cls, *, step: int, name: str, images: np.ndarray, low: float, high: float, **values: Any
    ) -> Self:
        """Make a preview of float images [N, H, W] whose range is [low, high]."""
        unit = (np.asarray(images, np.float32) - low) / (high - low)
        pixels = np.clip(np.nan_to_num(unit) * 255 + 0.5, 0, 255).astype(np.uint8)
        return cls(step=step, name=name, images=pixels, low=low, high=high, values=values)

    def floats(self) -> np.ndarray:
        """Return the images, back in their range: float64 [N, H, W]; there must be some."""
        assert self.images is not None
        images: np.ndarray = self.low + self.images / 255 * (self.high - self.low)
        return images


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Checkpoint(Event):
    """All that is needed to resume from this step is on disk."""

    kind = "checkpoint"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Resumed(Event):
    """A run was resumed from its checkpoint."""

    kind = "resumed"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Stopped(Event):
    """A run was stopped early; ``reason`` says by whom (``SIGINT``, ``user`` ...)."""

    kind = "stopped"
    reason: str

    @property
    def handed_over(self) -> bool:
        """Whether another process was to take it over."""
        return self.reason == HAND_OVER


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Finished(Event):
    """A run reached its end; ``results`` are those of ``result.json``, but for times.

    ``images_seen`` counts the training images that were processed, where a rate makes sense.
    ``answers`` are what the networks say of each test image: the arrays of ``answers.npz``, which
    are not in the journal.
    """

    kind = "finished"
    results: Mapping[str, Any]
    images_seen: int | None = None
    answers: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Failed(Event):
    """A run could not go on; ``message`` says why and what to do."""

    kind = "failed"
    message: str


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Notice(Event):
    """The run goes on, but not quite as expected; ``message`` is one line about it."""

    kind = "notice"
    message: str


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Working(Event):
    """Nothing was measured, but the state is complete: a run may be paused or stopped here too.

    For listeners only, never in the journal; ``doing`` says what takes so long.
    """

    kind = "working"
    doing: str


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Interrupted(Event):
    """The process that drove a run is gone; for followers only, never in the journal."""

    kind = "interrupted"


_IN_JOURNALS: tuple[type[Event], ...] = (
    Started, Progress, Preview, Checkpoint, Resumed, Stopped, Finished, Failed, Notice
)  # fmt: skip
KINDS: dict[str, type[Event]] = {kind.kind: kind for kind in _IN_JOURNALS}


_NOT_IN_JSON = ("low", "high", "answers", "place")  # the range of images is with the images
_IN_JSON = {"results": "figures"}  # the keys of fields that were once called otherwise

# What JSON must hold in the fields that readers build on; one name means the same in every event.
_TYPES: dict[str, type | tuple[type, ...]] = {
    "step": int, "steps": int, "time": (int, float, type(None)),
    "run": str, "section": str, "title": str, "name": str, "reason": str, "message": str,
    "config": dict, "dataset": dict, "environment": dict,
    "series": dict, "values": dict, "results": dict, "images": (dict, type(None)),
}  # fmt: skip

_FIELDS = {  # of each kind of event: name, key in JSON, whether it must be there, its type there
    kind: [
        (
            item.name,
            _IN_JSON.get(item.name, item.name),
            item.default is MISSING and item.default_factory is MISSING,
            _TYPES.get(item.name, object),
        )
        for item in dataclasses.fields(kind)
        if item.name not in _NOT_IN_JSON
    ]
    for kind in KINDS.values()
}


def to_json(event: Event) -> dict[str, Any]:
    """Return an event as one JSON object, numbers that are not finite as null."""
    line: dict[str, Any] = {"event": event.kind, "step": event.step, "time": event.time}
    for item in dataclasses.fields(event):
        value = getattr(event, item.name)
        if item.name in line:
            continue
        if isinstance(event, Preview) and item.name == "images" and value is not None:
            value = {
                "shape": list(value.shape),
                "low": event.low,
                "high": event.high,
                "base64": base64.b64encode(np.ascontiguousarray(value).data).decode("ascii"),
            }
        elif item.name in _NOT_IN_JSON:
            continue
        line[_IN_JSON.get(item.name, item.name)] = plain(value)
    return line


def from_json(line: Any, place: int | None = None) -> Event:
    """Return the event that ``to_json`` wrote, measurements that are null as NaN.

    Raises Unsound where the line is no such object.
    """
    kind = KINDS.get(str(line.get("event"))) if isinstance(line, dict) else None
    if kind is None:
        raise Unsound(f"no such event: {line.get('event') if isinstance(line, dict) else line!r}")
    values: dict[str, Any] = {}
    for name, key, needed, of in _FIELDS[kind]:
        if key not in line:
            if needed:
                raise Unsound(f"not an event: {key} is missing")
        elif not isinstance(line[key], of):
            raise Unsound(f"{key} cannot be {line[key]!r}")
        else:
            values[name] = line[key]
    if kind in (Progress, Preview):
        measured = values.get("values", {})
        check_depth(measured, VALUES_DEPTH)
        values["values"] = {name: numbers_of(value) for name, value in measured.items()}
    if kind is Progress:
        values["series"] = {name: array_of(rows) for name, rows in values["series"].items()}
    if kind is Preview and values.get("images"):
        values |= _picture(values["images"])
    return kind(**values, place=place)


def _picture(picture: Mapping[str, Any]) -> dict[str, Any]:
    """Return the images of a preview, and the range that they are in."""
    try:
        pixels = np.frombuffer(base64.b64decode(picture["base64"]), np.uint8)
        images = pixels.reshape(picture["shape"])
        ends = {end: picture[end] for end in ("low", "high")}
    except (KeyError, TypeError, ValueError, OverflowError):
        raise Unsound("not an event: its images cannot be read") from None
    return {"images": images} | {end: numbers_of(value) for end, value in ends.items()}
