"""The robustness atlas: how success depends on the budget, network by network and target by target.

A sweep of noises with several budgets is one, whatever its name. Three questions are asked of it:
how often noise of each budget succeeds, and how sure that is over the seeds; how noise made for one
network does on the others; and whether twice the steps would have changed the first answer, as one
that did would mean that the attack was too weak to tell (N. Carlini et al., "On Evaluating
Adversarial Robustness", 2019).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

from engine.analysis.statistics import Difference, Spread, holm, paired, spread
from engine.sweeps.plan import NETWORK
from engine.sweeps.states import RunState

Budget = float | None  # None: without one
SIGNIFICANT = 0.05
SHOWN = 0.3  # the budget whose transfer is shown, or the one next to it


@dataclass(frozen=True)
class Noises:
    """A finished run of the atlas: noise for every target, against one network."""

    network: str
    seed: int
    epsilon: Budget
    steps: int
    rates: Mapping[int, float]  # success by target
    transfer: Mapping[str, float]  # mean success on each other network

    @property
    def mean(self) -> float:
        """Success, the mean over the targets."""
        return fmean(self.rates.values())


@dataclass(frozen=True)
class Point:
    """Success of one network's noises at a budget, over the seeds: in all, and by target."""

    epsilon: Budget
    success: Spread
    targets: Mapping[int, Spread]


@dataclass(frozen=True)
class Doubled:
    """What twice the steps changed at one budget: more success by so much."""

    network: str
    epsilon: Budget
    steps: tuple[int, int]
    change: Difference
    p: float = math.nan  # corrected for all that were compared (Holm); NaN: nothing can be told

    @property
    def beyond(self) -> bool:
        """Whether it changed more than the seeds explain."""
        return self.p < SIGNIFICANT


@dataclass(frozen=True)
class Atlas:
    """What a sweep of noises says. ``steps`` are those that most of it was made with."""

    noises: Sequence[Noises]
    steps: int

    @property
    def networks(self) -> list[str]:
        """The networks, in the order of the plan."""
        return list(dict.fromkeys(one.network for one in self.noises))

    @property
    def budgets(self) -> list[Budget]:
        """The budgets from small to large, none at the end."""
        found = {one.epsilon for one in self.noises}
        return sorted(found, key=lambda epsilon: math.inf if epsilon is None else epsilon)

    def curve(self, network: str) -> list[Point]:
        """Return a network's success by budget."""
        points = []
        for epsilon in self.budgets:
            some = self._some(network, epsilon, self.steps)
            if some:
                targets = sorted({target for one in some for target in one.rates})
                points.append(
                    Point(
                        epsilon,
                        spread({one.seed: one.mean for one in some}),
                        {
                            target: spread({
                                one.seed: one.rates[target] for one in some if target in one.rates
                            })
                            for target in targets
                        },
                    )
                )  # fmt: skip
        return points

    def transfer(self, epsilon: Budget) -> dict[tuple[str, str], Spread]:
        """Return success of noise made for the first network on the second, at a budget."""
        found: dict[tuple[str, str], Spread] = {}
        for source in self.networks:
            some = self._some(source, epsilon, self.steps)
            if not some:
                continue
            found[source, source] = spread({one.seed: one.mean for one in some})
            for other in {name for one in some for name in one.transfer}:
                found[source, other] = spread(
                    {one.seed: one.transfer[other] for one in some if other in one.transfer}
                )
        return found

    def doubled(self) -> list[Doubled]:
        """Return what twice the steps changed, for each network and budget where both were made."""
        found = []
        twice = 2 * self.steps
        for network in self.networks:
            for epsilon in self.budgets:
                once = {one.seed: one.mean for one in self._some(network, epsilon, self.steps)}
                more = {one.seed: one.mean for one in self._some(network, epsilon, twice)}
                seeds = sorted(once.keys() & more.keys())
                if seeds:
                    change = paired([more[s] for s in seeds], [once[s] for s in seeds])
                    found.append(Doubled(network, epsilon, (self.steps, twice), change))
        corrected = holm([one.change.p for one in found])
        return [replace(one, p=p) for one, p in zip(found, corrected, strict=True)]

    def _some(self, network: str, epsilon: Budget, steps: int) -> list[Noises]:
        return [one for one in self.noises
                if (one.network, one.epsilon, one.steps) == (network, epsilon, steps)]  # fmt: skip


def atlas_of(states: Iterable[RunState]) -> Atlas | None:
    """Return the atlas that a sweep's finished runs make, None where they make none."""
    noises = [_noises(state) for state in states if _is_noise(state)]
    if len({one.epsilon for one in noises}) < 2:
        return None
    steps = [one.steps for one in noises]
    halves = [count for count in steps if 2 * count in steps]
    return Atlas(noises, min(halves) if halves else max(steps, key=steps.count))


def _is_noise(state: RunState) -> bool:
    """Tell whether a run has finished noises, and its plan says which."""
    config = state.planned.config
    return (
        state.planned.section == "adversarial"
        and state.result is not None
        and isinstance(config.get("steps"), int)
        and isinstance(config.get("epsilon"), float | int | None)
    )


def _noises(state: RunState) -> Noises:
    config, result = state.planned.config, state.result
    assert result is not None  # that of a finished run
    targets: list[dict[str, Any]] = result["targets"]
    others = {name for target in targets for name in target["transfer"]}
    return Noises(
        network=str(state.planned.setting.get(NETWORK) or config.get("model")),
        seed=state.planned.seed,
        epsilon=config.get("epsilon"),
        steps=config["steps"],
        rates={target["label"]: target["success"]["rate"] for target in targets},
        transfer={
            name: fmean(t["transfer"][name] for t in targets if name in t["transfer"])
            for name in sorted(others)
        },
    )


def budget_in_words(epsilon: Budget) -> str:
    """Return a budget as it stands in a table."""
    return "none" if epsilon is None else f"{epsilon:g}"


def doubling_in_words(doubled: Sequence[Doubled]) -> str:
    """Return in a sentence whether twice the steps would have changed the answers."""
    if not doubled:
        return "Twice the steps were not tried."
    steps, twice = doubled[0].steps
    beyond = [one for one in doubled if one.beyond]
    largest = max(doubled, key=lambda one: abs(one.change.mean))
    points = f"{largest.change.mean * 100:+.2f}".replace("-", "−")
    most = f"at most {points} points ({largest.network}, ε {budget_in_words(largest.epsilon)})"
    told = f"{twice} steps instead of {steps} change success by {most}"
    if all(math.isnan(one.p) for one in doubled):
        return f"{told}; one seed cannot tell whether that is luck."
    if not beyond:
        return f"{told}, nothing beyond what the seeds explain."
    where = ", ".join(f"{one.network} at ε {budget_in_words(one.epsilon)}" for one in beyond)
    return f"{told}; beyond what the seeds explain: {where}."


def shown_budget(budgets: Sequence[Budget]) -> Budget:
    """Return the budget that is nearest to the one shown, of those that there are."""
    bounded = [budget for budget in budgets if budget is not None]
    return min(bounded, key=lambda budget: abs(budget - SHOWN)) if bounded else None
