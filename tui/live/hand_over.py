"""Runs that outlive the terminal: driven by a process in a session of its own."""

import subprocess
import sys
import time
from typing import Any

from engine.errors import EngineError
from engine.files.log import log_path, open_log
from engine.runs.lock import is_driven
from engine.runs.run import Run

PATIENCE, LOOK = 120.0, 0.02  # seconds: a busy machine takes its time to import torch


def take_over(run: Run, patience: float = PATIENCE) -> None:
    """Have another process resume a run and what is queued behind it; wait until it has.

    Raises OSError or EngineError if it does not.
    """
    arguments = ["resume", run.id, "--artifacts", str(run.path.parent), "--quiet"]
    with open_log() as log:
        process = start_process(
            arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log
        )
    deadline = time.monotonic() + patience
    while not is_driven(run.path):
        if (code := process.poll()) is not None:
            if run.read_info()["status"] == "finished":  # between two looks
                return
            raise EngineError(f"the other process exited with {code}; see {log_path()}")
        if time.monotonic() > deadline:
            process.terminate()  # or it might still take the run after this was reported
            raise EngineError(f"the other process did not start within {patience:.0f} s")
        time.sleep(LOOK)


def start_process(arguments: list[str], **streams: Any) -> subprocess.Popen[Any]:
    """Start our command line in a session of its own, which a closed terminal does not end."""
    # -P: a folder that happens to be called tui must not be taken for this package.
    command = [sys.executable, "-P", "-m", "tui.cli", *arguments]
    return subprocess.Popen(command, start_new_session=True, **streams)
