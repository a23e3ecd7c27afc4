"""Which setting is better, by how much, and whether it is luck: in numbers and in a sentence.

Two settings are compared by what their runs with the same seeds came to (paired t test), or by all
their runs where fewer than two seeds are shared (Welch's). One run each: the two networks by their
answers to the same test images (exact McNemar test). All p-values are corrected for the number of
pairs (Holm): among ten settings that are equally good, 19 comparisons in 20 find no difference.
"""

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np

from engine.analysis.answers import Answers, read_answers
from engine.analysis.statistics import (
    LEVEL,
    Difference,
    Seed,
    flips_needed,
    holm,
    mcnemar,
    mcnemar_interval,
    paired,
    seeds_needed,
    sign_flips,
    unpaired,
)
from engine.errors import EngineError
from engine.runs.run import Run

ONE_SEED = "one seed is too few to tell what is luck"
PAIRED, UNPAIRED, FLIPS, ANSWERS = "paired t", "Welch", "sign flips", "McNemar"


@dataclass(frozen=True, slots=True)
class Group:
    """A setting: its name, and what each of its runs came to, by seed.

    ``trainings`` are runs that keep answers to the test images. ``parts`` are given where a value
    is a mean: two settings are then compared by the parts that all their runs have. ``data`` says
    which images it is about: only settings with the same are compared.
    """

    label: str
    values: Mapping[Seed, float]
    trainings: Mapping[Seed, Run] = field(default_factory=dict)
    parts: Mapping[Seed, Mapping[Hashable, float]] = field(default_factory=dict)
    data: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Two settings compared. ``better`` did better, though perhaps by luck: see ``told``.

    NaN is what cannot be said; without a ``test``, ``reason`` says why there is none.
    """

    better: str
    worse: str
    difference: float = math.nan  # how much better, never below 0
    low: float = math.nan  # its 95 % interval, for this pair alone
    high: float = math.nan
    deviation: float = math.nan  # of the difference of two runs with one seed
    n: int = 0  # pairs of runs; of two networks, test images
    runs: tuple[int, int] = (0, 0)  # with a result, of the better and of the worse
    test: str = ""  # PAIRED, UNPAIRED, FLIPS or ANSWERS
    p: float = math.nan
    p_holm: float = math.nan  # corrected for the pairs that were compared at once
    p_flips: float = math.nan  # of the permutation test, which supposes no distribution
    pairs: int = 1  # how many were compared at once
    needed: float = math.nan  # about how many seeds would tell a difference of that size
    points: bool = True  # whether values are shares, and differences said in percentage points
    reason: str = ""

    @property
    def told(self) -> bool:
        """Whether the difference is more than luck, at 5 %."""
        return self.p_holm < LEVEL

    def sentence(self) -> str:
        """Return the verdict in words, with its figures. What both settings share comes first."""
        begins, better, worse = _apart(self.better, self.worse)
        if not self.test:
            return f"{begins}{better} and {worse} cannot be compared: {self.reason}"
        if self.test == FLIPS and self.difference == 0:
            return f"{begins}{better} and {worse} came to the same with each of {self.n} seeds"
        size = f"{self._number(self.difference)}{' points' if self.points else ''}"
        if self.told:
            words = f"{better} is better than {worse} by {size} ({self._evidence})"
        else:
            among = f" among {self.pairs} pairs" if self.p < LEVEL else ""
            words = f"no difference between {better} and {worse} can be told{among}: "
            words += f"{size} ({self._evidence})"
        return begins + words + self._advice

    def to_json(self) -> dict[str, Any]:
        """Return all of it, with the sentence; numbers may be NaN."""
        return asdict(self) | {"told": self.told, "sentence": self.sentence()}

    @property
    def _evidence(self) -> str:
        interval = f"95 % {self._number(self.low)} to {self._number(self.high)}, "
        return f"{'' if math.isnan(self.low) else interval}{self._counted}, {_p(self.p_holm)}"

    @property
    def _counted(self) -> str:
        if self.test == ANSWERS:
            return f"{self.n:,} images"
        if self.test == UNPAIRED:
            return f"{self.runs[0]} and {self.runs[1]} seeds, not the same ones"
        if self.test == FLIPS:
            return f"the same with each of {self.n} seeds"
        return f"{self.n} {'' if set(self.runs) == {self.n} else 'shared '}seeds"

    @property
    def _advice(self) -> str:
        if self.test == ANSWERS:
            return "; with one seed each, it is about these two networks alone"
        if self.told:
            doubted = self.n >= flips_needed() and self.p_flips >= LEVEL
            return f"; the permutation test does not confirm it, {_p(self.p_flips)}" * doubted
        if self.difference == 0 or math.isnan(self.needed):
            return ""
        if math.isinf(self.needed):
            return "; not even 100,000 seeds would tell one of that size"
        return f"; about {_rounded(self.needed):,} seeds would tell one of that size"

    def _number(self, value: float) -> str:
        """Write a difference as exactly as its interval is narrow."""
        if not self.points:
            return f"{value:.3g}".replace("-", "−")
        width = (self.high - self.low) / 2 if self.high > self.low else self.difference
        digits = -math.floor(math.log10(width * 100)) if width > 0 else 2
        text = f"{value * 100:.{min(max(digits, 2), 4)}f}"
        return text.replace("-", "−") if float(text) else text.lstrip("-")


def verdicts(
    groups: Sequence[Group], *, higher_is_better: bool = True, points: bool = True
) -> list[Verdict]:
    """Compare every two settings on the same data, those of the first groups first.

    What is said of two does not depend on the order of the groups.
    """
    sign = 1 if higher_is_better else -1
    answers = cache(read_answers)  # of a network that is compared with many
    found = [_compare(a, b, sign, answers) for a, b in combinations(groups, 2) if a.data == b.data]
    pairs = max(1, sum(not math.isnan(verdict.p) for verdict in found))
    corrected = holm([verdict.p for verdict in found])
    return [
        replace(verdict, p_holm=p, pairs=pairs, points=points, needed=_needed(verdict, pairs))
        for verdict, p in zip(found, corrected, strict=True)
    ]


def _needed(verdict: Verdict, pairs: int) -> float:
    """Return how many seeds would tell a difference among so many pairs."""
    level = LEVEL / pairs
    if verdict.test == FLIPS:
        return float(flips_needed(level)) if verdict.difference else math.inf
    return seeds_needed(verdict.difference, verdict.deviation, level)


def _compare(a: Group, b: Group, sign: int, answers: Callable[[Run], Answers]) -> Verdict:
    """Compare two settings without a look at others."""
    first, second = _values(a, b)
    shared = [seed for seed in first if seed in second]
    if not (first and second):
        return _nothing(a, b, first, second)
    runs = len(first), len(second)
    if len(shared) > 1:
        pairs = [first[seed] for seed in shared], [second[seed] for seed in shared]
        found, flips = paired(*pairs), sign_flips(*pairs)
        if found.deviation > 0:
            return _told(a, b, found, PAIRED, sign, runs=runs, p_flips=flips)
        found = replace(found, p=flips)  # all pairs differ by the same: no t test is possible
        return _told(a, b, found, FLIPS, sign, runs=runs, p_flips=flips)
    if min(runs) > 1:
        found = unpaired(list(first.values()), list(second.values()))
        if math.isnan(found.p):
            return _untold(a, b, "no value changes with the seed, and they share no seeds")
        return _told(a, b, found, UNPAIRED, sign, runs=runs)
    if shared or max(runs) == 1:
        ours, theirs = (shared * 2)[:2] if shared else (next(iter(first)), next(iter(second)))
        return _by_answers(a, b, ours, theirs, answers)
    return _untold(a, b, "they share no seed, and one of them has a single run")


def _by_answers(
    a: Group, b: Group, ours: Seed, theirs: Seed, answers: Callable[[Run], Answers]
) -> Verdict:
    """Compare two networks by their answers to the same test images."""
    if ours not in a.trainings or theirs not in b.trainings:
        return _untold(a, b, ONE_SEED)
    try:
        first, second = answers(a.trainings[ours]), answers(b.trainings[theirs])
    except EngineError:
        return _untold(a, b, f"{ONE_SEED}, and there is no sound answers.npz of both")
    if not np.array_equal(first.labels, second.labels):
        return _untold(a, b, "they were tested on different images")
    right, other = (one.predictions == one.labels for one in (first, second))
    alone, others = int((right & ~other).sum()), int((other & ~right).sum())
    images = len(right)
    interval = mcnemar_interval(alone, others, images)
    found = Difference(
        images, (alone - others) / images, math.nan, *interval, mcnemar(alone, others)
    )  # fmt: skip
    return _told(a, b, found, ANSWERS, 1, runs=(1, 1))


def _told(
    a: Group, b: Group, found: Difference, test: str, sign: int, *, runs: tuple[int, int],
    p_flips: float = math.nan,
) -> Verdict:  # fmt: skip
    """Return a verdict, the better one first. ``sign`` is -1 where less is better."""
    difference, bounds = sign * found.mean, sorted((sign * found.low, sign * found.high))
    if difference < 0 or (difference == 0 and b.label < a.label):
        a, b, runs = b, a, runs[::-1]
        difference, bounds = -difference, [-bounds[1], -bounds[0]]
    return Verdict(
        better=a.label, worse=b.label, difference=difference + 0.0, low=bounds[0], high=bounds[1],
        deviation=found.deviation, n=found.n, runs=runs, test=test, p=found.p, p_flips=p_flips,
    )  # fmt: skip


def _untold(a: Group, b: Group, reason: str) -> Verdict:
    better, worse = sorted((a.label, b.label))
    return Verdict(better=better, worse=worse, reason=reason)


def _nothing(a: Group, b: Group, *values: Mapping[Seed, float]) -> Verdict:
    """Return a verdict on settings of which one has nothing to compare."""
    if a.parts and b.parts and not _common(a, b):
        return _untold(a, b, "they have nothing in common that was measured")
    [*without] = sorted(one.label for one, have in zip((a, b), values, strict=True) if not have)
    return _untold(a, b, f"no run of {' and '.join(without)} has a result")


def _values(a: Group, b: Group) -> tuple[dict[Seed, float], dict[Seed, float]]:
    """Return the values by which two settings are compared, of the runs that have one."""
    if a.parts and b.parts:
        common = _common(a, b)
        taken: list[Mapping[Seed, float]] = [
            {seed: _mean([parts[part] for part in common]) for seed, parts in group.parts.items()}
            for group in (a, b)
        ]  # fmt: skip
    else:
        taken = [a.values, b.values]
    first, second = (
        {seed: value for seed, value in values.items() if math.isfinite(value)} for values in taken
    )
    return first, second


def _common(a: Group, b: Group) -> list[Hashable]:
    every = [parts.keys() for group in (a, b) for parts in group.parts.values()]
    return [part for part in every[0] if all(part in parts for parts in every)]


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else math.nan


def _apart(better: str, worse: str) -> tuple[str, str, str]:
    """Return what two names share, to begin with, and what is left of each."""
    first, second = better.split(", "), worse.split(", ")
    shared = [words for words in first if words in second]
    ours, theirs = (
        ", ".join(words for words in name if words not in shared) for name in (first, second)
    )
    if not (shared and ours and theirs):
        return "", better, worse
    return f"{', '.join(shared)}: ", ours, theirs


def _p(p: float) -> str:
    """Write a p-value: three decimals where it is small, and never on the wrong side of 5 %."""
    if p < 0.001:
        return "p < 0.001" if p >= 0.0001 else "p < 0.0001"
    if p >= 0.1:
        return f"p = {p:.2f}"
    text = f"{p:.3f}"
    return f"p = {p:.5f}" if text == "0.050" else f"p = {text}"


def _rounded(count: float) -> int:
    """Return a count as roughly as it is known."""
    if count <= 20:
        return int(count)
    if count < 100:
        return 5 * round(count / 5)
    return int(float(f"{count:.1e}"))
