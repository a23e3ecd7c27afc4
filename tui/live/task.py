"""A run as the app knows it, built from its events."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine import sections
from engine.driver import Job
from engine.runs.events import (
    Event,
    Failed,
    Finished,
    Interrupted,
    Progress,
    Resumed,
    Started,
    Stopped,
    Working,
)
from engine.runs.follow import Follower
from engine.runs.history import History
from engine.runs.run import Run
from engine.sections.table import dataset_title
from engine.sections.visualize.config import MARGINS
from tui.words import names_of

RATE_EVENTS = 50  # over which the speed is averaged


@dataclass(eq=False)
class Task(Job):
    """A run as the app knows it: queued, running, ended, or read from its files.

    ``follower`` reads the files of a run that was not started here; another process may be driving
    it, or come to.
    """

    follower: Follower | None = None
    state: str = "queued"  # queued, running, finished, stopped, interrupted, failed
    history: History = field(default_factory=History)
    message: str = ""
    waiting: int = 0  # how many runs wait behind one that another process drives
    doing: str = ""  # something slow other than its steps
    step: int = 0
    marks: list[tuple[float, int]] = field(default_factory=list)  # (time, step), the last few
    _told_until: float = 0.0  # time of the last event that was replayed

    @property
    def section(self) -> str:
        """The section that the task belongs to."""
        return self.config.section

    @property
    def run(self) -> str:
        """The run's id, "" while it has none."""
        return self.history.started.run if self.history.started else ""

    @property
    def steps(self) -> int:
        """Steps of the whole run, 0 while that is not known."""
        return self.history.started.steps if self.history.started else 0

    @property
    def classes(self) -> tuple[str, ...]:
        """What its classes are called; their numbers while its dataset is not known."""
        started = self.history.started
        return names_of(started.dataset if started else {}, self.config.classes)

    @property
    def margin(self) -> int:
        """How many pixels around its images are empty, and not worth cells."""
        return MARGINS.get(self.config.dataset, 0)

    @property
    def warning(self) -> str:
        """Why its final results are worthless, "" if they are sound or not there yet."""
        finished = self.history.finished
        return sections.find(self.section).caveat(finished.results) if finished else ""

    @property
    def active(self) -> bool:
        """Whether the task waits or runs."""
        return self.state in ("queued", "running")

    def add(self, event: Event) -> None:
        """Apply the run's next event; after its end, only what it is still busy with.

        Started resets the task: a run resumed from its checkpoint is replayed from its start.
        """
        if isinstance(event, Started):
            self.history = History(self._journal_of(event))
            self.marks, self.message, self._told_until = [], "", 0.0
        elif event.time is not None and event.time <= self._told_until:
            return
        self.doing = event.doing if isinstance(event, Working) else ""
        if not isinstance(event, Started) and (not self.active or isinstance(event, Working)):
            return
        self.history.add(event)
        self.step = event.step
        match event:
            case Started():
                self.state = "running"
            case Failed():
                self.message = event.message
        if isinstance(event, (Started, Progress)):
            self.marks = [*self.marks[-RATE_EVENTS:], (event.time or 0.0, event.step)]
        if isinstance(event, Resumed):  # earlier ones are of another session
            self.marks = [(event.time or 0.0, event.step)]
        if isinstance(event, (Finished, Stopped, Failed, Interrupted)):
            self.state = event.kind

    def tell_again(self, journal: Iterable[Event]) -> None:
        """Replay a run's events from the first; those of them that still arrive are ignored."""
        last, end = 0.0, None if self.active else (self.state, self.message)
        for event in journal:
            self.add(event)
            last = event.time or last
        self._told_until = last
        if self.active and end:  # the journal of a process that died has no end
            self.state, self.message = end

    @property
    def elsewhere(self) -> bool:
        """Whether another process drives the run now."""
        return self.follower is not None and self.state == "running"

    @property
    def path(self) -> Path:
        """The run's directory; it must have one."""
        if self.follower is not None:  # its folder may have been moved since
            return self.follower.run.path
        return Path(self.config.artifacts) / self.run

    def _journal_of(self, started: Started) -> Path:
        """Return where the journal lies that an event is from."""
        if self.follower is not None:
            return self.follower.run.journal
        return Run(Path(self.config.artifacts) / started.run).journal

    @property
    def rate(self) -> float:
        """Steps per second over the last few events, 0 if unknown."""
        if len(self.marks) < 2:
            return 0.0
        (first, a), (last, b) = self.marks[0], self.marks[-1]
        return (b - a) / (last - first) if last > first else 0.0


def where_words(dataset: Mapping[str, Any], environment: Mapping[str, Any]) -> str:
    """Return dataset, device and precision in a few words."""
    device = environment["device"]
    if device.startswith("cuda"):
        device += f" {environment['device_name'].removeprefix('NVIDIA ')}"
    return f"{dataset_title(dataset['name'])} · {device} · {environment['precision']}"
