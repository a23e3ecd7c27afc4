"""Runs read from their files: finished ones to look at, and those that another process drives."""

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from engine.errors import MnistTuiError
from engine.runs.follow import Follower
from engine.runs.index import summaries
from engine.runs.lock import is_driven_elsewhere
from engine.runs.queue import Request, read_queue
from engine.runs.run import Run
from engine.runs.store import list_runs
from engine.runs.summary import Summary
from tui.live.mailbox import Mailbox
from tui.live.task import Task

MOST_OPENED = 40  # runs, of which each takes some milliseconds
FEW = 50  # runs, whose files are read as fast as the index


class Shelf:
    """Keeps a task for each run that was opened, the newest first.

    ``follow`` and ``look_for_driven`` are for a thread: what they read goes through the mailbox.
    """

    def __init__(self, mailbox: Mailbox[Task]) -> None:
        self.tasks: list[Task] = []
        self.loading = True  # until the newest runs have been opened
        self.finished: list[Summary] = []  # the newest of each kind, as they were at the start
        self._mailbox = mailbox
        self._looked_at: set[str] = set()  # ids of runs that will not be driven again
        self._lock = threading.Lock()
        self._following = threading.Lock()

    def look(self, artifacts: str) -> None:
        """Tell whether there is anything to load: in an empty folder it is known at once."""
        with suppress(OSError):
            with os.scandir(artifacts) as entries:
                self.loading = any(True for _ in entries)
            return
        self.loading = False  # nobody has made it yet, or it cannot be read

    def open(self, run: Run) -> Task:
        """Return the task of a run. Raises EngineError if it cannot be read."""
        if (known := self._known(run)) is not None:
            return known
        info = run.read_info()
        follower = Follower(run)
        task = Task(run.read_config(), Request(info["command"], []), follower=follower)
        for event in follower.read_all():
            task.add(event)
        if task.active:  # its journal has no end
            task.state = run.read_status()
        task.message = info.get("message", "")
        with self._lock:
            # Another thread may have been faster, and its task be on screen already.
            if (known := self._known(run)) is not None:
                return known
            self.tasks = sorted([*self.tasks, task], key=_id_of, reverse=True)
        return task

    def _known(self, run: Run) -> Task | None:
        return next((task for task in self.tasks if _id_of(task) == run.id), None)

    def open_newest(self, artifacts: str) -> None:
        """Open each model's newest finished training and the newest of the other sections.

        Those of each dataset by themselves. Where none is finished, the newest that was stopped
        or interrupted, so that it can be resumed where it was left.
        """
        try:
            self._open_newest(artifacts)
            self._open_unfinished(artifacts)
        finally:
            self.loading = False

    def _open_newest(self, artifacts: str) -> None:
        found: dict[tuple[str, ...], Summary] = {}
        for run in self._finished(artifacts):
            if run.kind in found:
                continue
            if len(found) < MOST_OPENED:
                with suppress(MnistTuiError):
                    self.open(Run(Path(artifacts) / run.run))
                    found[run.kind] = run
            else:
                found[run.kind] = run
        self.finished = list(found.values())

    def _open_unfinished(self, artifacts: str) -> None:
        with suppress(MnistTuiError):
            there = summaries(Path(artifacts))
            opened = {_id_of(task) for task in self.tasks}
            shown = {run.kind for run in there if run.run in opened}
            for run in there:
                if run.status in ("stopped", "interrupted") and run.kind not in shown:
                    with suppress(MnistTuiError):
                        self.open(Run(Path(artifacts) / run.run))
                        shown.add(run.kind)

    def open_newest_of(self, artifacts: str, section: str, network: str) -> Task | None:
        """Open the newest finished run of a section that looked at a run's network."""
        for run in self._finished(artifacts):
            if run.section == section and run.network == network:
                with suppress(MnistTuiError):
                    return self.open(Run(Path(artifacts) / run.run))
        return None

    def _finished(self, artifacts: str) -> Iterator[Summary]:
        with suppress(MnistTuiError):
            yield from (run for run in summaries(Path(artifacts)) if run.status == "finished")

    def forget(self, run: Run) -> None:
        """Drop a run that this process drives from now on."""
        with self._lock:
            self.tasks = [task for task in self.tasks if _id_of(task) != run.id]

    def look_for_driven(self, artifacts: str) -> list[Task]:
        """Open runs that another process drives and that were not open yet."""
        found = []
        with suppress(MnistTuiError):
            unknown = self._unknown(artifacts)
            if len(unknown) > FEW:
                self._looked_at.update(run.run for run in self._finished(artifacts))
                unknown = self._unknown(artifacts)
            for run in unknown:
                with suppress(MnistTuiError):
                    if run.read_info()["status"] == "finished":
                        self._looked_at.add(run.id)
                    elif is_driven_elsewhere(run.path):
                        found.append(self.open(run))
        return found

    def _unknown(self, artifacts: str) -> list[Run]:
        """Return the runs in a folder that may be driven and are not open."""
        opened = {_id_of(task) for task in self.tasks}
        runs = list_runs(Path(artifacts))
        known = self._looked_at | opened
        return [run for run in runs if run.id not in known]

    def follow(self) -> None:
        """Put new events of opened runs, written by other processes, into the mailbox."""
        if not self._following.acquire(blocking=False):  # the previous look is not over yet
            return
        try:
            self._follow()
        finally:
            self._following.release()

    def _follow(self) -> None:
        for task in self.tasks:
            follower = _follower(task)
            if task.state == "finished" and not follower.driven:
                continue
            try:
                for event in follower.read_all():
                    self._mailbox.put(task, event)
            except MnistTuiError:  # removed or damaged: keep what there is
                continue
            task.waiting = _waiting(task) if task.elsewhere else 0

    def running(self) -> Task | None:
        """Return the newest run that another process drives now."""
        return next((task for task in self.tasks if task.elsewhere), None)


def _follower(task: Task) -> Follower:
    """Return what reads a task's files: each task on the shelf has one."""
    assert task.follower is not None
    return task.follower


def _id_of(task: Task) -> str:
    """Return the id of a task's run, which its journal may not hold yet."""
    return _follower(task).run.id


def _waiting(task: Task) -> int:
    with suppress(MnistTuiError):
        return sum(len(request.configs) for request in read_queue(_follower(task).run))
    return 0
