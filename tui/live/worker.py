"""A thread that does the newest job of each kind; older ones are dropped, or stopped half-way.

What is told may come late: it should say what it is about.
"""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

Job = Callable[[], Iterator[Any]]
Tell = Callable[[Any], None]
IDLE = 1.0  # seconds between two looks at whether the program has ended
NICEST = 19


class Worker:
    """Jobs are generators: each of their results is told, and between two they can be stopped.

    None is not told: a job that has nothing to tell for long yields it, to be stopped there too.
    An error is told in the place of a result. ``tell`` is called in the thread. torch has one
    thread here, so that a training beside it keeps its own.
    """

    def __init__(self, name: str, kinds: Sequence[str], *, background: bool = False) -> None:
        """Jobs of the first of ``kinds`` come first. ``background`` takes what others leave."""
        self._kinds, self._background = tuple(kinds), background
        self._waiting: dict[str, tuple[Iterator[Any], Tell]] = {}  # begun or not
        self._changed = threading.Condition()
        self._closed = False
        self._stopped: set[str] = set()  # kinds whose current job is no longer wanted
        self._thread = threading.Thread(target=self._work, name=name)

    def do(self, kind: str, job: Job, tell: Tell) -> None:
        """Do a job, and none of its kind that was asked for before."""
        with self._changed:
            if self._closed:
                return
            self._waiting[kind] = job(), tell
            self._stopped.add(kind)
            if not self._thread.is_alive() and self._thread.ident is None:
                self._thread.start()
            self._changed.notify()

    def drop(self, kind: str) -> None:
        """Do no job of a kind any longer, but for the step that it is at."""
        with self._changed:
            self._waiting.pop(kind, None)
            self._stopped.add(kind)

    def close(self) -> None:
        """End the thread, after the step that it is at."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify()

    def join(self, patience: float) -> bool:
        """Wait for the end; return whether it has come."""
        if self._thread.ident is not None:
            self._thread.join(patience)
        return not self._thread.is_alive()

    def _work(self) -> None:
        self._prepare()
        while (found := self._next()) is not None:
            kind, job, tell = found
            try:
                for result in job:
                    if self._stop(kind, job, tell, result):
                        break
            except Exception as error:
                self._stop(kind, iter(()), tell, error)

    def _next(self) -> tuple[str, Iterator[Any], Tell] | None:
        """Wait for a job; return None at the end."""
        with self._changed:
            while not self._over:
                for kind in self._kinds:
                    if kind in self._waiting:
                        self._stopped.discard(kind)
                        return kind, *self._waiting.pop(kind)
                self._changed.wait(IDLE)
        return None

    def _stop(self, kind: str, job: Iterator[Any], tell: Tell, result: Any) -> bool:
        """Tell a result; return whether the job should not go on now.

        It waits where a job of another kind comes first.
        """
        if self._over:
            return True
        if result is not None:  # although a newer job may wait: who asks all the time must hear
            tell(result)
        with self._changed:
            if self._over or kind in self._stopped:
                return True
            sooner = self._kinds[: self._kinds.index(kind)]
            if not any(other in self._waiting for other in sooner):
                return False
            self._waiting[kind] = job, tell
            return True

    @property
    def _over(self) -> bool:
        # It is no daemon: killed in the middle of torch, it would abort the process.
        return self._closed or not threading.main_thread().is_alive()

    def _prepare(self) -> None:
        import torch

        # Of this thread alone. What torch takes for threads to come is set back by one of these.
        others = torch.get_num_threads()
        torch.set_num_threads(1)
        resetting = threading.Thread(target=torch.set_num_threads, args=(others,))
        resetting.start()
        resetting.join()
        if self._background:
            with suppress(OSError, AttributeError):  # only Linux has it for single threads
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICEST)
