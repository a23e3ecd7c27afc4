"""What came of a sweep: a setting's runs over their seeds, and settings compared."""

import dataclasses
import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine import sections
from engine.analysis.compare import is_share
from engine.analysis.statistics import Seed, Spread, spread
from engine.analysis.verdicts import Group, Verdict, verdicts
from engine.files.numbers import plain
from engine.runs.run import Run
from engine.sweeps.plan import NETWORK
from engine.sweeps.schema import PlannedRun, Value
from engine.sweeps.states import FINISHED, RunState
from engine.sweeps.sweep import Sweep

MOST_COMPARED = 12  # settings: beyond that, only the best are


@dataclass(frozen=True)
class Settled:
    """A setting and its runs. ``metric`` is what they are ranked by, "" where nothing is."""

    section: str
    label: str
    setting: dict[str, Value]
    states: list[RunState]
    metric: str

    @property
    def values(self) -> dict[Seed, float]:
        """What each finished run came to, by seed."""
        return {
            state.planned.seed: state.measured[self.metric]
            for state in self.states
            if self.metric in state.measured
        }

    @property
    def spread(self) -> Spread:
        """Mean, deviation and interval over the seeds."""
        return spread(self.values)

    def cells(self, show: Callable[[float], str]) -> list[str]:
        """Return its row in a table: runs with a result, mean, deviation, interval, best, worst.

        ``show`` writes a value; what there is none of is a dash.
        """
        found, values, planned = self.spread, self.values, len(self.states)
        count = str(planned) if found.n == planned else f"{found.n} of {planned}"
        if not found.n:
            return [count, *["–"] * 5]
        assert found.best is not None  # there is a value
        assert found.worst is not None
        low, high = found.low, found.high
        if is_share(self.metric):  # which an interval by Student's t may overstep
            low, high = max(low, 0.0), min(high, 1.0)
        return [
            count,
            show(found.mean),
            show(found.deviation) if found.n > 1 else "–",
            f"{show(low)} to {show(high)}" if math.isfinite(found.low) else "–",
            f"{show(values[found.best])} (seed {found.best})",
            f"{show(values[found.worst])} (seed {found.worst})",
        ]


def settled(states: Sequence[RunState]) -> list[Settled]:
    """Return a sweep's settings, section by section, the best first."""
    groups: dict[tuple[str, str, str], list[RunState]] = {}
    several = len({(s.planned.section, _model(s)) for s in states}) > 1
    for state in states:
        planned = state.planned
        model = unnamed_model(planned) if several else ""
        key = planned.section, model, repr(sorted(planned.setting.items()))
        groups.setdefault(key, []).append(state)
    found = []
    for (section, model, _), members in groups.items():
        metric = next((next(iter(s.measured), "") for s in members if s.status == FINISHED), "")
        setting = members[0].planned.setting
        label = ", ".join(filter(None, (model, in_words(setting)))) or section
        found.append(Settled(section, label, setting, members, metric))
    order = list(dict.fromkeys(one.section for one in found))
    return sorted(found, key=lambda one: (order.index(one.section), -_merit(one)))


def _model(state: RunState) -> str:
    return str(state.planned.config.get("model") or "")


def unnamed_model(planned: PlannedRun) -> str:
    """Return a run's model, "" where its setting names it already."""
    named = {"model", NETWORK} & planned.setting.keys()
    return "" if named else str(planned.config.get("model") or "")


def described(planned: PlannedRun) -> str:
    """Return in a few words what sets a run apart, but for its section and seed."""
    return ", ".join(filter(None, (unnamed_model(planned), in_words(planned.setting))))


def _merit(one: Settled) -> float:
    mean = one.spread.mean
    return mean if mean == mean else float("-inf")


def in_words(setting: dict[str, Value]) -> str:
    """Return a setting in a few words: ``two-conv, learning rate 0.03``."""
    return ", ".join(
        value if isinstance(value, str) else f"{name.replace('_', ' ')} {word(value)}"
        for name, value in setting.items()
    )


def word(value: Value) -> str:
    """Return an option's value as text."""
    if isinstance(value, list):
        return " ".join(map(word, value))
    if value is None:
        return "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def compared(sweep: Sweep, found: Sequence[Settled]) -> dict[str, list[Verdict]]:
    """Compare the settings of each section that have a result, at most the best few.

    All pairs, those with the best one first.
    """
    told: dict[str, list[Verdict]] = {}
    for section in dict.fromkeys(one.section for one in found):
        ranked = [one for one in found if one.section == section and one.values]
        told[section] = verdicts([_group(sweep, one) for one in ranked[:MOST_COMPARED]])
    return told


def _group(sweep: Sweep, one: Settled) -> Group:
    section = sections.find(one.section)
    done = {state.planned.seed: state for state in one.states if state.result is not None}
    runs: dict[Seed, Run] = {}
    if section.trains:
        runs = {seed: sweep.run(state.planned) for seed, state in done.items()}
    parts: dict[Seed, Mapping[Hashable, float]] = {
        seed: found for seed, state in done.items()
        if (found := section.ranked_parts(state.result or {}))
    }  # fmt: skip
    data = " ".join(sorted({state.planned.dataset for state in one.states}))
    return Group(one.label, one.values, runs, parts, data)


def to_json(sweep: Sweep, states: Sequence[RunState]) -> dict[str, Any]:
    """Return settings, the best first, and how they compare, as plain JSON values."""
    found = settled(states)
    rows = [
        {
            "section": one.section,
            "name": one.label,
            "setting": one.setting,
            "metric": one.metric,
            "runs": [state.planned.run_id for state in one.states],
            **dataclasses.asdict(one.spread),
        }
        for one in found
    ]
    told = [
        {"section": section} | verdict.to_json()
        for section, verdicts in compared(sweep, found).items()
        for verdict in verdicts
    ]
    values: dict[str, Any] = plain({"settings": rows, "verdicts": told})
    return values
