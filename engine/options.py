"""Whether a value is what a field of a config may hold; if not, a UsageError says so."""

import math
import reprlib
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, get_args, get_origin

from engine.errors import UsageError

if TYPE_CHECKING:
    from engine.config import Option

_KINDS = {str: "plain text", bool: "true or false", int: "a whole number", float: "a number",
          tuple[int, ...]: "whole numbers", tuple[str, ...]: "names",
          dict[str, str]: "ids of runs by model"}  # fmt: skip


_SHORTENER = reprlib.Repr()
_SHORTENER.maxstring = _SHORTENER.maxother = 60


def short(value: Any) -> str:
    """Return a value as Python writes it, cut to what fits in a line."""
    return _SHORTENER.repr(value)


def check_type(name: str, value: Any, kind: Any) -> None:
    """Raise UsageError unless ``value`` is of the type that its field is annotated with."""
    if not _is_of(value, kind):
        [words] = [_KINDS[one] for one in _kinds(kind) if one is not NoneType]
        raise UsageError(f"{name} must be {words}, not {short(value)}.")


def _kinds(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) is UnionType else (kind,)


def _is_of(value: Any, kind: Any) -> bool:
    if get_origin(kind) is UnionType:
        return any(_is_of(value, one) for one in get_args(kind))
    if get_origin(kind) is tuple:
        return isinstance(value, tuple) and all(_is_of(one, get_args(kind)[0]) for one in value)
    if get_origin(kind) is dict:
        return isinstance(value, dict) and all(
            _is_of(one, str) for one in (*value, *value.values())
        )
    if isinstance(value, bool):  # which Python counts among the numbers
        return kind is bool
    if kind is float:
        return isinstance(value, (int, float))
    return isinstance(value, kind) and (kind is not str or _is_plain(value))


def _is_plain(text: str) -> bool:
    """Tell whether text can be a path and stand in a file: what is no UTF-8 cannot."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def check_value(name: str, value: Any, rules: "Option") -> None:
    """Raise UsageError unless ``value``, of the right type, keeps to ``rules``."""
    if value is None:
        return
    if rules.choices and value not in rules.choices:
        choices = ", ".join(rules.choices)
        raise UsageError(f"{name} must be one of {choices}, not {short(value)}.")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return
    if isinstance(value, float) and not math.isfinite(value):
        raise UsageError(f"{name} must be a finite number, not {short(value)}.")
    if value < rules.low:
        raise UsageError(f"{name} must be at least {rules.low}, not {short(value)}.")
    if value <= rules.above:
        raise UsageError(f"{name} must be above {rules.above}, not {short(value)}.")
    if value > rules.high:
        raise UsageError(f"{name} must be at most {rules.high}, not {short(value)}.")
