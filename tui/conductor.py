"""The app's side of the engine: tasks wait in a queue, a thread runs them one after another.

The thread only puts events into the mailbox. ``collect``, called by the app's timer, moves them
into the tasks, which the screen is drawn from.
"""

import os
import queue
import threading
from dataclasses import dataclass, field
from pathlib import Path

from engine.config import RunConfig
from engine.control import Control
from engine.errors import MnistTuiError
from engine.events import Event, Failed, Finished, Progress, Started, Stopped
from engine.history import History
from engine.laboratory import Laboratory
from engine.store import Run
from tui.mailbox import Mailbox

IDLE_LOOK = 0.25  # seconds between two looks at whether the terminal is gone


@dataclass(eq=False)
class Task:
    """A run as the app knows it: waiting, going on, ended, or opened from its files."""

    number: int
    config: RunConfig
    state: str = "queued"  # queued, running, finished, stopped, failed
    history: History = field(default_factory=History)
    control: Control = field(default_factory=Control)
    message: str = ""
    step: int = 0
    marks: list[tuple[float, int]] = field(default_factory=list)  # (time, step), the last few

    @property
    def section(self) -> str:
        """The section that the task belongs to."""
        return self.config.section

    @property
    def steps(self) -> int:
        """Steps of the whole run, 0 while that is not known."""
        return self.history.started.steps if self.history.started else 0

    @property
    def active(self) -> bool:
        """Whether the task waits or runs."""
        return self.state in ("queued", "running")

    def add(self, event: Event) -> None:
        """Take in the run's next event; after its end there is none."""
        if not self.active:
            return
        self.history.add(event)
        self.step = event.step
        match event:
            case Started():
                self.state = "running"
            case Failed():
                self.message = event.message
        if isinstance(event, (Started, Progress)):
            self.marks = [*self.marks[-50:], (event.time or 0.0, event.step)]
        if isinstance(event, (Finished, Stopped, Failed)):
            self.state = event.kind

    @property
    def rate(self) -> float:
        """Steps a second over the last few events, 0 where not known."""
        if len(self.marks) < 2:
            return 0.0
        (first, a), (last, b) = self.marks[0], self.marks[-1]
        return (b - a) / (last - first) if last > first else 0.0


class Conductor:
    """Keeps the tasks; ``work`` is for a thread, all else for the app."""

    def __init__(self) -> None:
        self.tasks: list[Task] = []
        self.notices: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.mailbox = Mailbox()
        self._queue: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        # The exit code, once the terminal is gone. The screen's loop may hang on the dead line for
        # ever, so the engine's thread ends the process when all runs are stopped and saved.
        self.abandoned: int | None = None
        self._lock = threading.Lock()
        self._laboratory = Laboratory(warn=self.notices.put)

    def start(self, config: RunConfig) -> Task:
        """Queue a run."""
        task = self._add(config)
        self._queue.put(task)
        return task

    def _add(self, config: RunConfig) -> Task:
        with self._lock:  # the thread adds a task too, where a network must be trained first
            task = Task(len(self.tasks), config)
            self.tasks.append(task)
        return task

    def open(self, run: Run) -> Task:
        """Add a run from its files alone. Raises MnistTuiError where they cannot be read."""
        task = self._add(run.config)
        for event in run.events():
            task.add(event)
        task.state = run.info["status"]
        task.message = run.info.get("message", "")
        return task

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
        started = task.history.started
        if started is not None:
            run = Run(Path(task.config.artifacts) / started.run)
            task.history = History.of(run.events())

    @property
    def running(self) -> Task | None:
        """The task that runs, or the next that will.

        Not simply the first active one: where a network must be trained first, that training was
        added after the task that waits for it.
        """
        active = [task for task in self.tasks if task.active]
        return next((task for task in active if task.state == "running"), next(iter(active), None))

    def stop_all(self, reason: str) -> None:
        """Stop what runs and forget what waits."""
        for task in self.tasks:
            if task.active:
                task.control.stop(reason)

    def close(self) -> None:
        """Let the thread end after what it does now."""
        self._queue.put(None)

    def work(self) -> None:
        """Run tasks until ``close``; for a thread of its own."""
        while True:
            try:
                task = self._queue.get(timeout=IDLE_LOOK)
            except queue.Empty:
                if self.abandoned is not None:
                    break
                continue
            if task is None:
                break
            self._attempt(task)
        if self.abandoned is not None:
            os._exit(self.abandoned)

    def _attempt(self, task: Task) -> None:
        """Run a task; whatever goes wrong is told as its end, and the app lives on."""
        try:
            training = self._laboratory.missing_training(task.config)
            if training is not None:
                self.notices.put(f"No trained {training.model} yet: training one first.")
                self._attempt(self._add(training))
            self._run(task)
        except MnistTuiError as error:
            self.mailbox.put(task.number, Failed(step=0, message=str(error)))
        except Exception as error:
            message = f"Unexpected {type(error).__name__}: {error}"
            self.mailbox.put(task.number, Failed(step=0, message=message))

    def _run(self, task: Task) -> None:
        if task.control.stop_reason is None:
            session = self._laboratory.session(
                task.config,
                listen=lambda event: self.mailbox.put(task.number, event),
                control=task.control,
                command="mnist-tui",
            )
            task.config = session.config
        if task.control.stop_reason is not None:
            self.mailbox.put(task.number, Stopped(step=0, reason=task.control.stop_reason))
            return
        session.run()
