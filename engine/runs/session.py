"""Drives one experiment: the only place where events become files.

A Session pulls events from an experiment's generator, writes each to the journal, hands it to
its listener, and obeys its Control at every Progress and Working. The command
line and the app differ only in what listens, so both leave the same files. A Session that
resumes a run continues from its checkpoint and leaves what an uninterrupted one would have left.
"""

import gc
import shutil
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from engine import sections
from engine.config import RunConfig
from engine.errors import EngineError, is_out_of_memory
from engine.files.writer import npz_bytes
from engine.runs.beginning import Planned, create, rewind, write_files
from engine.runs.control import HAND_OVER, Control
from engine.runs.events import (
    Checkpoint,
    Event,
    Failed,
    Finished,
    Progress,
    Resumed,
    Started,
    Stopped,
    Working,
)
from engine.runs.failures import failure_of, of_the_listener, too_large
from engine.runs.journal import Journal
from engine.runs.lock import RunLock
from engine.runs.run import Run, now
from engine.runs.schema import ANSWERS_FILE

if TYPE_CHECKING:
    from engine.data.dataset import Dataset
    from engine.networks.code import Code
    from engine.numerics.device import Device
    from engine.runs.checkpoint import Checkpointer
    from engine.sections.section import Experiment

PAUSE_LOOK = 0.02  # seconds between two looks at whether a pause is over


class Session:
    """One run, from a resolved config to the files of a finished, stopped or failed run."""

    def __init__(
        self,
        config: RunConfig,
        data: "Dataset",
        device: "Device",
        *,
        listen: Callable[[Event], None],
        control: Control | None = None,
        command: str = "",
        companions: tuple[str, ...] = (),
        begun: Callable[[Run], None] = lambda run: None,
        resumed: Run | None = None,
        code: "Code | None" = None,
        planned: Planned | None = None,
        figures: bool = True,
        attempt: int | None = None,
    ) -> None:
        """Prepare a run; nothing is written before ``run``.

        ``command`` is the command line that does the same; ``companions`` are ids of runs that
        were started together with this one, for the figures that show them side by side.
        ``begun`` is called once the run's directory is there and nobody else can drive it.
        ``resumed`` is the run to resume; ``config`` is its config. ``code`` is the file that the
        network is made by which is trained, if by one of one's own; the run keeps a copy.
        ``planned`` is what a sweep has planned the run as, ``attempt`` how often it has tried.
        Without ``figures``, those are left for whoever wants to see them: they are drawn from the
        run's files.
        """
        self.config = config
        self._section = sections.find(config.section)
        self.data = data
        self.device = device
        self.listen = listen
        self.control = control or Control()
        self.command = command
        self.companions = companions
        self.begun = begun
        self.resumed = resumed
        self.code = code
        self.planned = planned
        self.figures = figures
        self.attempt = attempt
        self.seconds = 0.0  # spent in the experiment up to its last Progress
        self._unheard: Exception | None = None  # what ``listen`` raised

    def run(self) -> Run:
        """Drive the experiment and return its run, finished or stopped.

        Raises MnistTuiError, with the run left as failed, where the experiment cannot go on, and
        with nothing left where it cannot begin. Where ``listen`` raises, the run is stopped, kept,
        and whole; what it raised is then raised as an EngineError.
        """
        from engine.runs.checkpoint import Checkpointer  # torch, which takes seconds to import

        experiment: Experiment[Any] | None
        try:
            experiment = self._section.experiment(self.config, self.data, self.device, self.code)
        except Exception as error:
            if is_out_of_memory(error):
                raise too_large(
                    error, "and try again; the run", self.config.device, self._section.smaller
                ) from error
            raise
        run = self.resumed or create(self.config, self.planned)
        with self._opened(run, experiment) as journal:
            try:
                self.begun(run)
                run.keep_reserve()
                events: Generator[Event, None, None] | None
                events = self._section.events(experiment, self.config, self.data, self.device)
                # Closed, whatever happens: what it holds on a device goes with it.
                with Checkpointer(run) as checkpointer, closing(events):
                    last = self._drive(events, experiment, run, journal, checkpointer)
                step, experiment, events = last.step, None, None  # all that it made is in files
                self.device.give_back()
                if isinstance(last, Stopped):
                    run.update(status="stopped", finished_at=now())
                    run.free_reserve()
                elif not self._finish(last, run):
                    self._emit(Stopped(step=last.step, reason=HAND_OVER), journal)
                    run.update(status="stopped", finished_at=now())
            except Exception as error:
                if experiment is not None:
                    step = experiment.state.step
                failure = self._failed(error, step, run, journal)
                if failure is error:
                    raise
                raise failure from error
        if self._unheard is not None:
            raise of_the_listener(self._unheard, run) from self._unheard
        return run

    @contextmanager
    def _opened(self, run: Run, experiment: "Experiment[Any]") -> Iterator[Journal]:
        """Lock the run, create its files or rewind them to the checkpoint; yield the journal."""
        open_journal = self._go_back if self.resumed is not None else self._begin
        with ExitStack() as stack:
            try:
                stack.enter_context(RunLock(run.path, attempt=self.attempt))
                journal = stack.enter_context(open_journal(run, experiment))
            except OSError as error:
                if self.resumed is None and self.planned is None:  # that one may be another's
                    shutil.rmtree(run.path, ignore_errors=True)
                raise EngineError(
                    f"The files of {run.path} cannot be written ({error.strerror or error}); "
                    "fix that and try again."
                ) from None
            del experiment  # nothing here holds what it made
            yield journal

    def _begin(self, run: Run, experiment: "Experiment[Any]") -> Journal:
        environment = self.device.describe()
        write_files(
            run, self.config, self.data, environment, command=self.command,
            companions=self.companions, planned=self.planned, code=self.code,
        )  # fmt: skip
        return self._begin_journal(run, experiment, environment)

    def _begin_journal(
        self, run: Run, experiment: "Experiment[Any]", environment: dict[str, Any]
    ) -> Journal:
        journal = Journal(run.path)
        started = Started(
            step=0,
            run=run.id,
            section=self.config.section,
            title=self.config.title,
            steps=experiment.steps,
            config=self.config.to_json(),
            dataset=self.data.describe(),
            environment=environment,
        )
        self._emit(started, journal)
        return journal

    def _go_back(self, run: Run, experiment: "Experiment[Any]") -> Journal:
        """Go back to the checkpoint and replay what there is up to it."""
        environment = self.device.describe()
        back = rewind(run, experiment, environment)
        self.seconds = back.seconds
        if not back.begun:
            return self._begin_journal(run, experiment, environment)
        for event in run.events():
            self._tell(event)
        journal = Journal(run.path)
        self._emit(Resumed(step=experiment.state.step), journal)
        return journal

    def _drive(
        self,
        events: Iterable[Event],
        experiment: "Experiment[Any]",
        run: Run,
        journal: Journal,
        checkpointer: "Checkpointer",
    ) -> Finished | Stopped:
        """Pull events until the experiment ends or a stop is asked for."""
        since = time.perf_counter()
        for event in events:
            if isinstance(event, Progress):
                self.seconds += time.perf_counter() - since
            if isinstance(event, Working):
                self._tell(event)
            elif isinstance(event, Finished):
                for name, content in experiment.state.files().items():
                    run.write(name, content)
                if event.answers:
                    run.write(ANSWERS_FILE, npz_bytes(event.answers))
                self._emit(event, journal)
                return event
            else:
                self._emit(event, journal)
            if isinstance(event, (Progress, Working)):
                if self._wishes_to_stop(run):
                    self._checkpoint(experiment, journal, checkpointer)
                    self._emit_written(checkpointer.wait(), journal)
                    stopped = Stopped(step=event.step, reason=self.control.stop_reason or "")
                    self._emit(stopped, journal)
                    return stopped
                self._emit_written(checkpointer.written(), journal)
                epoch_ends = event.step % experiment.checkpoint_interval == 0
                if isinstance(event, Working):  # all steps are taken: keep them while it is judged
                    due = checkpointer.step != event.step
                else:
                    due = checkpointer.due(epoch_ends=epoch_ends)
                if due:
                    self._checkpoint(experiment, journal, checkpointer)
                since = time.perf_counter()
        raise RuntimeError("the experiment ended without a Finished event")

    def _wishes_to_stop(self, run: Run) -> bool:
        """Wait while paused; tell whether a stop was requested, here or by another process."""
        while True:
            if run.stop_asked():
                self.control.stop("another process")
            if self.control.stop_reason is not None or not self.control.paused:
                return self.control.stop_reason is not None
            time.sleep(PAUSE_LOOK)

    def _checkpoint(
        self, experiment: "Experiment[Any]", journal: Journal, checkpointer: "Checkpointer"
    ) -> None:
        self._emit_written(checkpointer.wait(), journal)
        checkpointer.begin(experiment.state.state_dict(), self.seconds, journal.size)

    def _emit_written(self, step: int | None, journal: Journal) -> None:
        if step is not None:
            self._emit(Checkpoint(step=step), journal)

    def _finish(self, finished: Finished, run: Run) -> bool:
        """Draw the figures and write the result; False where the run is to be handed over."""
        from engine.runs.result import end_run  # with checkpoints, and so torch

        def tell(doing: str) -> None:
            gc.collect()  # a figure is a cycle: each would stay beside the next
            self.device.give_back()
            self._tell(Working(step=finished.step, doing=doing))

        return end_run(
            run, finished, self.seconds, tell=tell, control=self.control, figures=self.figures
        )

    def _failed(self, error: Exception, step: int, run: Run, journal: Journal) -> Exception:
        """Mark the run as failed, as far as the disk allows, and return the error to raise."""
        error, message = failure_of(error, run, self.config.device, self._section.smaller)
        run.free_reserve()
        with suppress(OSError, EngineError):
            run.update(status="failed", finished_at=now(), message=message)
        failed = Failed(step=step, message=message, time=time.time())
        with suppress(OSError, EngineError):
            journal.append(failed)
        self._tell(failed)
        return error

    def _emit(self, event: Event, journal: Journal) -> None:
        stamped = event.at(time.time(), place=journal.size)
        journal.append(stamped)
        self._tell(stamped)

    def _tell(self, event: Event) -> None:
        """Hand an event to the listener; an error there must not harm the run."""
        try:
            self.listen(event)
        except BrokenPipeError:  # the reader has left: keep what was done and stop
            self._stop_telling("SIGPIPE")
        except Exception as error:
            self._unheard = error
            self._stop_telling("listener")

    def _stop_telling(self, reason: str) -> None:
        self.control.stop(reason)
        self.listen = lambda event: None
