"""What a sweep's screen reads from its files, in a thread, look by look."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from engine.analysis.verdicts import Verdict
from engine.sweeps.outcome import Settled
from engine.sweeps.states import FINISHED, RunState
from engine.sweeps.watch import Course, Seen, Watch
from tui.app.faults import plant
from tui.app.screens.sweep.panels import Drawn, bands_of

Wanted = tuple[Sequence[Settled], str]  # settings and the curve of theirs that is drawn


@dataclass(frozen=True, eq=False)
class Reading:
    """What was read at one look: nothing at first."""

    seen: Seen | None = None
    courses: Mapping[str, Course] = field(default_factory=dict)
    verdicts: Mapping[str, Sequence[Verdict]] = field(default_factory=dict)
    bands: Drawn = ()
    told: tuple[object, ...] = ()  # what verdicts and bands were read for


def read(
    watch: Watch,
    last: Reading,
    in_view: Callable[[Seen], Sequence[RunState]],
    wanted: Callable[[Seen], Wanted],
) -> Reading:
    """Look at a sweep; verdicts and bands are as at the last look where no run has ended since.

    Raises EngineError where the files cannot be read.
    """
    plant("SweepView.look")
    seen = watch.look()
    courses = watch.courses(seen, in_view(seen))
    settings, metric = chosen = wanted(seen)
    told = told_of(seen, chosen)
    if told == last.told:
        return Reading(seen, courses, last.verdicts, last.bands, last.told)
    ended = not last.told or last.told[0] != told[0]
    verdicts = watch.verdicts(seen) if ended else last.verdicts
    return Reading(seen, courses, verdicts, bands_of(watch, settings, metric), told)


def told_of(seen: Seen, wanted: Wanted) -> tuple[object, ...]:
    """Return what verdicts and bands depend on: where that is the same, they are."""
    settings, metric = wanted
    return seen.counts[FINISHED], metric, [(one.section, one.label) for one in settings]
