"""The Ray cluster that a sweep runs on: how it is reached, and what its nodes can take."""

import logging
import os
import secrets
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from engine.errors import EngineError
from engine.files.log import open_log
from engine.files.text import visible
from engine.numerics.cores import usable_cores
from engine.sweeps.executors.executor import Said
from engine.sweeps.executors.local import Slot
from engine.sweeps.executors.ray import probe
from engine.sweeps.executors.slots import PER_GPU

OBJECT_STORE = 256 << 20  # bytes, of a cluster that is started here: networks and checkpoints
PATIENCE = 120.0  # seconds for the first nodes to answer; each has a Python process to start
LONGEST = 400  # characters of what Ray says
ANSWER = 5.0  # seconds for whoever listens at an address
INSTALL = "Ray is not installed: pip install 'mnist-tui[ray]'."


@dataclass(frozen=True)
class Share:
    """What a run takes of a node."""

    cpus: int
    gpus: float = 0.0

    def fits(self, resources: Mapping[str, float]) -> int:
        """Return how many runs a node with these resources does at a time."""
        count = int(resources.get("CPU", 0) // self.cpus)
        if self.gpus:
            # A run's share of a GPU lies on one: the rest of each is not added up.
            count = min(count, int(resources.get("GPU", 0)) * int(1 / self.gpus + 1e-9))
        return count


def check_installed() -> None:
    """Raise EngineError where Ray is not installed."""
    found = find_spec("ray")
    if found is None or found.origin is None:  # or some folder of that name
        raise EngineError(INSTALL)


def _check_answers(address: str) -> None:
    """Raise EngineError where nothing listens at HOST:PORT: Ray would ask for ten minutes."""
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdigit():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=ANSWER).close()
    except (OSError, OverflowError) as error:
        words = getattr(error, "strerror", None) or error
        raise EngineError(f"No Ray cluster answers at {visible(address)} ({words}).") from None


def connect(address: str | None, cpus: int = 1) -> None:
    """Join a cluster, or begin one on this machine with at least so many CPUs; once is enough.

    Raises EngineError. Nothing that Ray says is shown: it goes to the log.
    """
    address = address or os.environ.get("RAY_ADDRESS") or "local"
    if address.startswith("ray://"):
        raise EngineError(
            "Runs are kept by a node of the cluster, so begin the sweep on one: "
            "--address HOST:6379, not ray://."
        )
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody
    # Ray would start workers by `uv run` as well, perhaps on another Python.
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    check_installed()
    import ray

    if ray.is_initialized():
        return
    _check_answers(address)
    here: dict[str, Any] = {}
    if address == "local":
        # Else Ray would write one into the user's home, for all clusters from then on.
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        here = {"num_cpus": max(cpus, usable_cores()), "object_store_memory": OBJECT_STORE,
                "include_dashboard": False}  # fmt: skip
    try:
        with _errors_to_log():
            ray.init(address, log_to_driver=False, logging_level=logging.CRITICAL, **here)
        # Ray prints pages when a node is lost, log_to_driver or not; there is no option for it.
        ray._private.worker._worker_logs_enabled = False
    except Exception as error:  # ConnectionError, RuntimeError, ValueError, by what is wrong
        words = visible(" ".join(str(error).split()))[:LONGEST].rstrip(".")
        if address not in ("auto", "local") and "RAY_AUTH_MODE" not in os.environ:
            words += "; if it wants a token, set RAY_AUTH_MODE=token"
        raise EngineError(f"Ray at {visible(address)} cannot be used: {words}.") from None


@contextmanager
def _errors_to_log() -> Iterator[None]:
    """While it is reached: Ray's C++ part writes to the terminal itself."""
    kept = os.dup(2)
    try:
        with open_log() as log:
            os.dup2(log.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


class Nodes:
    """The nodes of the cluster: each is asked once what it has before its CPUs count.

    ``token`` is what the file at ``path`` holds, by which a node knows whether it sees the folder.
    """

    def __init__(self, path: Path, token: str, said: Said) -> None:
        self._path, self._token, self._said = str(path), token, said
        self._asked: dict[str, Any] = {}  # by node: where its answer will be
        self._sound: dict[str, bool] = {}
        self._resources: dict[str, Mapping[str, float]] = {}
        self._here = probe.probe(self._path, token)

    def wait(self) -> None:
        """Wait for the answers of all nodes. Raises EngineError where no node can be used."""
        import ray

        self._look()
        ray.wait(list(self._asked.values()), num_returns=len(self._asked), timeout=PATIENCE)
        remarks: list[str] = []
        self._hear(remarks.append)
        if not any(self._sound.values()):
            raise EngineError(" ".join(remarks) or "No node of the Ray cluster answers.")
        for remark in remarks:
            self._said(remark)

    @property
    def resources(self) -> list[Mapping[str, float]]:
        """What the nodes have that can be used, when they were last looked at."""
        return [found for node, found in self._resources.items() if self._sound.get(node)]

    def look(self) -> set[str]:
        """Look at the nodes anew; return the ids of those that were lost."""
        before = set(self._resources)
        self._look()
        self._hear(self._said)
        return before - self._resources.keys()

    def _look(self) -> None:
        """Find out which nodes there are, and ask those that are new."""
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        ray.cloudpickle.register_pickle_by_value(probe)
        asks = ray.remote(probe.probe)
        alive = [node for node in ray.nodes() if node["Alive"]]
        self._resources = {node["NodeID"]: node["Resources"] for node in alive}
        for node in self._resources.keys() - self._asked.keys():
            there = NodeAffinitySchedulingStrategy(node, soft=False)
            options = {"num_cpus": 0, "max_retries": 0, "scheduling_strategy": there}
            self._asked[node] = asks.options(**options).remote(self._path, self._token)

    def _hear(self, said: Said) -> None:
        """Take the answers that have come."""
        import ray

        for node, answer in self._asked.items():
            if node in self._sound or not ray.wait([answer], timeout=0)[0]:
                continue
            try:
                found = ray.get(answer)
            except ray.exceptions.RayError:  # it is lost already
                self._sound[node] = False
                continue
            self._sound[node] = found[probe.OURS] == self._here[probe.OURS]
            if remark := remark_on(found, self._here):
                said(remark)


def remark_on(found: Mapping[str, Any], here: Mapping[str, Any]) -> str:
    """Return in a line how a node differs from this machine, "" where it does not."""
    host, ours = visible(str(found["host"])), probe.OURS
    if found[ours] is None:
        return f"Node {host} has no {ours}; install {ours} {here[ours]} there."
    if found[ours] != here[ours]:
        return f"Node {host} has {ours} {visible(found[ours])}; install {here[ours]} there."
    other = [
        f"{name} {visible(str(found[name]))} where this machine has {here[name]}"
        for name in ("Python", "torch")
        if found[name] != here[name]
    ]
    if other:
        return f"Node {host} has {', '.join(other)}: numbers may differ in the last digits."
    return ""


def slots_of(address: str | None, threads: int, jobs: int | None) -> list[Slot]:
    """Return what a cluster has room for, without asking its nodes. Raises EngineError."""
    connect(address, cpus=threads * (jobs or 1))
    import ray

    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    room = max(1, sum(map(share_of(threads, jobs, nodes).fits, nodes)))
    return [Slot(threads)] * min(room, jobs or room)


def calls_of(share: Share, nodes: list[Mapping[str, float]]) -> int:
    """Return how many runs a process does, 0 where that does not matter.

    What has computed on a GPU stays with it, and Ray may give the next run another one.
    """
    return 1 if share.gpus and any(node.get("GPU", 0) > 1 for node in nodes) else 0


def share_of(threads: int, jobs: int | None, nodes: list[Mapping[str, float]]) -> Share:
    """Return what each run takes of a GPU too, where the cluster has any."""
    gpus = sum(int(node.get("GPU", 0)) for node in nodes)
    if not gpus:
        return Share(threads)
    each = PER_GPU if jobs is None else max(1, -(-jobs // gpus))
    return Share(threads, 1 / each)
