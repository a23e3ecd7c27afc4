"""Drives a sweep: gives its unfinished runs to an executor, and goes on until none can.

One process at most drives a sweep. What has finished is known by the runs' own files, never by the
driver's memory, so it may be killed anywhere; runs that were active then stop by themselves, and go
on from their checkpoints when the sweep is resumed.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field

from engine.errors import EngineError
from engine.runs.control import Control
from engine.runs.lock import RunLock, holder_of
from engine.sweeps.executors.executor import Executor, Outcome, Task, WorkerLost
from engine.sweeps.schema import Kind, PlannedRun, SweepEvent
from engine.sweeps.states import FAILED, FINISHED, states_of
from engine.sweeps.sweep import Sweep

ATTEMPTS = 3  # at a run whose worker is lost, in one drive
LOOK = 0.1  # seconds between two looks at whether a stop was asked for

Listen = Callable[[SweepEvent], None]


@dataclass
class Tally:
    """What a drive came to: ids of runs by what became of them."""

    finished: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)  # with the reason
    stopped: list[str] = field(default_factory=list)
    blocked: list[str] = field(default_factory=list)  # they need one that failed

    @property
    def complete(self) -> bool:
        """Whether every run has finished."""
        return not (self.failed or self.stopped or self.blocked)


def lock_of(sweep: Sweep) -> RunLock:
    """Lock a sweep for this process to drive it; what asked an earlier one to stop is forgotten.

    Before there is an executor: that of an active sweep is not to be disturbed. Raises EngineError
    where another process drives the sweep.
    """
    with _in_words(sweep):
        lock = RunLock(sweep.path, "Sweep")
        try:
            sweep.forget_stop()
        except BaseException:
            lock.release()
            raise
        return lock


@contextmanager
def _in_words(sweep: Sweep) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EngineError(
            f"The files of {sweep.path} cannot be written ({error.strerror or error}); "
            "fix that, then resume the sweep."
        ) from None


class SweepDriver:
    """Drives one sweep once. ``listen`` hears what is written to its journal."""

    def __init__(
        self,
        sweep: Sweep,
        executor: Executor,
        *,
        control: Control,
        listen: Listen = lambda event: None,
    ) -> None:
        self._sweep, self._executor, self._control, self._listen = sweep, executor, control, listen
        self._tally = Tally()
        self._waiting: list[PlannedRun] = []
        self._active: dict[Future[Outcome], Task] = {}
        self._attempts: Counter[str] = Counter()  # at each run, ever
        self._tries: Counter[str] = Counter()  # in this drive

    def drive(self, *, locked: bool = False) -> Tally:
        """Execute what has not finished, and say what came of it.

        ``locked`` where the caller has the sweep's lock. Raises EngineError where another process
        drives the sweep already, and where its journal cannot be written.
        """
        with _in_words(self._sweep), nullcontext() if locked else lock_of(self._sweep):
            self._look()
            try:
                self._drive()
            except BaseException:
                self._executor.stop("the sweep's driver has failed")
                raise
            self._sweep.end(finished=self._tally.complete)
        return self._tally

    def _look(self) -> None:
        """Find out from the files what is to be done."""
        for state in states_of(self._sweep):
            # A journal that lost lines counts too few, and a run yields to no earlier attempt.
            begun = holder_of(self._sweep.run(state.planned).path).attempt
            self._attempts[state.planned.run_id] = max(state.attempt, begun)
            if state.status == FINISHED:
                self._tally.finished.append(state.planned.run_id)
            else:
                self._waiting.append(state.planned)

    def _drive(self) -> None:
        while self._waiting or self._active:
            if self._is_to_stop():
                self._tally.stopped += [run.run_id for run in self._waiting]
                self._waiting.clear()
                self._executor.stop(self._control.stop_reason or "")
            self._give_up()
            while len(self._active) < self._executor.slots and (run := self._next()) is not None:
                self._submit(run)
            if self._active:
                done, _ = wait(self._active, timeout=LOOK, return_when=FIRST_COMPLETED)
                for future in [future for future in self._active if future in done]:
                    self._ended(future)

    def _is_to_stop(self) -> bool:
        if self._control.stop_reason is None and self._sweep.stop_asked():
            self._control.stop("another process")
        return self._control.stop_reason is not None

    def _give_up(self) -> None:
        """Leave runs that need one which did not finish; those that need these, too."""
        failed = {*self._tally.failed, *self._tally.blocked}
        stopped = set(self._tally.stopped)
        for run in list(self._waiting):  # in the plan's order: no run needs a later one
            if failed.intersection(run.needs):
                failed.add(run.run_id)
                self._tally.blocked.append(run.run_id)
            elif stopped.intersection(run.needs):
                stopped.add(run.run_id)
                self._tally.stopped.append(run.run_id)
            else:
                continue
            self._waiting.remove(run)

    def _next(self) -> PlannedRun | None:
        """Take the first run whose needs have all finished from those that wait."""
        pending = {run.run_id for run in self._waiting}
        pending.update(task.run_id for task in self._active.values())
        for run in self._waiting:
            if pending.isdisjoint(run.needs):
                self._waiting.remove(run)
                return run
        return None

    def _submit(self, run: PlannedRun) -> None:
        self._attempts[run.run_id] += 1
        self._tries[run.run_id] += 1
        task = Task(self._sweep.path.resolve(), run, self._attempts[run.run_id])
        self._tell("begun", task)
        self._active[self._executor.submit(task)] = task

    def _ended(self, future: "Future[Outcome]") -> None:
        task = self._active.pop(future)
        run_id = task.run_id
        try:
            outcome = future.result()
        except WorkerLost as lost:
            if self._is_to_stop():
                outcome = Outcome("stopped", str(lost))
            elif self._tries[run_id] < ATTEMPTS:
                self._tell("retried", task, message=str(lost))
                self._submit(task.planned)
                return
            else:
                outcome = Outcome(FAILED, f"{self._tries[run_id]} times, {lost}")
        if outcome.status == FINISHED:
            self._tally.finished.append(run_id)
        elif outcome.status == FAILED:
            self._tally.failed[run_id] = outcome.message
        else:
            self._tally.stopped.append(run_id)
        self._tell("ended", task, status=outcome.status, message=outcome.message)

    def _tell(self, kind: Kind, task: Task, status: str = "", message: str = "") -> None:
        event = SweepEvent(
            event=kind,
            time=time.time(),
            run=task.run_id,
            attempt=task.attempt,
            status=status,
            message=message,
        )
        self._sweep.append(event)
        self._listen(event)
