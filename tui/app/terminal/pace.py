"""How often the screen is drawn while a network trains: as often as a small share of time allows.

Whatever Python the screen runs, the training waits for: both need the interpreter, and on a small
machine the processor too. So the pace follows from what drawing costs, and not from a clock alone.
"""

import time
from collections.abc import Callable

SHARE = 0.015  # of the time, for the thread that draws
SOONEST, LATEST = 0.5, 2.0  # seconds between two drawings


class Pace:
    """Tells when to draw next; call ``drew`` before drawing, so that its cost counts."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        used: Callable[[], float] = time.thread_time,
        *,
        soonest: float = SOONEST,
        latest: float = LATEST,
    ) -> None:
        """``used`` are the seconds of processor time that the drawing thread took so far."""
        self.share = SHARE
        self._clock, self._used = clock, used
        self._soonest, self._latest = soonest, latest
        self._at = self._before = float("-inf")

    def due(self) -> bool:
        """Tell whether the share of time that was used since the last drawing allows another."""
        passed = self._clock() - self._at
        if passed < self._soonest:
            return False
        return passed >= self._latest or self._used() - self._before <= self.share * passed

    def drew(self) -> None:
        """Start counting again."""
        self._at, self._before = self._clock(), self._used()
