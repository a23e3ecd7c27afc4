"""What a sweep is asked to do: which options take which values, and with which seeds.

From that come its settings, each of which is run once with each seed. Nothing here depends on the
order in which axes, values or conditions were written, but for the order of the runs.
"""

import itertools
import math
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine import sections
from engine.config import RunConfig
from engine.errors import UsageError
from engine.options import flag, options_of, several_of, short
from engine.sections.train.config import TrainConfig

ALL = "all"  # the course report: trainings, noises and neurons, once for each seed
MOST_RUNS = 10_000
DIGITS = 4  # significant, of a value that is drawn
SEEDS = "0 to 2,147,483,647"

Setting = dict[str, Any]  # options by field name

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}\Z", re.ASCII)
_RANGE = re.compile(r"(\d{1,10})(?:\.\.(\d{1,10}))?", re.ASCII)


@dataclass(frozen=True)
class Range:
    """Where a value is drawn from: between ``low`` and ``high``, both ends included."""

    low: float
    high: float
    log: bool = False  # as likely in each power of ten

    def __post_init__(self) -> None:
        """Raise UsageError where there is nothing to draw from."""
        if not (math.isfinite(self.low) and math.isfinite(self.high)) or self.low > self.high:
            raise UsageError(f"A range goes from low to high, not {self.low} to {self.high}.")
        if self.log and self.low <= 0:
            raise UsageError(f"A range on a log scale begins above zero, not at {self.low}.")

    def draw(self, source: random.Random) -> float | int:
        """Return a value, a whole number where both ends are."""
        low, high = self.low, self.high
        if self.log:
            value = math.exp(source.uniform(math.log(low), math.log(high)))
        elif isinstance(low, int) and isinstance(high, int):
            return source.randint(low, high)
        else:
            value = source.uniform(low, high)
        if isinstance(low, int) and isinstance(high, int):
            return round(value)
        return min(max(float(f"{value:.{DIGITS}g}"), low), high)


@dataclass(frozen=True)
class Drawn:
    """Settings drawn at random: ``runs`` of them, from a range or a choice for each option."""

    runs: int
    seed: int = 0
    options: Mapping[str, "Space"] = field(default_factory=dict)

    def settings(self) -> list[Setting]:
        """Return them; each value depends on the seed, its option and its place alone."""
        return [
            {name: self._value(name, space, place) for name, space in self.options.items()}
            for place in range(self.runs)
        ]

    def _value(self, name: str, space: "Space", place: int) -> Any:
        source = random.Random(f"{self.seed} {place} {name}")
        return space.draw(source) if isinstance(space, Range) else source.choice(space)


Space = Range | tuple[Any, ...]  # what the value of an option is drawn from


@dataclass(frozen=True)
class Condition:
    """Where a setting has one of these values for each option, others follow, or it is left out."""

    where: Mapping[str, tuple[Any, ...]]
    then: Setting = field(default_factory=dict)
    skip: bool = False

    def applies(self, setting: Setting) -> bool:
        """Tell whether a setting has those values; None is what an option not set has."""
        return all(setting.get(name) in values for name, values in self.where.items())


@dataclass(frozen=True, kw_only=True)
class Spec:
    """A sweep as asked. Raises UsageError where it cannot be planned."""

    section: str
    name: str
    options: Setting = field(default_factory=dict)  # what holds for all runs
    grid: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)  # every combination
    listed: tuple[Setting, ...] = ()
    drawn: Drawn | None = None
    conditions: tuple[Condition, ...] = ()
    seeds: tuple[int, ...] = (0,)
    networks: tuple[str, ...] = ()  # models that are trained first with each seed, to be looked at

    def __post_init__(self) -> None:
        """Check names and the number of runs."""
        if not _NAME.match(self.name):
            raise UsageError(
                f"A sweep's name has letters, digits, '.', '_' and '-', not {short(self.name)}."
            )
        for name in self.named:
            self._check(name)
        for name, values in self.grid.items():
            if not values:
                raise UsageError(f"{flag(name)} has no value to take.")
        if self.networks:
            self._check_networks()
        if not self.seeds:
            raise UsageError("A sweep needs at least one seed.")
        count = math.prod(len(values) for values in self.grid.values()) * len(self.seeds)
        count *= max(1, len(self.listed)) * (self.drawn.runs if self.drawn else 1)
        count *= max(1, len(self.networks))
        if count > MOST_RUNS:
            raise UsageError(f"That makes {count:,} runs; a sweep has at most {MOST_RUNS:,}.")

    @property
    def asked(self) -> type[RunConfig]:
        """The class of its runs' configs."""
        return asked_by(self.section)

    @property
    def named(self) -> Sequence[str]:
        """Every option that is named anywhere."""
        places: list[Mapping[str, Any]] = [self.options, self.grid, *self.listed]
        places += [self.drawn.options] if self.drawn else []
        for condition in self.conditions:
            places += [condition.where, condition.then]
        return list(dict.fromkeys(name for place in places for name in place))

    def _check(self, name: str) -> None:
        if name == "seed":
            raise UsageError('Use --seeds 0..9, or seeds = "0..9" in a file.')
        known = {**options_of(self.asked), **several_of(self.asked)}
        if name not in known:
            raise UsageError(f"{self.section} has no option {short(name)}.")
        if name == "artifacts" and name not in self.options:
            raise UsageError("All runs of a sweep lie in one folder.")

    def _check_networks(self) -> None:
        if self.section == ALL or not sections.find(self.section).needs_network:
            raise UsageError(f"{self.section} looks at no network; leave the networks out.")
        if self.options.get("run") is not None or "run" in self.grid:
            raise UsageError("Give either runs to look at, or networks to be trained first.")
        for model in self.networks:
            TrainConfig(model=model)

    def settings(self) -> list[Setting]:
        """Return what is run with each seed, without duplicates.

        Raises UsageError where an option cannot have one of its values, or nothing is left.
        """
        found: dict[str, Setting] = {}
        for setting in self._combined():
            if (conditioned := self._conditioned(setting)) is not None:
                found.setdefault(self._identity(conditioned), conditioned)
        if not found:
            raise UsageError("The conditions exclude every run.")
        return list(found.values())

    def _identity(self, setting: Setting) -> str:
        """Return what two ways of writing the same setting have in common.

        What the recipe says is the same whether it is said or not.
        """
        config = self.asked(**self.options | setting)
        values = config.to_json()
        if self.section != ALL:
            values |= {name: v for name, v in config.defaults.items() if values[name] is None}
        return repr(sorted((name, plain(value)) for name, value in values.items()))

    def _combined(self) -> Iterator[Setting]:
        drawn = self.drawn.settings() if self.drawn else [{}]
        for values in itertools.product(*self.grid.values()):
            crossed = dict(zip(self.grid, values, strict=True))
            for listed in self.listed or ({},):
                for one in drawn:
                    yield crossed | listed | one

    def _conditioned(self, setting: Setting) -> Setting | None:
        """Return a setting with what follows from it, None where it is left out.

        Each condition looks at the setting as it was combined, so their order does not matter.
        """
        asked = self.options | setting
        holding = [condition for condition in self.conditions if condition.applies(asked)]
        if any(condition.skip for condition in holding):
            return None
        followed: Setting = {}
        for condition in holding:
            for name, value in condition.then.items():
                if followed.setdefault(name, value) != value:
                    raise UsageError(f"Two conditions set {flag(name)} for the same setting.")
        return setting | followed

    def differing(self, settings: Sequence[Setting]) -> dict[str, tuple[Any, ...]]:
        """Return the options that settings differ in, each with its values in their order."""
        names = dict.fromkeys(name for setting in settings for name in setting)
        axes = {
            name: tuple(dict.fromkeys(setting.get(name, self.options.get(name))
                                      for setting in settings))
            for name in names
        }  # fmt: skip
        return {name: values for name, values in axes.items() if len(values) > 1}


def plain(value: Any) -> Any:
    """Return an option's value as JSON has it."""
    return list(value) if isinstance(value, tuple) else value


def field_of(asked: type[RunConfig], name: str) -> str:
    """Return the field of an option, which may be written as on a command line: ``label``."""
    name = name.replace("-", "_")
    return next((field for field, rules in several_of(asked).items() if rules.one == name), name)


def asked_by(section: str) -> type[RunConfig]:
    """Return the class of the configs of a section's sweep. Raises UsageError."""
    return RunConfig if section == ALL else sections.find(section).asked


def seeds_of(text: str) -> tuple[int, ...]:
    """Return the seeds that ``0..9``, ``3`` or ``0..4,7`` stands for; both ends are included.

    Raises UsageError.
    """
    seeds: dict[int, None] = {}
    for part in text.split(","):
        found = _RANGE.fullmatch(part.strip())
        if found is None:
            raise UsageError(f"--seeds must be like 0..9 or 0..4,7, not {short(text)}.")
        first, last = int(found[1]), int(found[2] or found[1])
        if first > last or last > 2**31 - 1:
            raise UsageError(f"Seeds go upwards, within {SEEDS}, not {short(part.strip())}.")
        if last - first >= MOST_RUNS:
            raise UsageError(f"That makes {last - first + 1:,} seeds, of at most {MOST_RUNS:,}.")
        seeds |= dict.fromkeys(range(first, last + 1))
    return tuple(seeds)
