"""Types of what run files hold, as msgspec checks them, and the check itself.

Sections build the types of their results from these, and the journal those of its lines.
"""

from contextlib import suppress
from datetime import datetime
from functools import cache
from types import GenericAlias
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from engine.errors import Unsound

Count = Annotated[int, Meta(ge=0, lt=2**53)]
Positive = Annotated[int, Meta(ge=1, lt=2**53)]
Fraction = Annotated[float, Meta(ge=0, le=1)]
Size = Annotated[float, Meta(ge=0, le=1e30)]
Real = Annotated[float, Meta(ge=-1e300, le=1e300)] | None  # None: it was not finite
SIDES, CLASS_COUNTS = (8, 64), (2, 100)  # of images, in pixels, and of a dataset: least, most
MOST_CLASSES = CLASS_COUNTS[1]
Class = Annotated[int, Meta(ge=0, lt=MOST_CLASSES)]
Id = Annotated[str, Meta(pattern=r"^(?!\.{1,2}\Z)[^/\\\x00]{1,255}\Z")]
Name = Annotated[str, Meta(min_length=1, max_length=200)]  # short enough for a line
Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Moment = Annotated[datetime, Meta(tz=True)]
Model = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}\Z")]
Layer = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._:-]{0,99}\Z")]


def is_model(name: str) -> bool:
    """Tell whether a text can be the name of a model."""
    with suppress(Unsound):
        return bool(check(name, Model))
    return False


def check(values: Any, kind: Any) -> Any:
    """Return values as a type has them. Raises Unsound unless they are of that type."""
    try:
        return msgspec.convert(values, kind, strict=True)
    except msgspec.ValidationError as error:
        raise Unsound(_words(str(error))) from None


def numbers(*shape: int | None) -> Any:
    """Return the type of nested lists of that shape that hold numbers, or null for NaN.

    None is an extent that may be anything.
    """
    return _nested("number", shape)


def fractions(*shape: int | None) -> Any:
    """Return the type of nested lists of that shape that hold shares, or null for NaN."""
    return _nested("fraction", shape)


def counts(*shape: int | None) -> Any:
    """Return the type of nested lists of that shape that hold counts."""
    return _nested("count", shape)


def answers(classes: int, *shape: int | None) -> Any:
    """Return the type of nested lists of that shape that hold one of so many classes."""
    return _nested(classes, shape)


_ITEMS: dict[str, Any] = {
    "count": Count,
    "number": Annotated[float, Meta(ge=-3.5e38, le=3.5e38)] | None,  # a float32's range
    "fraction": Annotated[float, Meta(ge=0, le=1.001)] | None,  # a mean may be rounded up
}


@cache
def _nested(item: str | int, shape: tuple[int | None, ...]) -> Any:
    kind = Annotated[int, Meta(ge=0, lt=item)] if isinstance(item, int) else _ITEMS[item]
    for extent in reversed(shape):
        kind = GenericAlias(list, (kind,))
        if extent is not None:
            kind = Annotated[kind, Meta(min_length=extent, max_length=extent)]
    return kind


def _words(error: str) -> str:
    """Return msgspec's message, the place first, long values cut."""
    what, _, place = error.replace("`", "").rpartition(" - at ")
    what, place = (what, place.removeprefix("$").removeprefix(".")) if what else (place, "")
    if "matching regex" in what:
        what = "of another form"
    what = what if len(what) <= 120 else what[:117] + "..."
    return f"{place[:80]}: {what[:1].lower()}{what[1:]}" if place else what[:1].lower() + what[1:]
