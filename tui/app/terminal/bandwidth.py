"""How often pictures may be sent to the terminal: each has its share of a slow line."""

import time
from collections.abc import Callable, Mapping

BURST = 2 * 1024  # bytes that may come at once
LATEST = 0.4  # seconds that the line may be behind
# Bytes of a change of colours and back, of a cell, and of going to another line.
STYLE, CELL, LINE = 48, 3, 12


class Bandwidth:
    """A bucket for each picture, which what is sent of it fills and time empties; one for all.

    A picture has the rate of its own, and what the others leave. What each sends is estimated;
    what all of them send is counted.
    """

    def __init__(
        self,
        rates: Mapping[str, int],
        counted: Callable[[], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``rates`` are bytes a second, by the name of a picture; ``counted`` all that was sent."""
        self._rates, self._counted, self._clock = dict(rates), counted, clock
        self._levels = dict.fromkeys(rates, 0.0)
        self._all, self._rate = 0.0, sum(rates.values())
        self._at, self._before = clock(), counted()

    def allows(self, picture: str) -> bool:
        """Tell whether a picture may be sent now."""
        passed, counted = self._clock() - self._at, self._counted()
        self._at += passed
        for name, rate in self._rates.items():
            self._levels[name] = max(self._levels[name] - rate * passed, 0.0)
        self._all = max(self._all - self._rate * passed, 0.0) + counted - self._before
        self._before = counted
        return self._all <= BURST or (
            self._levels[picture] <= BURST and self._all <= self._rate * LATEST
        )

    def sent(self, picture: str, size: int) -> None:
        """Note that about so many bytes of a picture are being sent."""
        self._levels[picture] += size
