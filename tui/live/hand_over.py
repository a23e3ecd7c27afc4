"""Runs that outlive the terminal: driven by a process in a session of its own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import platformdirs
import typer

from engine.errors import EngineError
from engine.runs import queue
from engine.runs.events import Event, Started, to_json
from engine.runs.lock import is_driven
from engine.runs.store import Run
from tui.cli.console import Silence, say_json

PATIENCE, LOOK = 120.0, 0.02  # seconds: a busy machine takes its time to import torch
COMMAND = "drive"  # of `mnist-tui run`, for our own use


def log_path() -> Path:
    """Return the file that takes what detached processes complain of."""
    return platformdirs.user_log_path("mnist-tui") / "detached.log"


def take_over(run: Run, patience: float = PATIENCE) -> None:
    """Have another process resume a run and what is queued behind it; wait until it has it.

    Raises OSError and EngineError where it does not take it.
    """
    arguments = ["resume", run.id, "--artifacts", str(run.path.parent), "--quiet"]
    with _log() as log:
        process = _start(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log)
    deadline = time.monotonic() + patience
    while not is_driven(run.path):
        if (code := process.poll()) is not None:
            if run.info["status"] == "finished":  # between two looks
                return
            raise EngineError(f"the other process ended with {code}; see {log_path()}")
        if time.monotonic() > deadline:
            process.terminate()  # or it would take the run after it was said that it does not
            raise EngineError(f"the other process has not begun within {patience:.0f} s")
        time.sleep(LOOK)


def start_detached(batches: Iterable[queue.Batch]) -> dict[str, Any]:
    """Have another process drive these runs; return the Started event of the first as JSON.

    Leaves by typer.Exit with the exit code of the other process where it could not begin; it has
    said why on standard error.
    """
    process = _start(["run", COMMAND], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        with process.stdin as plan:
            plan.write(queue.to_json(batches))
        with process.stdout as announced:
            line = announced.readline()
    except KeyboardInterrupt:
        process.terminate()
        raise
    if not line:
        raise typer.Exit(process.wait())
    return json.loads(line)


def _start(arguments: list[str], **streams: Any) -> subprocess.Popen:
    # -P: a folder that happens to be called tui must not be taken for this package.
    command = [sys.executable, "-P", "-m", "tui.cli", *arguments]
    return subprocess.Popen(command, start_new_session=True, **streams)


def _log() -> IO[bytes]:
    path = log_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("ab")
    except OSError:  # a run must not be lost for its complaints
        return open(os.devnull, "ab")


class Announcement(Silence):
    """Tells whoever started this process of its first run, and then lets go of the terminal."""

    def __init__(self) -> None:
        self._told = False

    def __call__(self, event: Event) -> None:
        """Wait for the first Started."""
        if self._told or not isinstance(event, Started):
            return
        self._told = True
        say_json(to_json(event))
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1):
            os.dup2(nothing, stream)
        with _log() as log:
            os.dup2(log.fileno(), 2)
