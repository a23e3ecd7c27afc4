"""What a comparison comes to: each setting over its seeds, and which is better than which."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from engine import sections
from engine.analysis.compare import GONE, Compared, Comparison, is_share, to_json
from engine.analysis.statistics import Seed, Spread, spread
from engine.analysis.verdicts import Group, Verdict, verdicts
from engine.files.numbers import plain
from engine.runs.curves import mean
from engine.sections import AnySection


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """The groups of a comparison, in its order, by the number that ranks."""

    metric: str
    points: bool  # whether that is a share
    groups: list[Group]
    spreads: list[Spread]
    verdicts: list[Verdict]  # of every two groups on the same images, of which both have a result
    reason: str  # why there are none, "" where there are some, or nothing to compare

    @property
    def ranked(self) -> list[int]:
        """The places of the groups, the best mean first; those without a result last."""
        means = [-math.inf if math.isnan(one.mean) else one.mean for one in self.spreads]
        return sorted(range(len(means)), key=lambda place: -means[place])


def judged_json(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison as plain JSON values, with what its groups come to and the verdicts."""
    found, values = judge(comparison), to_json(comparison)
    for told, group, one in zip(values["groups"], found.groups, found.spreads, strict=True):
        told |= {"label": group.label, "seeds": plain(asdict(one))}
    values["ranked_by"] = found.metric
    values["verdicts"] = [plain(verdict.to_json()) for verdict in found.verdicts]
    values["no_verdicts"] = found.reason
    return values


def judge(comparison: Comparison) -> Judgement:
    """Return what the groups of a comparison come to. Reads answers where seeds are too few."""
    section = sections.find(comparison.section)
    metric = next(iter(comparison.runs[0].numbers))
    by_network = _by_network(comparison)
    groups = [_group(comparison, group, metric, by_network) for group in comparison.groups]
    spreads = [spread(group.values) for group in groups]
    measured = [group for group, found in zip(groups, spreads, strict=True) if found.n]
    points = is_share(metric)
    several = len(measured) > 1
    found = verdicts(measured, points=points) if several and not section.no_contest else []
    reason = section.no_contest if several else ""
    return Judgement(metric, points, groups, spreads, found, reason)


def _group(
    comparison: Comparison, group: Sequence[Compared], metric: str, by_network: bool
) -> Group:
    """Return a group of runs as a setting. Several runs with one seed count as one: their mean."""
    section = sections.find(comparison.section)
    same: dict[Seed, list[Compared]] = {}
    for one in sorted(group, key=lambda one: one.run.id):
        same.setdefault(_seed(one, by_network), []).append(one)
    parts = {seed: _parts(section, runs) for seed, runs in same.items()}
    return Group(
        label=comparison.label_of(group),
        values={seed: _mean([one.numbers[metric] for one in runs]) for seed, runs in same.items()},
        trainings={seed: runs[0].run for seed, runs in same.items()} if section.trains else {},
        parts={seed: found for seed, found in parts.items() if found},
        data=group[0].run.read_info()["dataset"]["sha256"],
    )


def _parts(section: AnySection, runs: Sequence[Compared]) -> dict[Hashable, float]:
    """Return what the number that ranks is the mean of; the mean of each part over the runs."""
    ended = [run.history.finished.results for run in runs if run.history.finished]
    found = [section.ranked_parts(results) for results in ended]
    every = dict.fromkeys(part for parts in found for part in parts)
    return {part: _mean([parts[part] for parts in found if part in parts]) for part in every}


def _by_network(comparison: Comparison) -> bool:
    """Tell whether a group's runs looked at networks of several seeds.

    Then the networks are what chance has drawn, and several noises against one are no more of them.
    """
    drawn = ({one.network.get("seed") for one in group} for group in comparison.groups)
    return any(len(seeds) > 1 for seeds in drawn)


def _seed(one: Compared, by_network: bool) -> Seed:
    if not by_network:
        return int(one.settings["seed"])
    return str(one.network[GONE]) if GONE in one.network else int(one.network["seed"])


def _mean(values: Sequence[float]) -> float:
    """Return the mean of the values that are finite, NaN of none."""
    return mean([value for value in values if math.isfinite(value)])
