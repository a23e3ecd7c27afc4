"""A task's side: one attempt at a run, on whatever node it is.

The run is driven in this process, as by any other executor: in its own directory where the node
sees the sweep's folder, else in a scratch folder from which the keeper is told every few seconds.
"""

import dataclasses
import os
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import EngineError, MnistTuiError
from engine.networks.ledger import vouch
from engine.runs.control import Control
from engine.runs.holder import FRESH
from engine.runs.lock import is_driven
from engine.runs.run import Run
from engine.sweeps.executors.executor import Outcome, Task
from engine.sweeps.executors.local import DRIVER_GONE
from engine.sweeps.executors.ray.keeper import Busy, NotTaken, Superseded
from engine.sweeps.executors.ray.mirror import Mirror
from engine.sweeps.executors.shipping import needed
from engine.sweeps.schema import PlannedRun, PlanValues
from engine.sweeps.sweep import Sweep, code_file, write_plan

if TYPE_CHECKING:
    from engine.laboratory import Laboratory

TOKEN_FILE = ".token"  # in the sweep's directory: who reads it there sees the folder
PATIENCE = 15.0  # seconds for a process that was lost to let its run go
LOOK, SEND = 1.0, 3.0  # seconds between two questions whether to stop, and two sendings
OVERTAKEN = "a newer attempt drives the run"
SCRATCH = "mnist-tui-sweep-"

Call = Callable[..., Any]  # a method of the keeper by its name, with arguments


class KeeperGone(Exception):
    """The keeper has died, or ended with the driver."""


@dataclass(frozen=True)
class Parcel:
    """All that a task is given."""

    task: Task
    plan: PlanValues  # of this run alone
    token: str
    folder: str  # the driver's current one, for paths that are relative to it
    threads: int | None
    device: str | None
    trusted: frozenset[str]  # hashes of code that its run needs and the driver's user trusts


@dataclass(frozen=True)
class Report:
    """What came of a task, and what there was to remark.

    Where ``gone``, the keeper was: if the driver is still there to hear it, it may try again.
    """

    outcome: Outcome
    remarks: list[str]
    gone: bool = False


def work(parcel: Parcel, keeper: Any) -> Report:
    """Do a task: the function that Ray calls. ``keeper`` is the actor's handle."""
    import ray

    def call(method: str, *arguments: Any) -> Any:
        deadline = time.monotonic() + (PATIENCE if method == "begin" else 0)
        while True:
            try:
                return ray.get(getattr(keeper, method).remote(*arguments))
            except ray.exceptions.RayActorError:  # one that was lost is soon there again
                if time.monotonic() > deadline:
                    raise KeeperGone from None
                time.sleep(LOOK)

    return perform(parcel, call, ray.get_runtime_context().get_node_id())


def perform(parcel: Parcel, call: Call, node: str = "") -> Report:
    """Do a task and say what came of it; ``node`` is where."""
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")  # torch's threads leave cores to other runs
    with suppress(OSError):
        os.chdir(parcel.folder)
    vouch(parcel.trusted)
    _remarks.clear()
    run_id, attempt = parcel.task.run_id, parcel.task.attempt
    try:
        if (reason := call("begin", run_id, attempt, node)) is not None:
            return Report(Outcome("stopped", reason), [])
        try:
            outcome = _perform(parcel, call)
        except (MnistTuiError, OSError) as error:  # of the scratch folder, too
            outcome = Outcome("failed", f"On {socket.gethostname()}: {error}")
        call("end", run_id, attempt)
    except Superseded:
        outcome = Outcome("stopped", OVERTAKEN)
    except (KeeperGone, NotTaken):
        return Report(Outcome("stopped", DRIVER_GONE), list(_remarks), gone=True)
    return Report(outcome, list(_remarks))


def _perform(parcel: Parcel, call: Call) -> Outcome:
    if sees_folder(parcel):
        sweep = Sweep(parcel.task.sweep)
        _wait_for(sweep.run(parcel.task.planned), parcel.task, call)
        return _driven(parcel, call, sweep, None)
    with _scratch() as folder:
        sweep = _unpacked(parcel, call, folder)
        mirror = Mirror(sweep.run(parcel.task.planned).path)
        mirror.changes()  # the keeper has what it gave
        outcome = _driven(parcel, call, sweep, mirror)
        words = outcome.message.replace(str(folder), str(parcel.task.sweep.parent))
        return dataclasses.replace(outcome, message=words)


def _driven(parcel: Parcel, call: Call, sweep: Sweep, mirror: Mirror | None) -> Outcome:
    from engine.sweeps.executors.worker import execute

    task, laboratory, control = parcel.task, _laboratory(), Control()
    _check_data(sweep, task.planned, laboratory)
    there = dataclasses.replace(task, sweep=sweep.path)
    with _Reporter(task, call, control, mirror) as reporter:
        outcome = execute(there, laboratory, control, threads=parcel.threads, device=parcel.device)
    return reporter.judged(outcome)


def sees_folder(parcel: Parcel) -> bool:
    """Tell whether this node sees the sweep's folder."""
    with suppress(OSError):
        return (parcel.task.sweep / TOKEN_FILE).read_text() == parcel.token
    return False


def _wait_for(run: Run, task: Task, call: Call) -> None:
    """Wait for an earlier attempt's process that is about to end, and holds the run still.

    Or that was cut off: after a minute, others may take what it had.
    """
    deadline = time.monotonic() + FRESH + PATIENCE
    while is_driven(run.path) and time.monotonic() < deadline:
        if call("stopping", task.run_id, task.attempt):
            return
        time.sleep(LOOK)


def _check_data(sweep: Sweep, planned: PlannedRun, laboratory: "Laboratory") -> None:
    """Raise EngineError where the run's dataset is not on this node; nothing is downloaded."""
    from engine.data.opened import at_home
    from engine.sweeps.executors.worker import has_begun

    run = sweep.run(planned)
    config = at_home(run.read_config()) if has_begun(run) else sweep.config(planned)
    laboratory.data(dataclasses.replace(config, offline=True))


class _Reporter:
    """While a run is active: sends what changes, and hears when it is to stop."""

    def __init__(self, task: Task, call: Call, control: Control, mirror: Mirror | None) -> None:
        self._run, self._call, self._control = (task.run_id, task.attempt), call, control
        self._mirror = mirror
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._report_often, daemon=True)
        self._error: Exception | None = None

    def __enter__(self) -> "_Reporter":
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._over.set()
        self._thread.join()
        self._report(send=True)

    def _report_often(self) -> None:
        since = time.monotonic()
        while not self._over.wait(LOOK):
            send = time.monotonic() - since >= SEND
            since = time.monotonic() if send else since
            self._report(send=send)

    def _report(self, *, send: bool) -> None:
        if self._error is not None:
            return
        try:
            if self._mirror is not None and send and (changes := self._mirror.changes()):
                self._call("write", *self._run, changes)
            if (reason := self._call("stopping", *self._run)) is not None:
                self._control.stop(reason)
        except Exception as error:  # raised in the main thread, once the run has stopped
            self._error = error
            self._control.stop(OVERTAKEN if isinstance(error, Superseded) else DRIVER_GONE)

    def judged(self, outcome: Outcome) -> Outcome:
        """Return an outcome if all of it was sent; raise what kept it from that."""
        if self._error is not None:
            raise self._error
        return outcome


_remarks: list[str] = []


@cache
def _laboratory() -> "Laboratory":
    """Return this process's laboratory: datasets stay open from one task to the next."""
    from engine.laboratory import Laboratory

    return Laboratory(warn=_remarks.append)


# Where the folder is not seen.


def _unpacked(parcel: Parcel, call: Call, folder: Path) -> Sweep:
    """Write what a run needs into a scratch folder; return the sweep there. Raises EngineError."""
    task, planned = parcel.task, parcel.task.planned
    sweep = Sweep(folder / task.sweep.name)
    sweep.path.mkdir()
    write_plan(sweep.path, parcel.plan)
    if planned.code is not None:
        name = code_file(planned.code)
        (sweep.path / name).write_bytes(call("code", name))
    for run_id in needed(planned):
        with suppress(EngineError):  # one that is gone is missed by whoever looks at it
            _write(folder / run_id, call("look", run_id))
    if files := _taken(task, call):
        _write(folder / planned.run_id, files)
    return sweep


def _taken(task: Task, call: Call) -> dict[str, bytes]:
    """Have the keeper lock the run; return the files that there are. Raises EngineError."""
    deadline = time.monotonic() + FRESH + PATIENCE  # another machine may have had it
    while True:
        try:
            files: dict[str, bytes] = call("take", task.run_id, task.attempt)
            return files
        except Busy as busy:
            if time.monotonic() > deadline or call("stopping", task.run_id, task.attempt):
                raise EngineError(str(busy)) from None
            time.sleep(LOOK)


def _write(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)


@contextmanager
def _scratch() -> Iterator[Path]:
    """Yield a folder of its own; what processes left that were killed is removed as well."""
    import psutil

    for old in Path(tempfile.gettempdir()).glob(f"{SCRATCH}*-*"):
        process = old.name.removeprefix(SCRATCH).partition("-")[0]
        if process.isdigit() and not psutil.pid_exists(int(process)):
            shutil.rmtree(old, ignore_errors=True)
    with tempfile.TemporaryDirectory(
        prefix=f"{SCRATCH}{os.getpid()}-", ignore_cleanup_errors=True
    ) as folder:
        yield Path(folder)
