"""What a sweep's runs are executed by: the interface that all executors have.

It has the semantics of ``concurrent.futures``: ``submit`` returns a Future at once, whose result is
an Outcome, or whose exception says how the worker was lost.
"""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from engine.sweeps.schema import PlannedRun


@dataclass(frozen=True)
class Task:
    """One attempt at a run: all that a worker has to know, wherever it is."""

    sweep: Path
    planned: PlannedRun
    attempt: int = 1

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.planned.run_id


@dataclass(frozen=True)
class Outcome:
    """What came of an attempt: the run's status in its files, and why it failed."""

    status: str  # finished, stopped or failed
    message: str = ""


class WorkerLost(Exception):
    """A worker died, by a signal or for want of memory: its run may be tried again."""


class Executor(Protocol):
    """Executes tasks, as many at a time as it has ``slots``."""

    @property
    def slots(self) -> int:
        """How many tasks are done at a time, as things are: one or more."""

    def submit(self, task: Task) -> "Future[Outcome]":
        """Have a task done; the Future raises WorkerLost where its worker was lost."""

    def stop(self, reason: str) -> None:
        """Have every active run stopped at its next event, and kept."""

    def close(self) -> None:
        """Let the workers go. Nothing is active any more."""


Said = Callable[[str], None]
