"""Which colour of a palette a network has: the same in every chart, list and figure."""

import zlib

from engine.networks.architectures import ARCHITECTURES
from engine.networks.more import MORE

SERIES = 9  # colours that a palette has
_FIXED = {model: number for number, model in enumerate((*ARCHITECTURES, *MORE))}


def series_of(model: str) -> int:
    """Return a network's place in a palette, from 0 to SERIES - 1.

    Ours have one each; anybody's share the others by their names.
    """
    if model in _FIXED:
        return _FIXED[model]
    return len(_FIXED) + zlib.crc32(model.encode()) % (SERIES - len(_FIXED))


def series_apart(models: list[str]) -> list[int]:
    """Return places that differ, as long as there are enough: each network's own, or a free one.

    The first of several that share one keeps it.
    """
    free = [number for number in range(SERIES) if number not in map(series_of, models)]
    places: list[int] = []
    for model in models:
        own = series_of(model)
        places.append(own if own not in places or not free else free.pop(0))
    return places
