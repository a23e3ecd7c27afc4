"""Between the engine's thread and the screen: one puts and never waits, the other takes.

A screen that is slow, blocked or gone must not slow the engine's thread. So ``put`` only appends
under a lock, and the backlog is bounded: once too many events wait, the oldest Progress and Preview
events are dropped, and the taker learns whose they were, to fill the gap from the run's journal.
Starts, checkpoints and ends are never dropped.
"""

import threading
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from engine.runs.events import Event, Preview, Progress

WAITING = 4096  # Progress and Preview events kept for a taker
ATask = TypeVar("ATask", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Letter(Generic[ATask]):
    """An event and the task that it belongs to."""

    task: ATask
    event: Event


class Mailbox(Generic[ATask]):
    """Letters in the order of their events; safe between two threads."""

    def __init__(self, waiting: int = WAITING) -> None:
        self._lock = threading.Lock()
        self._letters: deque[Letter[ATask]] = deque()
        self._kept: deque[Letter[ATask]] = deque()  # starts and ends that precede the letters
        self._waiting = waiting
        self._gaps: set[ATask] = set()

    def put(self, task: ATask, event: Event) -> None:
        """Leave an event; never blocks for longer than a ``take`` copies."""
        with self._lock:
            self._letters.append(Letter(task, event))
            if len(self._letters) > self._waiting:
                oldest = self._letters.popleft()
                if isinstance(oldest.event, (Progress, Preview)):
                    self._gaps.add(oldest.task)
                else:
                    self._kept.append(oldest)

    def take(self) -> tuple[list[Letter[ATask]], set[ATask]]:
        """Return the waiting letters, and the tasks that lost events before them."""
        with self._lock:
            letters = [*self._kept, *self._letters]
            gaps, self._gaps = self._gaps, set()
            self._kept.clear()
            self._letters.clear()
        return letters, gaps
