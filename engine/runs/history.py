"""A run's events as curves and previews, from which all is drawn. No torch in here."""

from array import array
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

import numpy as np

from engine.runs.curves import Curve
from engine.runs.events import Event, Finished, Preview, Progress, Started
from engine.runs.previews import Previews

WAITING = 1024  # events whose points are taken into arrays at once


class _Points:
    """A curve that grows: new points wait in lists until there are many, or the curve is asked for.

    An array takes as long to take in one point as a thousand.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        """``shape`` is that of the values of one step."""
        self._count = 0
        self._steps = np.empty(64, np.int64)
        self._values = np.empty((64, *shape))
        self._ends: list[int] = []  # the last step of each of the rows that wait
        self._rows: list[Any] = []  # [S, ...] of successive steps, or a value of one step
        self._by_row = True

    def add(self, step: int, value: Any) -> None:
        """Append what was measured at a step."""
        self._wait(step, value, by_row=False)

    def extend(self, last: int, rows: np.ndarray) -> None:
        """Append rows [S, ...] of successive steps up to ``last``."""
        self._wait(last, rows, by_row=True)

    def _wait(self, last: int, rows: Any, by_row: bool) -> None:
        if by_row is not self._by_row or len(self._ends) == WAITING:
            self._take_in()
            self._by_row = by_row
        self._ends.append(last)
        self._rows.append(rows)

    def _take_in(self) -> None:
        """Move what waits into the arrays."""
        if not self._ends:
            return
        ends = np.array(self._ends, np.int64)
        if self._by_row:
            values = np.concatenate(self._rows)
            counts = np.array([len(rows) for rows in self._rows])
            after = np.repeat(np.cumsum(counts), counts) - np.arange(len(values)) - 1
            ends = np.repeat(ends, counts) - after
        else:
            values = np.array(self._rows, np.float64)
        end = self._room_for(len(values))
        self._steps[end - len(values) : end] = ends
        self._values[end - len(values) : end] = values
        self._ends.clear()
        self._rows.clear()

    def _room_for(self, count: int) -> int:
        """Make room for so many more and return their end."""
        end = self._count + count
        if end > len(self._steps):
            size = end + end // 4
            grown = np.empty(size, np.int64), np.empty((size, *self._values.shape[1:]))
            for new, old in zip(grown, (self._steps, self._values), strict=True):
                new[: self._count] = old[: self._count]
            self._steps, self._values = grown
        self._count = end
        return end

    @property
    def curve(self) -> Curve:
        """What there is so far; later points do not change it."""
        self._take_in()
        return Curve(self._steps[: self._count], self._values[: self._count])


class History:
    """All events of a run so far, in the order of its steps; grows by ``add``."""

    def __init__(self, journal: Path | None = None) -> None:
        """``journal`` is where previews are read again when they are asked for."""
        self.started: Started | None = None
        self.finished: Finished | None = None
        self.previews: dict[str, Previews] = {}
        self.event_steps = array("q")  # of the Progress events: where a step cursor can stand
        self._journal = journal
        self._points: dict[str, _Points] = {}

    @classmethod
    def of(cls, events: Iterable[Event], journal: Path | None = None) -> Self:
        """Collect a run's events."""
        history = cls(journal)
        for event in events:
            history.add(event)
        return history

    def add(self, event: Event) -> None:
        """Take in the next event. Series and values share one namespace of curves."""
        match event:
            case Progress():
                self.event_steps.append(event.step)
                for name, rows in event.series.items():
                    if (points := self._points.get(name)) is None:
                        points = self._points[name] = _Points(rows.shape[1:])
                    points.extend(event.step, rows)
                for name, value in event.values.items():
                    if (points := self._points.get(name)) is None:
                        points = self._points[name] = _Points(np.shape(value))
                    points.add(event.step, value)
            case Preview():
                if event.name not in self.previews:
                    self.previews[event.name] = Previews(self._journal)
                self.previews[event.name].add(event)
            case Started():
                self.started = event
            case Finished():
                self.finished = event

    @property
    def curves(self) -> dict[str, Curve]:
        """Every curve by name, as arrays."""
        return {name: points.curve for name, points in self._points.items()}

    def preview(
        self, name: str, step: int | None = None, *, before_last: bool = False
    ) -> Preview | None:
        """Return the last preview of a name, at ``step`` at the latest; None before the first.

        ``before_last`` leaves out the very last one.
        """
        known = self.previews.get(name)
        return known.at(step, before_last=before_last) if known is not None else None

    def images(self, name: str) -> np.ndarray:
        """Return the last images of a preview, back in their range: float64 [N, H, W]."""
        return self.previews[name].last_pictured.floats()


class WholeHistory(History):
    """The history of a finished run."""

    started: Started
    finished: Finished
