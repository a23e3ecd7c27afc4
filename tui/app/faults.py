"""What to do with an error in the screen: log it, count it, and say when there are too many.

An error in what is drawn never costs a run. ``PlantedFault`` lets tests raise one anywhere:
``MNIST_TUI_TEST_FAULT=TrainPane.refresh_text`` at every call, ``...=TrainPane.refresh_text*2`` at
the first two.
"""

import logging
import os
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import platformdirs

from engine.files.text import visible
from tui.commands import FOR_TESTS

VARIABLE = FOR_TESTS + "FAULT"
LOG_BYTES = 1 << 20
TOO_MANY, WITHIN = 20, 10.0  # different faults, seconds: beyond that the screen is unusable

_logger = logging.getLogger("mnist-tui")


class PlantedFault(Exception):
    """Raised by ``plant`` for a test."""


def _planted() -> dict[str, int | None]:
    """Return how often each named place is still to fail, None for always."""
    faults: dict[str, int | None] = {}
    for item in os.environ.get(VARIABLE, "").split(","):
        place, star, count = item.partition("*")
        if place:
            faults[place] = int(count) if star else None
    return faults


_faults = _planted()


def plant(place: str) -> None:
    """Raise PlantedFault where a test asked for a fault at ``place``."""
    if not _faults or place not in _faults:
        return
    left = _faults[place]
    if left == 0:
        return
    if left is not None:
        _faults[place] = left - 1
    raise PlantedFault(place)


@contextmanager
def planted(faults: str) -> Iterator[None]:
    """Plant faults, written as in the variable, for a while."""
    before = dict(_faults)
    os.environ[VARIABLE] = faults
    _faults.clear()
    _faults.update(_planted())
    try:
        yield
    finally:
        del os.environ[VARIABLE]
        _faults.clear()
        _faults.update(before)


def log_path() -> Path:
    """Return the file that tracebacks of the app go to."""
    return platformdirs.user_log_path("mnist-tui") / "app.log"


def words_of(error: BaseException) -> str:
    """Return an error in a few words, on one line."""
    text = visible(str(error).strip().partition("\n")[0])
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


class Faults:
    """The errors of one app."""

    def __init__(self) -> None:
        self.count = 0
        self._times: deque[float] = deque(maxlen=TOO_MANY)
        self._logged: set[tuple[str, str]] = set()

    def add(self, error: BaseException, place: str) -> None:
        """Count an error and log its traceback, the same one at the same place once."""
        self.count += 1
        key = place, words_of(error)
        if key not in self._logged or place.endswith("._tick"):  # without which nothing is shown
            self._times.append(time.monotonic())
        if key not in self._logged:
            self._logged.add(key)
            with suppress(OSError):  # a missing log must not be another fault
                _log(error, place)

    @property
    def too_many(self) -> bool:
        """Whether they come so fast that the screen is unusable."""
        return len(self._times) == TOO_MANY and self._times[-1] - self._times[0] < WITHIN


def _log(error: BaseException, place: str) -> None:
    from logging.handlers import RotatingFileHandler  # seldom needed, and not light

    path = log_path()
    if not _logger.handlers:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8",
                                      errors="backslashreplace", delay=True)  # fmt: skip
        handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(message)s"))
        _logger.addHandler(handler)
        _logger.propagate = False
        _logger.setLevel(logging.ERROR)
    _logger.error("in %s", place, exc_info=error)
