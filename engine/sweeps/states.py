"""How far a sweep is, from its runs' own files: they say more than its journal, and never less."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from engine import sections
from engine.errors import EngineError
from engine.files.numbers import plain
from engine.files.reader import JOURNAL_LIMIT, LINE_LIMIT, MB, open_to_read
from engine.runs.lock import is_driven
from engine.runs.run import Run
from engine.sweeps.executors.slurm.site import may_be_queued
from engine.sweeps.executors.worker import has_begun
from engine.sweeps.schema import PlannedRun
from engine.sweeps.sweep import Sweep

TAIL = MB // 8  # bytes of a journal that surely hold a line of progress

# Of a run: what nothing has begun yet waits, or cannot begin since a run that it needs has failed.
WAITING, BLOCKED = "waiting", "blocked"
FINISHED, FAILED = "finished", "failed"
ACTIVE = "running"
SUBMITTED = "submitted"  # a sweep of which SLURM may have tasks in its queue
SLURM = "slurm"  # where nothing but its tasks drives a sweep


@dataclass(frozen=True)
class RunState:
    """One run of a sweep: its status, and what its files say of it."""

    planned: PlannedRun
    status: str
    attempt: int = 0
    message: str = ""
    result: Mapping[str, Any] | None = None
    seconds: float | None = None

    @property
    def headline(self) -> str:
        """Its result in a few characters."""
        if self.result is None:
            return ""
        return sections.find(self.planned.section).score(self.result)

    @property
    def measured(self) -> dict[str, float]:
        """The numbers that came of it; the first ranks."""
        if self.result is None:
            return {}
        return sections.find(self.planned.section).measured(self.result)


def states_of(
    sweep: Sweep,
    known: Mapping[str, RunState] = MappingProxyType({}),
    runs: Iterable[PlannedRun] | None = None,
) -> list[RunState]:
    """Return the state of every run, in the order of the plan. Raises EngineError.

    ``known`` are states, by run, that are not read again: of runs that have finished. ``runs`` are
    all that are looked at: some, and whatever they need.
    """
    attempts, messages = _told(sweep)
    states: list[RunState] = []
    lost: set[str] = set()  # runs that cannot come to a result as things are
    for planned in sweep.plan.runs if runs is None else runs:
        run = sweep.run(planned)
        before = known.get(planned.run_id)
        if before is not None and has_begun(run):  # and was not removed
            states.append(before)
            continue
        state = _state(sweep, run, planned, attempts, messages)
        if state.status == WAITING and lost.intersection(planned.needs):
            state = RunState(planned, BLOCKED, message=_blocked(lost.intersection(planned.needs)))
        if state.status in (FAILED, BLOCKED):
            lost.add(planned.run_id)
        states.append(state)
    return states


def with_needs(sweep: Sweep, planned: PlannedRun) -> list[PlannedRun]:
    """Return a run and all those that it needs, and these do, in the order of the plan."""
    wanted = {planned.run_id}
    found = []
    for run in reversed(sweep.plan.runs):  # no run needs a later one
        if run.run_id in wanted:
            wanted.update(run.needs)
            found.append(run)
    return found[::-1]


def _blocked(needs: set[str]) -> str:
    return f"needs {', '.join(sorted(needs))}, which failed"


def _told(sweep: Sweep) -> tuple[Counter[str], dict[str, str]]:
    """Return how often each run was begun, and why its last attempt failed."""
    attempts: Counter[str] = Counter()
    messages: dict[str, str] = {}
    for event in sweep.events():
        if event.event == "begun":
            attempts[event.run] += 1
            messages.pop(event.run, None)
        elif event.event == "ended" and event.status == FAILED:
            messages[event.run] = event.message
    return attempts, messages


def _state(
    sweep: Sweep,
    run: Run,
    planned: PlannedRun,
    attempts: Counter[str],
    messages: Mapping[str, str],
) -> RunState:
    attempt, message = attempts[run.id], messages.get(run.id, "")
    if not has_begun(run):  # or it failed before it had a directory
        return RunState(planned, FAILED if message else WAITING, attempt, message)
    try:
        info = run.read_info()
        if (info.get("sweep"), info["section"]) != (sweep.id, planned.section):
            return RunState(planned, FAILED, attempt, f"{run.id} is not a run of this sweep.")
        status = run.read_status()
        if status == FINISHED:
            result = run.read_result()
            return RunState(planned, status, attempt, "", result, result.get("seconds"))
    except EngineError as error:
        return RunState(planned, FAILED, attempt, str(error))
    return RunState(planned, status, attempt, message or info.get("message", ""))


def progress_of(run: Run) -> tuple[int, int]:
    """Return the last step that a run's journal tells of and how many there will be, or zeros."""
    import msgspec

    try:
        with open_to_read(run.journal, JOURNAL_LIMIT) as file:
            steps = _number(msgspec.json.decode(file.readline(LINE_LIMIT + 1)), "steps")
            file.seek(0, 2)
            file.seek(max(0, file.tell() - TAIL))
            for line in reversed(file.read(TAIL).split(b"\n")[1:-1]):
                if b'"progress"' in line[:64]:
                    return _number(msgspec.json.decode(line), "step"), steps
            return 0, steps
    except (EngineError, OSError, msgspec.MsgspecError, UnicodeError, RecursionError):
        return 0, 0


def _number(values: Any, name: str) -> int:
    value = values.get(name) if isinstance(values, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def is_active(sweep: Sweep) -> bool:
    """Tell whether a process drives a sweep, or tasks of SLURM its runs."""
    if is_driven(sweep.path):
        return True
    try:
        plan = sweep.plan
    except EngineError:  # a damaged one is driven by nobody
        return False
    return plan.executor == SLURM and any(is_driven(sweep.run(run).path) for run in plan.runs)


def status_of(sweep: Sweep, states: list[RunState]) -> str:
    """Return a sweep's status in a word: running, submitted, finished, failed or stopped."""
    if is_active(sweep):
        return ACTIVE
    found = {state.status for state in states}
    if found == {FINISHED}:
        return FINISHED
    if found <= {FINISHED, FAILED, BLOCKED}:
        return FAILED
    if sweep.plan.executor == SLURM and not sweep.stop_asked() and may_be_queued(sweep):
        return SUBMITTED
    return "stopped"


def to_json(sweep: Sweep) -> dict[str, Any]:
    """Return a sweep's state as plain JSON values, stable for scripts. Raises EngineError."""
    plan, states = sweep.read(), states_of(sweep)
    counts = Counter(state.status for state in states)
    return {
        "sweep": sweep.id,
        "name": plan.name,
        "section": plan.section,
        "status": status_of(sweep, states),
        "executor": plan.executor,
        "started_at": plan.started_at.isoformat(),
        "finished_at": None if plan.finished_at is None else plan.finished_at.isoformat(),
        "axes": plan.axes,
        "counts": {"planned": len(states), **dict(sorted(counts.items()))},
        "runs": [_run_json(sweep, state) for state in states],
    }


def _run_json(sweep: Sweep, state: RunState) -> dict[str, Any]:
    planned = state.planned
    step, steps = progress_of(sweep.run(planned)) if state.status == ACTIVE else (0, 0)
    values = {
        "run": planned.run_id,
        "section": planned.section,
        "setting": planned.setting,
        "seed": planned.seed,
        "status": state.status,
        "attempt": state.attempt,
        "message": state.message,
        "measured": state.measured,
        "seconds": state.seconds,
    }
    if state.status == ACTIVE:
        values |= {"step": step, "steps": steps}
    return dict(plain(values))
