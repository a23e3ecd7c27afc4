"""The app's side of the engine: tasks wait in a queue, a thread runs them one after another.

The thread only puts events into the mailbox. ``collect``, called by the app's timer, moves them
into the tasks, which the screen is drawn from.
"""

import os
import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

from engine.config import RunConfig
from engine.errors import MnistTuiError
from engine.laboratory import Laboratory
from engine.runs.control import HAND_OVER
from engine.runs.events import Failed, Stopped
from engine.runs.queue import Batch, QueueKeeper, read_queue
from engine.runs.session import Session
from engine.runs.store import Run
from tui.live.hand_over import take_over
from tui.live.mailbox import Mailbox
from tui.live.shelf import Shelf
from tui.live.task import Task, where_words

PATIENCE = 2.0  # seconds that a signal leaves the screen to close before the process ends


class Conductor:
    """Keeps the tasks; ``work`` is for a thread, all else for the app."""

    def __init__(self, laboratory: Laboratory | None = None) -> None:
        self.tasks: list[Task] = []  # started here, in their order
        self.notices: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.mailbox = Mailbox()
        self.shelf = Shelf(self.mailbox)
        self.where = ""  # dataset, device and precision, once they are known
        self.closed = threading.Event()  # the screen is gone, and nothing of it can hang any more
        self.ended = threading.Event()  # the thread is
        # The exit code that a signal asked for. The screen's loop may hang on a dead line for
        # ever, so the engine's thread then ends the process when all runs are stopped and saved.
        self.abandoned: int | None = None
        self.handing_over = False  # the active run is to continue in another process
        self.handed_over: str | None = None  # the run that does
        self.resumed_by_it = False  # whether it was paused before
        self.not_handed_over = ""  # why it could not be
        self.restore_terminal: Callable[[], None] = lambda: None
        self._working: Task | None = None  # set by the thread alone
        self._driven: Run | None = None  # the run that the queue is kept beside
        self._keeper = QueueKeeper()
        self._batches: list[Batch] = []
        self._saving = False  # a session is on, whose end must be waited for
        self._thread: threading.Thread | None = None
        self._queue: queue.SimpleQueue[Task | RunConfig | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._laboratory = laboratory or Laboratory(warn=self.notices.put)

    def prepare(self, config: RunConfig) -> None:
        """Import torch and open dataset and device while the user looks around."""
        self._queue.put(config)

    def start(self, configs: Sequence[RunConfig], command: str) -> list[Task]:
        """Queue runs that one command line stands for."""
        return self._start(Batch(command, list(configs)))

    def resume(self, run: Run) -> Task:
        """Queue a run to be gone on with, and what was queued behind it. Raises MnistTuiError."""
        config, batches = run.config, read_queue(run)
        task = self._add(config, Batch(run.info["command"], []), resumes=run)
        self._queue.put(task)
        self.shelf.forget(run)
        for batch in batches:
            if batch.report:
                batch.report = False
                self.notices.put("When all have ended, `mnist-tui report` writes their report.")
            self._start(batch)
        return task

    def _start(self, batch: Batch) -> list[Task]:
        with self._lock:
            self._batches.append(batch)
        tasks = [self._add(config, batch) for config in batch.configs]
        for task in tasks:
            self._queue.put(task)
        if self._working is not None:
            with suppress(OSError):  # the run itself fails with a line, where the disk is full
                self._keep_queue()
        return tasks

    def _add(self, config: RunConfig, batch: Batch, resumes: Run | None = None) -> Task:
        task = Task(config, batch, resumes=resumes)
        self.tasks.append(task)
        return task

    def open(self, run: Run) -> Task:
        """Return the task of a run, from its files alone where it is not driven here.

        Raises MnistTuiError where they cannot be read.
        """
        for task in reversed(self.tasks):  # a run may have been gone on with more than once
            driven_here = task.active or task is self._working
            if task.run == run.id and (driven_here or task.state == run.status):
                return task
        return self.shelf.open(run)

    def collect(self) -> list[Task]:
        """Move what the thread told into the tasks; return those that changed."""
        letters, gaps = self.mailbox.take()
        for letter in letters:
            letter.task.add(letter.event)
        for task in gaps:
            self._fill(task)
        return list(dict.fromkeys([*(letter.task for letter in letters), *gaps]))

    def _fill(self, task: Task) -> None:
        """Tell a task again from its journal: the mailbox was too full for too long."""
        if task.run:
            with suppress(MnistTuiError, OSError):  # gone, or damaged: what was told stays
                task.tell_again(Run(task.path).events())

    @property
    def own(self) -> Task | None:
        """The task that runs here, or the next that will."""
        if (working := self._working) is not None:  # until its last figure is drawn
            return working
        active = [task for task in self.tasks if task.active]
        return next((task for task in active if task.state == "running"), next(iter(active), None))

    @property
    def running(self) -> Task | None:
        """What runs here, or else what another process drives."""
        return self.own or self.shelf.running()

    @property
    def waiting(self) -> int:
        """How many tasks wait for the end of what runs."""
        own = self.own
        if own is None:
            elsewhere = self.shelf.running()
            return elsewhere.waiting if elsewhere else 0
        return sum(task.active and task is not own for task in self.tasks)

    def stop(self, task: Task, reason: str) -> None:
        """Stop a task, here or in the process that drives it. Raises EngineError."""
        task.control.stop(reason)
        if task.elsewhere:
            task.follower.run.ask_to_stop()

    def stop_all(self, reason: str) -> None:
        """Stop what runs here and forget what waits; what is handed over goes on."""
        if self.handing_over:
            return
        for task in self.tasks:
            if task.active or task is self._working:
                task.control.stop(reason)

    def hand_over(self) -> None:
        """Have another process go on with what runs here and with what waits.

        Sets flags only: a signal handler may call it. The thread does the rest at its run's next
        event, and where no run has begun yet, at the first event of the first one.
        """
        self.handing_over = self.own is not None
        for task in self.tasks:
            if task.active or task is self._working:
                task.control.stop(HAND_OVER)

    def close(self) -> None:
        """Let the thread end after what it does now."""
        self._queue.put(None)

    def saved(self, patience: float) -> bool:
        """Wait until the thread has ended or has nothing left to save; False if it takes longer."""
        while self._busy and patience > 0 and not self.ended.wait(0.02):
            patience -= 0.02
        return not self._busy

    @property
    def _busy(self) -> bool:
        return self._saving or (self.handing_over and not self.ended.is_set())

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
        """Run tasks until ``close``; for a thread of its own."""
        try:
            while (item := self._queue.get()) is not None and not self._handed_on:
                if isinstance(item, Task):
                    self._attempt(item)
                else:
                    self._survey(item)
        finally:
            self.ended.set()
            if self.abandoned is not None and not self.closed.wait(PATIENCE):
                self.restore_terminal()
                os._exit(self.abandoned)

    @property
    def _handed_on(self) -> bool:
        """Whether nothing more is to begin here: what is queued stays beside the run before it."""
        return self.handed_over is not None or bool(self.not_handed_over)

    def _survey(self, config: RunConfig) -> None:
        try:
            data, device = self._laboratory.survey(config)
        except MnistTuiError as error:
            self.notices.put(str(error))
        except Exception as error:  # the thread must live: it runs what is started later
            self.notices.put(f"The device cannot be opened ({type(error).__name__}: {error}).")
        else:
            self.where = where_words(data.describe(), device.describe())

    def _attempt(self, task: Task) -> None:
        """Run a task; whatever goes wrong is told as its end, and the app lives on."""
        if self.handing_over:  # it may have come after the others were told
            task.control.stop(HAND_OVER)
        try:
            if task.resumes is None and not self._given_up(task):
                training = self._laboratory.missing_training(task.config)
                if training is not None:
                    self.notices.put(f"No trained {training.model} yet: training one first.")
                    self._attempt(self._add(training, task.batch))
                    if self._handed_on:
                        return
            self._working = task
            self._run(task)
        except MnistTuiError as error:
            self.mailbox.put(task, Failed(step=0, message=str(error)))
        except Exception as error:
            message = f"Unexpected {type(error).__name__}: {error}"
            self.mailbox.put(task, Failed(step=0, message=message))
        finally:
            self._working, self._saving = None, False

    def _given_up(self, task: Task) -> bool:
        return task.control.stop_reason not in (None, HAND_OVER)

    def _run(self, task: Task) -> None:
        with self._lock:
            if task.config in task.batch.configs:
                task.batch.configs.remove(task.config)
        if not self._given_up(task):
            session = self._session(task)
            task.config = session.config
        if self._given_up(task):
            self.mailbox.put(task, Stopped(step=0, reason=task.control.stop_reason))
            return
        self._saving = True
        run = session.run()
        handed_over = task.control.stop_reason == HAND_OVER  # and not stopped by someone before
        if handed_over and run.info["status"] != "finished":
            try:
                take_over(run)
            except (MnistTuiError, OSError) as error:
                self.handing_over = False
                self.not_handed_over = (
                    f"{run.id} does not continue in the background ({error}); it is stopped and "
                    f"kept: `mnist-tui resume {run.id}`"
                )
                self.notices.put(self.not_handed_over)
            else:
                self.handed_over, self.resumed_by_it = run.id, task.control.paused

    def _session(self, task: Task) -> Session:
        def begun(run: Run) -> None:
            with self._lock:
                if run.id not in task.batch.runs:
                    task.batch.runs.append(run.id)
            self._driven = run
            self._keep_queue()

        listening = {
            "listen": lambda event: self.mailbox.put(task, event),
            "control": task.control,
            "begun": begun,
        }
        if task.resumes is not None:
            return self._laboratory.resume(task.resumes, **listening)
        command, companions = task.batch.command, tuple(task.batch.runs)
        return self._laboratory.session(
            task.config, command=command, companions=companions, **listening
        )

    def _keep_queue(self) -> None:
        """Write down what waits, beside the run that goes on."""
        with self._lock:
            if self._driven is not None:
                self._keeper.keep(self._driven, self._batches)
