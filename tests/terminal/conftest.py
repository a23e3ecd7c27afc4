"""No child outlives its test: another one's training would slow down whatever comes next."""

import os
import signal
from contextlib import suppress

import pytest

from tests.terminal.terminal import Terminal


@pytest.fixture(autouse=True)
def no_child_left():
    yield
    for terminal in Terminal.alive:
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(terminal.pid, signal.SIGKILL)
            os.waitpid(terminal.pid, 0)
    Terminal.alive.clear()
