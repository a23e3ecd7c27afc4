"""How much may go to the terminal: drawing comes first, and the rest as far as the line allows."""

import time
from collections.abc import Callable

RATE = 44 * 1024  # bytes a second in the long run: a slow SSH line carries 64 KB
BURST = 24 * 1024  # bytes that may come at once


class Bandwidth:
    """A bucket that what is sent fills and time empties."""

    def __init__(
        self, sent: Callable[[], int], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``sent`` are the characters that went to the terminal so far."""
        self._sent, self._clock = sent, clock
        self._level, self._seen, self._at = 0.0, sent(), clock()

    def allows(self, share: float = 1.0) -> bool:
        """Tell whether there is room, of a burst's size times ``share``."""
        sent, now = self._sent(), self._clock()
        self._level = max(self._level - RATE * (now - self._at), 0.0) + (sent - self._seen)
        self._seen, self._at = sent, now
        return self._level < BURST * share
