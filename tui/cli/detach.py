"""``--detach``: runs driven in the background, by a process of their own."""

import json
import os
import subprocess
from collections.abc import Iterable
from typing import Any

import typer

from engine.files.log import open_log
from engine.runs import queue
from engine.runs.events import Event, Started, to_json
from tui.cli.progress import Silence
from tui.console import say_json
from tui.live.hand_over import start_process


def start_detached(command: str, requests: Iterable[queue.Request]) -> dict[str, Any]:
    """Have another process drive these runs; return the Started event of the first as JSON.

    ``command`` is that of `mnist-tui run` which drives what its standard input describes.

    Raises typer.Exit with that process's exit code if it could not start; it has said why on
    standard error.
    """
    process = start_process(
        ["run", command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None  # both are pipes
    assert process.stdout is not None
    try:
        with process.stdin as plan:
            plan.write(queue.to_json(requests))
        with process.stdout as announced:
            line = announced.readline()
    except KeyboardInterrupt:
        process.terminate()
        raise
    if not line:
        raise typer.Exit(process.wait())
    event: dict[str, Any] = json.loads(line)
    return event


class Announcement(Silence):
    """Announces the first run to the parent process, then lets go of the terminal."""

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
        with open_log() as log:
            os.dup2(log.fileno(), 2)
