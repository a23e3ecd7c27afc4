"""What a task of the array does: its run, or several one after another."""

import threading
import time
from collections.abc import Callable
from enum import Enum

from engine.laboratory import Laboratory
from engine.runs.control import Control
from engine.runs.lock import holder_of
from engine.sweeps.executors.executor import Outcome, Task
from engine.sweeps.executors.worker import execute
from engine.sweeps.schema import Kind, PlannedRun, SweepEvent
from engine.sweeps.states import (
    BLOCKED,
    FAILED,
    FINISHED,
    RunState,
    progress_of,
    states_of,
    with_needs,
)
from engine.sweeps.sweep import Sweep

LOOK = 1.0  # seconds between two looks at whether a stop was asked for
NEEDS_LOOK = 5.0  # and at whether what a run needs has finished
WAIT = 600.0  # seconds that a task waits for what it needs, before others have its place
STUCK = 3  # attempts without a step between them: the time of a task is too short for its run
ASKED = "another process"  # why a run is stopped, where someone asked for that


class End(Enum):
    """How a task ended."""

    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    AGAIN = "again"  # it is to be put into the queue again


class ArrayTask:
    """The runs of one task. ``say`` hears what comes of them, a line each."""

    def __init__(self, sweep: Sweep, control: Control, say: Callable[[str], None]) -> None:
        self._sweep, self._control, self._say = sweep, control, say
        self._laboratory = Laboratory(warn=say)
        self.was_last = False  # whether it did the last run, and some have finished

    def do(self, positions: range) -> End:
        """Do the runs at some places of the plan. Raises EngineError and OSError."""
        over = threading.Event()
        listener = threading.Thread(target=self._hear, args=(over,), daemon=True)
        listener.start()
        try:
            ends = []
            for position in positions:
                ends.append(self._do(self._sweep.plan.runs[position]))
                if ends[-1] in (End.STOPPED, End.AGAIN):
                    return ends[-1]
            return End.FAILED if End.FAILED in ends else End.DONE
        finally:
            over.set()

    def _hear(self, over: threading.Event) -> None:
        """Stop the run where the whole sweep is to stop."""
        while not over.wait(LOOK):
            if self._sweep.stop_asked():
                self._control.stop(ASKED)

    def _do(self, planned: PlannedRun) -> End:
        if self._sweep.stop_asked():
            self._control.stop(ASKED)
        state, ready = self._wait_for_needs(planned)
        if state.status == FINISHED:
            return End.DONE
        if state.status == BLOCKED:
            self._say(f"{planned.run_id} cannot begin: {state.message}")
            return End.FAILED
        if self._control.stop_reason is not None:
            return self._stopped()
        if not ready:
            self._say(f"{planned.run_id} waits for {', '.join(planned.needs)}")
            return End.AGAIN
        return self._execute(planned, state)

    def _wait_for_needs(self, planned: PlannedRun) -> tuple[RunState, bool]:
        """Return the run's state once it can begin or never will, or waiting is over.

        With it, whether the runs that it needs have finished.
        """
        deadline = time.monotonic() + WAIT
        runs = with_needs(self._sweep, planned)
        while True:
            found = states_of(self._sweep, runs=runs)
            states = {state.planned.run_id: state for state in found}
            state, needs = states[planned.run_id], [states.get(need) for need in planned.needs]
            ready = all(need is None or need.status == FINISHED for need in needs)
            over = self._control.stop_reason is not None or time.monotonic() > deadline
            if ready or over or state.status in (FINISHED, BLOCKED):
                return state, ready
            time.sleep(NEEDS_LOOK)

    def _execute(self, planned: PlannedRun, state: RunState) -> End:
        run = self._sweep.run(planned)
        attempt = max(state.attempt, holder_of(run.path).attempt) + 1
        task = Task(self._sweep.path.resolve(), planned, attempt)
        self._tell("begun", task)
        threads = self._sweep.plan.threads or 1
        outcome = execute(task, self._laboratory, self._control, threads=threads)
        message = outcome.message
        if outcome.status not in (FINISHED, FAILED):
            step, steps = progress_of(run)
            message = f"stopped by {self._control.stop_reason} at step {step:,} of {steps:,}"
        self._tell("ended", task, outcome, message)
        words = f"failed: {message}" if outcome.status == FAILED else message or outcome.status
        self._say(f"{planned.run_id}: {words}")
        if outcome.status not in (FINISHED, FAILED):
            return self._stopped(planned, message)
        self._end()
        return End.DONE if outcome.status == FINISHED else End.FAILED

    def _stopped(self, planned: PlannedRun | None = None, message: str = "") -> End:
        """Tell whether a task that was stopped is to come back."""
        if self._control.stop_reason == ASKED or self._sweep.stop_asked():
            return End.STOPPED
        if planned is not None and self._is_stuck(planned, message):
            self._say(f"{planned.run_id} takes no step in its time; give it more (--sbatch)")
            return End.STOPPED
        return End.AGAIN

    def _is_stuck(self, planned: PlannedRun, message: str) -> bool:
        ends = [e for e in self._sweep.events() if e.event == "ended" and e.run == planned.run_id]
        last = [event.message for event in ends[-STUCK:]]
        return last == [message] * STUCK

    def _end(self) -> None:
        """Find out whether this was the sweep's last run; if it has finished, write so."""
        if not has_ended(self._sweep):
            return
        found = {state.status for state in states_of(self._sweep)}
        self.was_last = FINISHED in found and found <= {FINISHED, FAILED, BLOCKED}
        if found == {FINISHED}:
            self._sweep.end(finished=True)

    def _tell(
        self, kind: Kind, task: Task, outcome: Outcome | None = None, message: str = ""
    ) -> None:
        event = SweepEvent(
            event=kind,
            time=time.time(),
            run=task.run_id,
            attempt=task.attempt,
            status="" if outcome is None else outcome.status,
            message=message,
        )
        self._sweep.append(event)


def has_ended(sweep: Sweep) -> bool:
    """Tell whether every run of a sweep has finished or failed, or needs one that failed.

    By its journal, which is one file: a run's own are read only where that does not tell of its
    end, and none beyond the first that goes on.
    """
    ended: dict[str, str] = {}
    for event in sweep.events():
        if event.event == "begun":
            ended.pop(event.run, None)
        elif event.event == "ended":
            ended[event.run] = event.status
    lost: set[str] = set()
    for planned in sweep.plan.runs:
        status = ended.get(planned.run_id)
        if status == FAILED or lost.intersection(planned.needs):
            lost.add(planned.run_id)
        elif status != FINISHED:
            [state] = states_of(sweep, runs=[planned])  # a task may be killed before it tells
            if state.status != FINISHED:
                return False
    return True
