"""The app's side of the engine: a thread drives the queued tasks, one after another.

The thread only puts events into the mailbox. ``collect``, called by the app's timer, moves them
into the tasks, which the screen is drawn from.
"""

import os
import queue
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from engine.config import RunConfig
from engine.data.known import is_file
from engine.driver import Driver
from engine.errors import MnistTuiError, Untrusted, is_out_of_memory, memory_words
from engine.files.text import visible
from engine.hints import hint
from engine.laboratory import Laboratory
from engine.runs.control import HAND_OVER
from engine.runs.events import Event, Failed, Notice, Stopped
from engine.runs.queue import Request, read_queue
from engine.runs.run import Run
from engine.trust import trust_named
from tui.live.hand_over import take_over
from tui.live.mailbox import Mailbox
from tui.live.shelf import Shelf
from tui.live.task import Task, where_words

if TYPE_CHECKING:
    import numpy as np

MOST_EXAMPLES = 20  # of a dataset
PATIENCE = 2.0  # seconds that a signal leaves the screen to close before the process ends


class Conductor:
    """Keeps the tasks; ``work`` is for a thread, all else for the app."""

    def __init__(self, laboratory: Laboratory | None = None) -> None:
        self.tasks: list[Task] = []  # started here, in their order
        self.notices: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.mailbox: Mailbox[Task] = Mailbox()
        self.shelf = Shelf(self.mailbox)
        self._told: set[tuple[str, str]] = set()  # runs' ids and what they said of themselves
        self.doing = ""  # what keeps the next run from beginning, in a word or two
        self._device = ""  # of the next run, likewise
        self.where = ""  # dataset, device and precision of the next run, once they are known
        # What run.json will say of a dataset, by what configs call it, as far as that is known.
        self.datasets: dict[str, Mapping[str, Any]] = {}
        self.examples: dict[str, np.ndarray] = {}  # an image of each class, [N, H, W], likewise
        self.closed = threading.Event()  # the screen is gone and can no longer hang
        self.ended = threading.Event()  # the engine's thread has ended
        # The exit code that a signal asked for. The screen's loop may hang on a dead line for
        # ever, so the engine's thread then ends the process when all runs are stopped and saved.
        self.abandoned: int | None = None
        self.handing_over = False  # another process is to take over the active run
        self.handed_over: Run | None = None  # the run that it took
        self.resumed_by_it = False  # it was paused before
        self.not_handed_over = ""  # why it could not be
        self.left_off: Task | None = None  # what was active when all was stopped
        self.restore_terminal: Callable[[], None] = lambda: None
        laboratory = laboratory or Laboratory(warn=self.notices.put)
        self.driver: Driver[Task] = Driver(laboratory, self)
        self._thread: threading.Thread | None = None
        self._orders: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()

    def prepare(self, config: RunConfig) -> None:
        """Import torch and open dataset and device while the user looks around."""
        self._orders.put(partial(self._survey, config))

    def start(self, configs: Sequence[RunConfig], command: str) -> list[Task]:
        """Queue the runs of one command line."""
        with suppress(MnistTuiError):  # which the run then says
            trust_named(configs)
        return self._start(Request(command, list(configs)))

    def resume(self, run: Run) -> Task:
        """Queue a run to resume, and what was queued behind it. Raises MnistTuiError."""
        config, requests = run.read_config(), read_queue(run)
        task = self._task(config, Request(run.read_info()["command"], []), resumes=run)
        self.driver.resume(task)
        self._orders.put(self.driver.drive)
        self.shelf.forget(run)
        for request in requests:
            if request.report:
                request.report = False
                report = hint(run.path.parent, "report")
                self.notices.put(f"When all have finished, {report} writes their report.")
            self._start(request)
        return task

    def _start(self, request: Request) -> list[Task]:
        tasks = [self._task(config, request) for config in request.configs]
        self.driver.add(request, tasks)
        self._orders.put(self.driver.drive)
        return tasks

    def _task(self, config: RunConfig, request: Request, resumes: Run | None = None) -> Task:
        task = Task(config, request, resumes)
        self.tasks.append(task)
        return task

    def open(self, run: Run) -> Task:
        """Return the task of a run, from its files if it is not driven here.

        Raises MnistTuiError if they cannot be read.
        """
        for task in reversed(self.tasks):  # a run may have been resumed more than once
            driven_here = task.active or task is self.driver.active
            if task.run == run.id and (driven_here or task.state == run.read_status()):
                return task
        return self.shelf.open(run)

    def collect(self) -> list[Task]:
        """Move new events into their tasks; return those that changed."""
        letters, gaps = self.mailbox.take()
        for letter in letters:
            letter.task.add(letter.event)
            if isinstance(letter.event, Notice):
                self._tell(letter.task, letter.event)
        for task in gaps:
            self._fill(task)
        return list(dict.fromkeys([*(letter.task for letter in letters), *gaps]))

    def _tell(self, task: Task, notice: Notice) -> None:
        """Show what a run says of itself, once: one that is resumed says it again."""
        line = visible(f"{task.config.title}: {notice.message}")
        if (task.run, line) not in self._told:
            self._told.add((task.run, line))
            self.notices.put(line)

    def _fill(self, task: Task) -> None:
        """Replay a task from its journal, as the mailbox dropped some of its events."""
        if task.run:
            with suppress(MnistTuiError, OSError):  # removed or damaged: keep what there is
                task.tell_again(Run(task.path).events())

    @property
    def files(self) -> list[str]:
        """The datasets of the runs that are files, the newest first."""
        tasks = [*reversed(self.tasks), *self.shelf.tasks]
        return list(dict.fromkeys(t.config.dataset for t in tasks if is_file(t.config.dataset)))

    @property
    def own(self) -> Task | None:
        """The task that runs here, or the next one."""
        if (driven := self.driver.active) is not None:  # until its last figure is drawn
            return driven
        active = [task for task in self.tasks if task.active]
        return next((task for task in active if task.state == "running"), next(iter(active), None))

    @property
    def running(self) -> Task | None:
        """The active task: ours, or else one that another process drives."""
        return self.own or self.shelf.running()

    @property
    def device(self) -> str:
        """The device that the active run uses, or the next one; "" while it is not known."""
        task = self.running
        started = task.history.started if task else None
        return str(started.environment["device"]) if started else self._device

    @property
    def waiting(self) -> int:
        """How many tasks wait behind the active one."""
        own = self.own
        if own is None:
            elsewhere = self.shelf.running()
            return elsewhere.waiting if elsewhere else 0
        return sum(task.active and task is not own for task in self.tasks)

    def stop(self, task: Task, reason: str) -> None:
        """Stop a task, here or in the process that drives it. Raises EngineError."""
        task.control.stop(reason)
        if task.follower is not None and task.elsewhere:
            task.follower.run.ask_to_stop()

    def stop_all(self, reason: str) -> None:
        """Stop the active task and drop the queue, unless they are being handed over."""
        if self.handing_over:
            return
        self.left_off = self.left_off or self.own
        for task in self.tasks:
            if task.active or task is self.driver.active:
                task.control.stop(reason)

    def hand_over(self) -> None:
        """Have another process take over the active run and the queue.

        Only sets flags, so a signal handler may call it. The thread does the rest at its run's next
        event or, if no run has begun, at the first event of the first one.
        """
        self.handing_over = self.own is not None
        for task in self.tasks:
            if task.active or task is self.driver.active:
                task.control.stop(HAND_OVER)

    def close(self) -> None:
        """Let the thread end once it is done."""
        self._orders.put(None)

    def saved(self, patience: float) -> bool:
        """Wait until the thread has ended or has nothing left to save; False if it takes longer."""
        while self._busy and patience > 0 and not self.ended.wait(0.02):
            patience -= 0.02
        return not self._busy

    @property
    def _busy(self) -> bool:
        return self.driver.saving or (self.handing_over and not self.ended.is_set())

    def start_thread(self) -> None:
        """Start the thread that runs the tasks, once."""
        if self._thread is None:
            self._thread = threading.Thread(target=self.work, name="engine", daemon=True)
            self._thread.start()

    def join(self, patience: float) -> None:
        """Wait for the end of the thread, if it was started."""
        if self._thread is not None:
            self._thread.join(patience)

    def work(self) -> None:
        """Drive tasks until ``close``; for a thread of its own."""
        try:
            while (order := self._orders.get()) is not None and not self._handed_on:
                order()
        finally:
            self.ended.set()
            if self.abandoned is not None and not self.closed.wait(PATIENCE):
                self.restore_terminal()
                os._exit(self.abandoned)

    @property
    def _handed_on(self) -> bool:
        """Whether no more runs begin here: the queue stays beside the run to be handed over."""
        return self.handed_over is not None or bool(self.not_handed_over)

    def _survey(self, config: RunConfig) -> None:
        self.doing = "opening the dataset" if "torch" in sys.modules else "importing torch"
        try:
            data, device = self.driver.laboratory.survey(config)
            described, environment = data.describe(), device.describe()
            self.examples[config.dataset] = data.examples(MOST_EXAMPLES)
            self.datasets[config.dataset] = described
            self.where = where_words(described, environment)
            self._device = environment["device"]
        except MnistTuiError as error:
            self.notices.put(str(error))
        except Exception as error:  # the thread must survive for later runs
            self.notices.put(f"The device cannot be opened ({type(error).__name__}: {error}).")
        finally:
            self.doing = ""

    # What follows is called by the driver, in the engine's thread.

    def begins(self, task: Task) -> bool:
        """Hand over a task that was queued too late to be told; begin none after a hand-over."""
        if self.handing_over:
            task.control.stop(HAND_OVER)
        return not self._handed_on

    def train_first(self, training: RunConfig, task: Task) -> Task:
        """Show the training that comes first as a task of its own."""
        self.notices.put(f"No trained {training.title} yet: training one first.")
        return self._task(training, task.request)

    def prepared(self, task: Task) -> None:
        """Nothing is shown before the run begins."""

    def hear(self, task: Task, event: Event) -> None:
        """Put an event into the mailbox."""
        self.mailbox.put(task, event)

    def failed(self, task: Task, error: Exception) -> None:
        """Show the error as the task's end; the app and the next tasks carry on."""
        known = isinstance(error, MnistTuiError)
        message = str(error) if known else f"Unexpected {type(error).__name__}: {error}"
        if is_out_of_memory(error):
            message = memory_words(error)
        network = getattr(task.config, "run", None)
        if isinstance(error, Untrusted) and network:  # there is no --trust in the app
            trusts = hint(task.config.artifacts, "runs", "verify", network, "--trust")
            message += f" In another terminal: {trusts}"
        self.mailbox.put(task, Failed(step=0, message=message))

    def after(self, task: Task, run: Run | None) -> None:
        """Show that a task never began, or hand over a run that was stopped for it."""
        if run is None:
            self.mailbox.put(task, Stopped(step=0, reason=task.control.stop_reason or ""))
            return
        handed_over = task.control.stop_reason == HAND_OVER  # and not stopped by someone before
        if not handed_over or run.read_info()["status"] == "finished":
            return
        try:
            take_over(run)
        except (MnistTuiError, OSError) as error:
            self.handing_over = False
            self.not_handed_over = (
                f"{run.id} could not be handed over ({error}); it is stopped and kept: "
                f"{hint(run.path.parent, 'resume', run.id)} resumes it"
            )
            self.notices.put(self.not_handed_over)
        else:
            self.handed_over, self.resumed_by_it = run, task.control.paused
