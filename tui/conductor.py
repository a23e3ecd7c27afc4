"""The app's side of the engine: tasks wait in a queue, a thread runs them one after another.

The thread only puts events into the mailbox. ``collect``, called by the app's timer, moves them
into the tasks, which the screen is drawn from.
"""

import os
import queue
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.config import RunConfig
from engine.control import Control
from engine.errors import MnistTuiError
from engine.events import Event, Failed, Finished, Progress, Started, Stopped, Working
from engine.history import History
from engine.laboratory import Laboratory
from engine.store import Run, list_runs
from tui.mailbox import Mailbox
from tui.words import dataset_title

RATE_EVENTS = 50  # over which the speed is averaged
PATIENCE = 2.0  # seconds that a signal leaves the screen to close before the process ends


@dataclass(slots=True)
class Batch:
    """What was started by one wish: its command line, and the runs that came of it so far."""

    command: str
    runs: list[str] = field(default_factory=list)


@dataclass(eq=False)
class Task:
    """A run as the app knows it: waiting, going on, ended, or opened from its files."""

    number: int
    config: RunConfig
    batch: Batch
    state: str = "queued"  # queued, running, finished, stopped, failed
    history: History = field(default_factory=History)
    control: Control = field(default_factory=Control)
    message: str = ""
    doing: str = ""  # what takes long beside the steps
    step: int = 0
    marks: list[tuple[float, int]] = field(default_factory=list)  # (time, step), the last few

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
    def active(self) -> bool:
        """Whether the task waits or runs."""
        return self.state in ("queued", "running")

    def add(self, event: Event) -> None:
        """Take in the run's next event; after its end only what it is still busy with."""
        self.doing = event.doing if isinstance(event, Working) else ""
        if not self.active or isinstance(event, Working):
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
        if isinstance(event, (Finished, Stopped, Failed)):
            self.state = event.kind

    @property
    def rate(self) -> float:
        """Steps a second over the last few events, 0 where not known."""
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


class Conductor:
    """Keeps the tasks; ``work`` is for a thread, all else for the app."""

    def __init__(self, laboratory: Laboratory | None = None) -> None:
        self.tasks: list[Task] = []  # started here, in their order
        self.opened: list[Task] = []  # read from files, the newest run first
        self.notices: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.mailbox = Mailbox()
        self.where = ""  # dataset, device and precision, once they are known
        self.closed = threading.Event()  # the screen is gone, and nothing of it can hang any more
        self.ended = threading.Event()  # the thread is
        # The exit code that a signal asked for. The screen's loop may hang on a dead line for
        # ever, so the engine's thread then ends the process when all runs are stopped and saved.
        self.abandoned: int | None = None
        self._working: Task | None = None  # set by the thread alone
        self._saving = False  # a session is on, whose end must be waited for
        self._queue: queue.SimpleQueue[Task | RunConfig | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._laboratory = laboratory or Laboratory(warn=self.notices.put)

    def prepare(self, config: RunConfig) -> None:
        """Import torch and open dataset and device while the user looks around."""
        self._queue.put(config)

    def start(self, configs: Sequence[RunConfig], command: str) -> list[Task]:
        """Queue runs that one command line stands for."""
        batch = Batch(command)
        tasks = [self._add(config, batch) for config in configs]
        for task in tasks:
            self._queue.put(task)
        return tasks

    def _add(self, config: RunConfig, batch: Batch) -> Task:
        with self._lock:  # the thread adds a task too, where a network must be trained first
            task = Task(len(self.tasks), config, batch)
            self.tasks.append(task)
        return task

    def open(self, run: Run) -> Task:
        """Return the task of a run, from its files alone where it was not started here.

        Raises MnistTuiError where they cannot be read.
        """
        for task in [*self.tasks, *self.opened]:
            if task.run == run.id:
                return task
        info = run.info
        task = Task(-1, run.config, Batch(info["command"]))
        for event in run.events():
            task.add(event)
        task.state = run.status
        task.message = info.get("message", "")
        with self._lock:
            self.opened.append(task)
            self.opened.sort(key=lambda task: task.run, reverse=True)
        return task

    def open_newest(self, artifacts: str) -> None:
        """Open each model's newest finished training and the newest of the other sections."""
        found: set[tuple[str, str]] = set()
        with suppress(MnistTuiError):
            for run in list_runs(Path(artifacts)):
                with suppress(MnistTuiError, KeyError, TypeError, ValueError):
                    section = run.info["section"]
                    kind = section, run.config.model if section == "train" else ""
                    if kind not in found and run.info["status"] == "finished":
                        self.open(run)
                        found.add(kind)

    def open_newest_of(self, artifacts: str, section: str, network: str) -> Task | None:
        """Open the newest finished run of a section that looked at a run's network."""
        with suppress(MnistTuiError):
            for run in list_runs(Path(artifacts)):
                with suppress(MnistTuiError, KeyError, TypeError, ValueError):
                    info = run.info
                    if (info["section"], info["status"]) == (section, "finished") and (
                        info["config"]["run"] == network
                    ):
                        return self.open(run)
        return None

    def collect(self) -> list[Task]:
        """Move what the thread told into the tasks; return those that changed."""
        letters, gap = self.mailbox.take()
        changed: dict[int, Task] = {}
        for letter in letters:
            task = self.tasks[letter.task]
            task.add(letter.event)
            changed[task.number] = task
        if gap:
            for task in changed.values():
                self._fill(task)
        return list(changed.values())

    def _fill(self, task: Task) -> None:
        """Read a task's history again from its journal: the mailbox was too full for too long."""
        if task.run:
            run = Run(Path(task.config.artifacts) / task.run)
            task.history = History.of(run.events())

    @property
    def running(self) -> Task | None:
        """The task that runs, or the next that will."""
        if (working := self._working) is not None:  # until its last figure is drawn
            return working
        active = [task for task in self.tasks if task.active]
        return next((task for task in active if task.state == "running"), next(iter(active), None))

    @property
    def waiting(self) -> int:
        """How many tasks wait for another one's end."""
        running = self.running
        return sum(task.active and task is not running for task in self.tasks)

    def stop_all(self, reason: str) -> None:
        """Stop what runs and forget what waits."""
        for task in self.tasks:
            if task.active or task is self._working:
                task.control.stop(reason)

    def close(self) -> None:
        """Let the thread end after what it does now."""
        self._queue.put(None)

    def saved(self, patience: float) -> bool:
        """Wait until the thread has ended or has nothing left to save; False if it takes longer."""
        while self._saving and patience > 0 and not self.ended.wait(0.02):
            patience -= 0.02
        return not self._saving

    def work(self) -> None:
        """Run tasks until ``close``; for a thread of its own."""
        try:
            while (item := self._queue.get()) is not None:
                if isinstance(item, Task):
                    self._attempt(item)
                else:
                    self._survey(item)
        finally:
            self.ended.set()
            if self.abandoned is not None and not self.closed.wait(PATIENCE):
                os._exit(self.abandoned)

    def _survey(self, config: RunConfig) -> None:
        try:
            data, device = self._laboratory.survey(config)
        except MnistTuiError as error:
            self.notices.put(str(error))
        else:
            self.where = where_words(data.describe(), device.describe())

    def _attempt(self, task: Task) -> None:
        """Run a task; whatever goes wrong is told as its end, and the app lives on."""
        try:
            if task.control.stop_reason is None:
                training = self._laboratory.missing_training(task.config)
                if training is not None:
                    self.notices.put(f"No trained {training.model} yet: training one first.")
                    self._attempt(self._add(training, task.batch))
            self._working = task
            self._run(task)
        except MnistTuiError as error:
            self.mailbox.put(task.number, Failed(step=0, message=str(error)))
        except Exception as error:
            message = f"Unexpected {type(error).__name__}: {error}"
            self.mailbox.put(task.number, Failed(step=0, message=message))
        finally:
            self._working, self._saving = None, False

    def _run(self, task: Task) -> None:
        if task.control.stop_reason is None:
            session = self._laboratory.session(
                task.config,
                listen=lambda event: self.mailbox.put(task.number, event),
                control=task.control,
                command=task.batch.command,
                companions=tuple(task.batch.runs),
            )
            task.config = session.config
        if task.control.stop_reason is not None:
            self.mailbox.put(task.number, Stopped(step=0, reason=task.control.stop_reason))
            return
        self._saving = True
        task.batch.runs.append(session.run().id)
