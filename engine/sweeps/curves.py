"""The curves of a sweep's settings, one for each seed, from the journals of their runs."""

from collections.abc import Sequence

from engine import sections
from engine.errors import EngineError
from engine.runs.curves import Curve
from engine.runs.history import History
from engine.sweeps.outcome import Settled
from engine.sweeps.sweep import Sweep


def told_curves(section: str) -> list[str]:
    """Return the names of the curves that a section is looked at by, the main one first."""
    of = sections.find(section)
    return list(dict.fromkeys(name for name in (of.headline_curve, *of.series) if name))


def curves_of(sweep: Sweep, setting: Settled, names: Sequence[str]) -> dict[str, list[Curve]]:
    """Return each curve of a setting's runs, of those that have one.

    Of several values at a step, their mean. A run that has not begun, or whose journal cannot be
    read, has none.
    """
    found: dict[str, list[Curve]] = {name: [] for name in names}
    for state in setting.states:
        run = sweep.run(state.planned)
        try:
            curves = History.of(run.events()).curves
        except EngineError:
            continue
        for name in names:
            if name in curves:
                found[name].append(flat(curves[name]))
    return found


def flat(curve: Curve) -> Curve:
    """Return a curve of one value a step, the mean of several: [S] of [S] or [S, L]."""
    values = curve.values
    return Curve(curve.steps, values.reshape(len(values), -1).mean(1) if values.size else values)
