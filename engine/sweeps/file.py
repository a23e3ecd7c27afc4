"""A sweep written down in a TOML file: grid, list, random draws, and conditions."""

import tomllib
from pathlib import Path
from typing import Any

from engine.config import RunConfig
from engine.errors import EngineError, UsageError
from engine.files.reader import MB, read_bytes
from engine.files.text import visible
from engine.options import several_of, short
from engine.sweeps.spec import (
    Condition,
    Drawn,
    Range,
    Setting,
    Space,
    Spec,
    asked_by,
    field_of,
    seeds_of,
)

LIMIT = 4 * MB  # bytes
KNOWN = ("section", "name", "seeds", "networks", "options", "grid", "list", "random", "when")


def read_spec(path: Path) -> Spec:
    """Return the sweep that a file describes. Raises EngineError, and UsageError for its content.

    Its name is the file's where none is given.
    """
    try:
        values = tomllib.loads(read_bytes(path, LIMIT).decode())
    except FileNotFoundError:
        raise EngineError(f"There is no {visible(str(path))}.") from None
    except UnicodeDecodeError:
        raise EngineError(f"{visible(str(path))} is not UTF-8.") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise EngineError(
            f"{visible(str(path))} is not valid TOML ({visible(str(error))})."
        ) from None
    try:
        return _spec(values, path.stem)
    except UsageError as error:
        raise EngineError(f"{visible(str(path))}: {error}") from None


def _spec(values: dict[str, Any], name: str) -> Spec:
    _only(values, KNOWN, "a sweep")
    section = _text(values.get("section"), "section")
    reader = _Reader(asked_by(section))
    return Spec(
        section=section,
        name=_text(values.get("name", name), "name"),
        options=reader.setting(values.get("options", {}), "options"),
        grid=reader.axes(values.get("grid", {}), "grid"),
        listed=tuple(reader.setting(one, "list") for one in _list(values.get("list", []))),
        drawn=reader.drawn(values["random"]) if "random" in values else None,
        conditions=tuple(reader.condition(one) for one in _list(values.get("when", []))),
        seeds=_seeds(values.get("seeds", 0)),
        networks=tuple(_text(one, "networks") for one in _list(values.get("networks", []))),
    )


class _Reader:
    """Reads settings of configs of one class, whose options may be named as on a command line."""

    def __init__(self, asked: type[RunConfig]) -> None:
        self._asked = asked
        self._several = several_of(asked)

    def setting(self, found: Any, place: str) -> Setting:
        """Return a table of one value for each option."""
        named = {self._field(key): value for key, value in _table(found, place).items()}
        return {name: self._value(name, value) for name, value in named.items()}

    def axes(self, found: Any, place: str) -> dict[str, tuple[Any, ...]]:
        """Return a table of one value or several for each option."""
        named = {self._field(key): _list(value) for key, value in _table(found, place).items()}
        return {
            name: tuple(self._value(name, value) for value in values)
            for name, values in named.items()
        }

    def drawn(self, values: Any) -> Drawn:
        """Return what ``random`` describes."""
        table = dict(_table(values, "random"))
        runs, seed = table.pop("runs", None), table.pop("seed", 0)
        if type(runs) is not int or runs < 1:
            raise UsageError("random needs the number of its runs: runs = 20.")
        if type(seed) is not int:
            raise UsageError(f"random's seed must be a whole number, not {short(seed)}.")
        ranges = {name: _range(name, one) for name, one in table.items() if isinstance(one, dict)}
        choices = self.axes({n: one for n, one in table.items() if n not in ranges}, "random")
        for name, choice in choices.items():
            if not choice:
                raise UsageError(f"{visible(name)} has nothing to be drawn from.")
        named: dict[str, Space] = {self._field(name): one for name, one in ranges.items()}
        return Drawn(runs, seed, {**named, **choices})

    def condition(self, values: Any) -> Condition:
        """Return what a ``[[when]]`` describes."""
        table = _table(values, "when")
        _only(table, ("if", "then", "skip"), "when")
        skip = table.get("skip", False)
        if "if" not in table or type(skip) is not bool or skip is ("then" in table):
            raise UsageError("Each [[when]] has an if, and either a then or skip = true.")
        where, then = self.axes(table["if"], "if"), self.setting(table.get("then", {}), "then")
        return Condition(where, then, skip)

    def _field(self, name: str) -> str:
        return field_of(self._asked, name)

    def _value(self, name: str, value: Any) -> Any:
        """Return a value as a config has it: of a field that holds several, a tuple."""
        if name in self._several:
            return tuple(_list(value))
        if isinstance(value, (list, dict)):
            raise UsageError(f"{visible(name)} must be a single value, not {short(value)}.")
        return value


def _range(name: str, values: dict[str, Any]) -> Range:
    _only(values, ("low", "high", "scale"), f"random {name}")
    low, high, scale = values.get("low"), values.get("high"), values.get("scale", "linear")
    if scale not in ("linear", "log"):
        raise UsageError(f"The scale of {visible(name)} must be linear or log, not {short(scale)}.")
    for end in (low, high):
        if type(end) not in (int, float):
            raise UsageError(f"random {visible(name)} needs low and high, two numbers.")
    assert low is not None and high is not None  # noqa: PT018
    return Range(low, high, scale == "log")


def _seeds(values: Any) -> tuple[int, ...]:
    if isinstance(values, str):
        return seeds_of(values)
    seeds = _list(values)
    if not all(type(seed) is int for seed in seeds):
        raise UsageError(f'seeds must be like "0..9" or [0, 1, 2], not {short(values)}.')
    return tuple(dict.fromkeys(seeds))


def _only(table: dict[str, Any], known: tuple[str, ...], place: str) -> None:
    for name in table:
        if name not in known:
            raise UsageError(f"{place} has no {short(name)}, only {', '.join(known)}.")


def _table(values: Any, place: str) -> dict[str, Any]:
    if not isinstance(values, dict):
        raise UsageError(f"{place} must be a table, not {short(values)}.")
    return values


def _list(values: Any) -> list[Any]:
    return values if isinstance(values, list) else [values]


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise UsageError(f"{name} must be a string, not {short(value)}.")
    return value
