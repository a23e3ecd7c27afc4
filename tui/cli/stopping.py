"""Waiting until another process has stopped what it was asked to stop."""

import time
from collections.abc import Callable

from engine.errors import EngineError

PATIENCE, LOOK = 60.0, 0.1  # seconds


def wait_until_stopped(stopped: Callable[[], bool], what: str, then: str) -> None:
    """Wait until ``stopped`` says so. Raises EngineError, after a while.

    ``what`` is still running then, and ``then`` says what becomes of it.
    """
    deadline = time.monotonic() + PATIENCE
    while not stopped():
        if time.monotonic() > deadline:
            raise EngineError(f"{what} is still running after {PATIENCE:.0f} s; {then}")
        time.sleep(LOOK)
