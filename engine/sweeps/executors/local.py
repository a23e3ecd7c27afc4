"""Executes a sweep's runs on this machine, each slot in a process of its own.

The processes come from a fork server that has imported torch and never computed with it: a new one
takes milliseconds, and no thread pool was forked in the middle of its work. A process is used for
one run after another and keeps its datasets open. When the driver dies, the end of its pipe is
closed by the system, and the worker stops its run at the next event.
"""

import multiprocessing
import os
import queue
import signal
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from engine.runs.control import Control
from engine.sweeps.executors.executor import Outcome, Said, Task, WorkerLost

PRELOADED = ["engine.sweeps.executors.preload"]
DRIVER_GONE = "the sweep's driver is gone"
PATIENCE = 10.0  # seconds that an idle worker may take to leave


@dataclass(frozen=True)
class Slot:
    """Where a run is executed: so many threads, and a device if it is not left open."""

    threads: int | None
    device: str | None = None


class LocalExecutor:
    """Worker processes on this machine; ``said`` hears their remarks, from any thread."""

    def __init__(self, slots: list[Slot], said: Said = lambda line: None) -> None:
        self.slots = len(slots)
        self._said = said
        self._free: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        self._workers = [_Worker(slot, said) for slot in slots]
        for worker in self._workers:
            self._free.put(worker)
        self._pool = ThreadPoolExecutor(self.slots, thread_name_prefix="sweep")

    def submit(self, task: Task) -> "Future[Outcome]":
        """Have a task done by the next worker that is free."""
        return self._pool.submit(self._execute, task)

    def _execute(self, task: Task) -> Outcome:
        worker = self._free.get()
        try:
            return worker.execute(task)
        finally:
            self._free.put(worker)

    def stop(self, reason: str) -> None:
        """Have every active run stopped at its next event."""
        for worker in self._workers:
            worker.stop(reason)

    def close(self) -> None:
        """End the workers, which have nothing left to do."""
        self._pool.shutdown(cancel_futures=True)
        for worker in self._workers:
            worker.close()

    @property
    def processes(self) -> list[int]:
        """The ids of the processes that there are, for tests."""
        return [worker.pid for worker in self._workers if worker.pid is not None]


class _Worker:
    """A slot and its process, which is begun at the first task and again after it was lost."""

    def __init__(self, slot: Slot, said: Said) -> None:
        self._slot, self._said = slot, said
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None
        self._sending = threading.Lock()  # stop() comes from another thread than execute()

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def execute(self, task: Task) -> Outcome:
        """Have the process do a task and wait for it. Raises WorkerLost."""
        if self._process is None or not self._process.is_alive():
            try:
                self._begin()
            except (OSError, EOFError) as error:
                raise WorkerLost(f"no worker can be started ({error or 'it died'})") from None
        assert self._pipe is not None
        try:
            self._send(("run", task))
            while True:
                kind, value = self._pipe.recv()
                if kind == "said":
                    self._said(value)
                elif kind == "leaving":
                    self._end()
                    raise WorkerLost(value)
                else:
                    outcome: Outcome = value
                    return outcome
        except (EOFError, OSError):
            raise WorkerLost(self._end()) from None

    def _begin(self) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(PRELOADED)
        here, there = context.Pipe()
        with _quiet_threads():
            process = context.Process(target=work, args=(there, self._slot), daemon=True)
            process.start()
        there.close()
        self._pipe, self._process = here, process

    def _end(self) -> str:
        """Forget a process that has died and return how, in words."""
        process, self._process = self._process, None
        if process is None:
            return "the worker has ended"
        process.join(PATIENCE)
        code = process.exitcode
        if code is not None and code < 0:
            memory = "; the machine may be out of memory" if code == -signal.SIGKILL else ""
            return f"the worker was killed ({signal.strsignal(-code) or -code}{memory})"
        return f"the worker exited with {code}"

    def stop(self, reason: str) -> None:
        """Have the active run stopped, if there is one."""
        if self._pipe is not None:
            self._send(("stop", reason))

    def _send(self, message: tuple[str, Any]) -> None:
        assert self._pipe is not None
        with self._sending, suppress(OSError):  # a process that has died is noticed by execute
            self._pipe.send(message)

    def close(self) -> None:
        """End the process."""
        if self._pipe is not None:
            self._pipe.close()
        if self._process is not None:
            self._process.join(PATIENCE)
            if self._process.is_alive():
                self._process.kill()


class _quiet_threads:
    """While a process begins: its threads are not to spin, which would take other runs' cores."""

    VARIABLE = "GOMP_SPINCOUNT"

    def __enter__(self) -> None:
        self._given = os.environ.get(self.VARIABLE)
        os.environ.setdefault(self.VARIABLE, "1000")

    def __exit__(self, *exception: object) -> None:
        if self._given is None:
            os.environ.pop(self.VARIABLE, None)


def work(pipe: Connection, slot: Slot) -> None:
    """Do tasks until the driver has no more, or is gone: the main function of a worker."""
    _detach()
    worker = _Work(pipe)
    threading.Thread(target=worker.hear, daemon=True).start()
    worker.do_tasks(slot)


class _Work:
    """The worker's side of the pipe: one thread hears the driver, the main one executes."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._control = Control()  # of the active run
        self._stopping: str | None = None  # why no run is to go on
        self._leaving = False  # asked to end, by whoever is short of memory

    def hear(self) -> None:
        """Take what the driver sends until its end of the pipe is closed."""
        try:
            while True:
                kind, value = self._pipe.recv()
                if kind == "stop":
                    self._stop(value)
                else:
                    self._tasks.put(value)
        except (EOFError, OSError):
            self._stop(DRIVER_GONE)
            self._tasks.put(None)

    def _stop(self, reason: str) -> None:
        self._stopping = reason
        self._control.stop(reason)

    def do_tasks(self, slot: Slot) -> None:
        """Execute tasks one after another."""
        from engine.laboratory import Laboratory
        from engine.sweeps.executors.worker import execute

        laboratory = Laboratory(warn=self._say)
        signal.signal(signal.SIGTERM, self._leave)
        while (task := self._tasks.get()) is not None:
            self._control = Control()  # the last run may have been stopped by itself
            if self._stopping is not None:  # asked for after that, or before it was there
                self._control.stop(self._stopping)
            outcome = execute(
                task, laboratory, self._control, threads=slot.threads, device=slot.device
            )
            with suppress(OSError):
                if self._leaving and outcome.status == "stopped":
                    self._pipe.send(("leaving", "the worker was asked to end (SIGTERM)"))
                else:
                    self._pipe.send(("done", outcome))
            if self._leaving:
                return

    def _leave(self, number: int, frame: object) -> None:
        self._leaving = True
        self._control.stop("SIGTERM")
        self._tasks.put(None)

    def _say(self, line: str) -> None:
        with suppress(OSError):
            self._pipe.send(("said", line))


def _detach() -> None:
    """Let go of the terminal: Ctrl-C there is for the driver, and what is written goes to a log."""
    from engine.files.log import open_log

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1):
        os.dup2(nothing, stream)
    with open_log() as log:
        os.dup2(log.fileno(), 2)
