"""The driver's side of Ray: gives out tasks, and says which workers were lost."""

import os
import secrets
import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from engine.errors import EngineError
from engine.files.writer import remove_file, write_atomically
from engine.sweeps.executors.executor import Outcome, Said, Task, WorkerLost
from engine.sweeps.executors.ray.cluster import Nodes, Share, calls_of, connect, share_of
from engine.sweeps.executors.ray.keeper import Keeper
from engine.sweeps.executors.ray.work import TOKEN_FILE, Parcel, Report, work
from engine.sweeps.executors.shipping import trusted_for
from engine.sweeps.sweep import Sweep

DEVICES = ("auto", "cuda")  # that a GPU of the cluster is asked for


ANEW = 2.0  # seconds between two looks at the nodes
NODE_LOST = "the worker's node was lost"
KEEPER_LOST = "the process that keeps the sweep's files was lost"


@dataclass(frozen=True)
class _Given:
    """A task that was given to Ray, where its report will be, and what the driver waits for."""

    task: Task
    ref: Any
    ended: "Future[Outcome]"


class RayExecutor:
    """Ray tasks that are never retried by Ray, of a thread or more each.

    ``threads`` are those of each run; ``jobs`` is how many runs are done at a time at most, as many
    as the cluster has room for by default. ``said`` hears remarks, from any thread. Where ``away``,
    no node is taken to see the sweep's folder. Raises EngineError where no cluster can be used.
    """

    def __init__(
        self,
        sweep: Path,
        *,
        address: str | None = None,
        threads: int = 1,
        jobs: int | None = None,
        said: Said = lambda line: None,
        away: bool = False,
    ) -> None:
        connect(address, cpus=threads * (jobs or 1))
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        self._sweep, self._threads, self._jobs, self._said = sweep.resolve(), threads, jobs, said
        self._plan = Sweep(sweep).plan
        self._token = secrets.token_hex(16)
        self._stopping = False
        self._tell_again = 0.0  # when the keeper is to be told of a stop once more
        self._given: dict[tuple[str, int], _Given] = {}  # who takes one out settles it
        self._over = threading.Event()
        try:
            if not away:
                self._leave_token()
            self._nodes = Nodes(self._sweep / TOKEN_FILE, self._token, said)
            self._nodes.wait()
            resources = self._nodes.resources
            asked = {run.config.get("device", "auto") for run in self._plan.runs}
            self._share = Share(threads)  # what a run takes at most
            if not asked.isdisjoint(DEVICES):
                self._share = share_of(threads, jobs, resources)
            here = NodeAffinitySchedulingStrategy(
                ray.get_runtime_context().get_node_id(), soft=False
            )
            keeper: Any = ray.remote(Keeper)
            self._keeper = keeper.options(
                num_cpus=0, max_restarts=-1, scheduling_strategy=here
            ).remote(self._sweep)
            self._work: Any = ray.remote(max_calls=calls_of(self._share, resources))(work)
            threading.Thread(target=self._watch, daemon=True, name="nodes").start()
        except BaseException:
            self.close()
            raise

    def _leave_token(self) -> None:
        try:
            write_atomically(self._sweep / TOKEN_FILE, self._token.encode(), self._sweep)
        except OSError as error:
            raise EngineError(f"{self._sweep} cannot be written ({error.strerror}).") from None

    @property
    def slots(self) -> int:
        """How many runs are done at a time, by the nodes that there are now."""
        room = sum(map(self._share.fits, self._nodes.resources))
        return max(1, min(room, self._jobs or room))

    def submit(self, task: Task) -> "Future[Outcome]":
        """Have a task done by a node that has room for it."""
        on_gpu = task.planned.config.get("device", "auto") in DEVICES
        share = self._share if on_gpu else Share(self._threads)
        parcel = Parcel(
            task,
            msgspec.structs.replace(self._plan, runs=[task.planned]),
            self._token,
            os.getcwd(),
            self._threads,
            "cuda:0" if share.gpus else None,
            trusted_for(task.sweep.parent, task.planned),
        )
        self._keeper.expect.remote(task.run_id, task.attempt)
        ref = self._work.options(
            num_cpus=share.cpus, num_gpus=share.gpus, max_retries=0, name=task.run_id
        ).remote(parcel, self._keeper)
        key, ended = (task.run_id, task.attempt), Future[Outcome]()
        ended.set_running_or_notify_cancel()
        self._given[key] = _Given(task, ref, ended)
        ref.future().add_done_callback(lambda found: self._ended(key, found))
        return ended

    def _ended(self, key: tuple[str, int], found: "Future[Report]") -> None:
        """Pass on what became of a task; called by a thread of Ray's."""
        if (given := self._given.pop(key, None)) is None:
            return  # its node was lost for a while
        try:
            report = found.result()
            for remark in report.remarks:
                self._said(remark)
            if report.gone and not self._stopping:
                raise WorkerLost(KEEPER_LOST)
            given.ended.set_result(report.outcome)
        except WorkerLost as lost:
            given.ended.set_exception(lost)
        except BaseException as error:
            try:
                given.ended.set_result(self._outcome(error, given.task))
            except WorkerLost as lost:
                given.ended.set_exception(lost)

    def _watch(self) -> None:
        """Look at the nodes, and give up what is on one that is lost.

        Ray itself takes minutes for that where the connection hangs and is not closed.
        """
        import ray

        while not self._over.wait(ANEW):
            with suppress(ray.exceptions.RayError):
                for node in self._nodes.look():
                    for key in ray.get(self._keeper.on.remote(node)):
                        if (given := self._given.pop(key, None)) is not None:
                            self._keeper.lost.remote(*key)
                            given.ended.set_exception(WorkerLost(NODE_LOST))

    def _outcome(self, error: BaseException, task: Task) -> Outcome:
        """Return what an error of a task comes to. Raises WorkerLost where its worker is gone."""
        from ray import exceptions

        if isinstance(error, exceptions.TaskCancelledError):  # by us, before it began
            return Outcome("stopped")
        with suppress(exceptions.RayError):
            self._keeper.lost.remote(task.run_id, task.attempt)
        if isinstance(error, exceptions.RayTaskError):
            cause = error.cause if isinstance(error.cause, Exception) else error
            return Outcome("failed", f"Unexpected {type(cause).__name__}: {cause}")
        raise WorkerLost(_how(error))

    def stop(self, reason: str) -> None:
        """Have every active run stopped at its next event, and let none begin.

        Called again and again until all have ended.
        """
        import ray

        self._stopping = True
        if time.monotonic() < self._tell_again:
            return
        with suppress(ray.exceptions.RayError):  # a keeper that is begun again: next time
            active = ray.get(self._keeper.stop.remote(reason), timeout=ANEW)
            if not self._tell_again:
                for key, given in list(self._given.items()):
                    if key not in active:  # it waits for a node, or would be told to stop
                        ray.cancel(given.ref)
            self._tell_again = time.monotonic() + ANEW  # it may die, and another know nothing

    def close(self) -> None:
        """Leave the cluster; one that was begun here ends."""
        import ray

        self._over.set()
        with suppress(OSError, EngineError):
            remove_file(self._sweep, TOKEN_FILE)
        ray.shutdown()


def _how(error: BaseException) -> str:
    """Return in words how a worker was lost."""
    from ray import exceptions

    if isinstance(error, exceptions.OutOfMemoryError):
        return "the worker was killed since its node was out of memory"
    if isinstance(error, exceptions.NodeDiedError):
        return NODE_LOST
    if isinstance(error, exceptions.WorkerCrashedError):
        return "the worker died, or its node was lost"
    return f"the worker was lost ({type(error).__name__})"
