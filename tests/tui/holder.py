"""A run that another process seems to drive: it holds the lock, the test writes the journal."""

import subprocess
import sys
from pathlib import Path

from engine.data.digits import open_digits
from engine.runs.journal import Journal
from engine.runs.lock import is_driven
from engine.runs.run import Run
from tests.conftest import train_config
from tests.processes import wait_for
from tests.tui import example_runs as examples

PROGRAM = (
    "import sys; from pathlib import Path; from engine.runs.lock import RunLock\n"
    "with RunLock(Path(sys.argv[1])): sys.stdin.read()"
)


class Holder:
    """``release`` ends the other process, however often it is called."""

    def __init__(self, artifacts: Path) -> None:
        self.events = [e.at(float(n)) for n, e in enumerate(examples.train_events(open_digits()))]
        config = train_config()
        self.run = Run(artifacts / examples.write_run(artifacts, 1, config, [], "running"))
        self.journal = Journal(self.run.path)
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(self.run.path)], stdin=subprocess.PIPE
        )
        wait_for(lambda: is_driven(self.run.path))

    def release(self) -> None:
        """Let the lock go."""
        self._process.communicate()


def hold(artifacts: Path) -> Holder:
    """Return a run that is being driven."""
    return Holder(artifacts)
