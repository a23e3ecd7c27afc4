"""Follows a sweep that anything may drive, from its files: what has finished is read once."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from engine import sections
from engine.analysis.bands import Band, aligned_band
from engine.analysis.verdicts import Verdict
from engine.errors import EngineError
from engine.runs.course import course
from engine.runs.curves import Curve, binned
from engine.runs.history import History
from engine.sweeps.atlas.atlas import atlas_of, doubling_in_words
from engine.sweeps.curves import flat
from engine.sweeps.outcome import Settled, compared, settled
from engine.sweeps.schema import PlannedRun
from engine.sweeps.states import ACTIVE, FINISHED, RunState, progress_of, states_of, status_of
from engine.sweeps.sweep import Sweep

POINTS = 400  # of a curve: a terminal has no more columns of dots
Course = tuple[float | None, ...]


@dataclass(frozen=True, eq=False)
class Seen:
    """A sweep as its files were at one moment."""

    sweep: Sweep
    status: str
    states: Sequence[RunState]  # in the order of the plan
    progress: Mapping[str, tuple[int, int]]  # of active runs: the step, and how many there will be
    begun: Mapping[str, float]  # when the last attempt at each run began

    @cached_property
    def counts(self) -> Counter[str]:
        """How many runs there are of each status."""
        return Counter(state.status for state in self.states)

    @cached_property
    def settled(self) -> list[Settled]:
        """Its settings, section by section, the best first."""
        return settled(self.states)

    @cached_property
    def sections(self) -> list[str]:
        """The sections of its runs: that which it is a sweep of, then in the order of the plan."""
        found = dict.fromkeys(state.planned.section for state in self.states)
        return sorted(found, key=lambda section: section != self.sweep.plan.section)

    @cached_property
    def atlas_words(self) -> str:
        """Whether twice the steps would change the robustness atlas, "" where it is none."""
        atlas = atlas_of(self.states)
        return "" if atlas is None else doubling_in_words(atlas.doubled())

    def share(self, state: RunState) -> float:
        """How much of a run is done, 0 to 1."""
        if state.status == FINISHED:
            return 1.0
        step, steps = self.progress.get(state.planned.run_id, (0, 0))
        return min(step / steps, 1.0) if steps else 0.0

    @cached_property
    def done(self) -> float:
        """How much of the whole is done, 0 to 1: runs count alike."""
        return sum(map(self.share, self.states)) / len(self.states)

    @cached_property
    def left(self) -> float | None:
        """About how many seconds it will go on, by its own runs so far; None if not known."""
        taken = [state.seconds for state in self.states if state.seconds is not None]
        active = self.counts[ACTIVE]
        if not taken or not active:
            return None
        waiting = [state for state in self.states if state.status in (ACTIVE, "waiting")]
        missing = sum(1 - self.share(state) for state in waiting)
        return missing * sum(taken) / len(taken) / active


class Watch:
    """Looks at a sweep again and again; for one thread at a time."""

    def __init__(self, sweep: Sweep) -> None:
        self.sweep = sweep
        self._finished: dict[str, RunState] = {}
        self._seen: Seen | None = None
        self._courses: dict[str, Course] = {}  # of finished runs
        self._curves: dict[str, dict[str, Curve]] = {}  # of finished runs, by name

    def look(self) -> Seen:
        """Return the sweep as it is; the very same object where nothing has changed.

        Raises EngineError where its plan or its journal cannot be read.
        """
        states = states_of(self.sweep, self._finished)
        self._finished = {s.planned.run_id: s for s in states if s.status == FINISHED}
        progress = {
            state.planned.run_id: progress_of(self.sweep.run(state.planned))
            for state in states
            if state.status == ACTIVE
        }
        status, before = status_of(self.sweep, states), self._seen
        if (
            before is not None
            and (before.status, before.progress) == (status, progress)
            and all(map(_alike, before.states, states))
        ):
            return before
        begun = {event.run: event.time for event in self.sweep.events() if event.event == "begun"}
        self._seen = Seen(self.sweep, status, states, progress, begun)
        return self._seen

    def courses(self, seen: Seen, shown: Sequence[RunState]) -> dict[str, Course]:
        """Return the course of each run's main curve, of those that are shown and have begun."""
        found: dict[str, Course] = {}
        for state in shown:
            name = state.planned.run_id
            if name in self._courses:
                found[name] = self._courses[name]
                continue
            if name not in seen.begun and state.status != FINISHED:
                continue
            curve = sections.find(state.planned.section).headline_curve
            found[name] = course(self.sweep.run(state.planned).journal, curve) if curve else ()
            if state.status == FINISHED:
                self._courses[name] = found[name]
        return found

    def verdicts(self, seen: Seen) -> dict[str, list[Verdict]]:
        """Return how the best settings of each section compare."""
        return compared(self.sweep, seen.settled)

    def bands(self, settings: Sequence[Settled], name: str) -> list[Band | None]:
        """Return the mean curve of each of some settings over their seeds."""
        return [
            aligned_band([
                curves[name]
                for state in one.states
                if name in (curves := self._curves_of(state.planned, state.status))
            ])
            for one in settings
        ]  # fmt: skip

    def _curves_of(self, planned: PlannedRun, status: str) -> Mapping[str, Curve]:
        """Return a run's curves, as fine as they can be drawn; none where it has no journal."""
        if planned.run_id in self._curves:
            return self._curves[planned.run_id]
        run = self.sweep.run(planned)
        try:
            curves = History.of(run.events()).curves
        except EngineError:
            return {}
        found = {name: binned(flat(curve), POINTS)[0] for name, curve in curves.items()}
        if status == FINISHED:
            self._curves[planned.run_id] = found
        return found


def _alike(one: RunState, other: RunState) -> bool:
    """Tell whether nothing that is shown of a run has changed."""
    return one is other or (
        (one.status, one.attempt, one.message) == (other.status, other.attempt, other.message)
        and one.status != FINISHED
    )
