"""Several runs one after another: train first, then attack; what waits outlives the process."""

import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from engine.config import RunConfig
from engine.laboratory import Laboratory
from engine.runs.control import HAND_OVER, Control
from engine.runs.events import Event
from engine.runs.queue import QueueKeeper, Request
from engine.runs.run import Run
from engine.runs.session import Session


@dataclass(eq=False)
class Job:
    """A run to be done, or to be resumed, and the request that it is part of."""

    config: RunConfig
    request: Request
    resumes: Run | None = None
    control: Control = field(default_factory=Control)
    checked: bool = field(default=False, init=False)  # whether it needs another run first

    def given_up(self) -> bool:
        """Whether it was stopped; one that is to be handed over still has to begin."""
        return self.control.stop_reason not in (None, HAND_OVER)


AJob = TypeVar("AJob", bound=Job)


class Host(Protocol[AJob]):
    """The face that a driver works for. All is called by the thread that drives."""

    def begins(self, job: AJob) -> bool:
        """Return whether the job may begin; if not, the driver leaves it and all behind it."""

    def train_first(self, training: RunConfig, job: AJob) -> AJob:
        """Return the job of a training that ``job`` needs, and say that it comes first."""

    def prepared(self, job: AJob) -> None:
        """Hear that the job's config is resolved; nothing is written yet."""

    def hear(self, job: AJob, event: Event) -> None:
        """Hear the run's next event."""

    def after(self, job: AJob, run: Run | None) -> None:
        """Hear that the job's run has finished or stopped; None if it never began."""

    def failed(self, job: AJob, error: Exception) -> None:
        """Hear why the job failed; to raise ends the driver, to return goes on with the next."""


class Driver(Generic[AJob]):
    """Does jobs in their order and keeps the queue beside the active run.

    ``drive`` belongs to one thread; ``add`` and ``resume`` may be called from another.
    """

    def __init__(
        self,
        laboratory: Laboratory,
        host: Host[AJob],
        *,
        resumed: Run | None = None,
        keeps_queue: bool = True,
    ) -> None:
        """``resumed`` is the run that the queue was kept beside so far.

        Without ``keeps_queue``, queues on disk are left as they are.
        """
        self.laboratory = laboratory
        self.active: AJob | None = None  # set by the thread that drives, as the next two are
        self.saving = False  # a session is on, whose end must be waited for
        self._driven: Run | None = None
        self._host = host
        self._keeper = QueueKeeper(resumed) if keeps_queue else None
        self._requests: list[Request] = []
        self._jobs: deque[AJob] = deque()
        self._lock = threading.Lock()  # guards the requests

    def add(self, request: Request, jobs: Sequence[AJob]) -> None:
        """Queue a request: ``jobs`` are its runs."""
        with self._lock:
            self._requests.append(request)
        self._jobs.extend(jobs)
        if self.active is not None:
            with suppress(OSError):  # the run itself fails with a line, where the disk is full
                self._keep_queue()

    def resume(self, job: AJob) -> None:
        """Queue a job that resumes a run."""
        self._jobs.append(job)

    def drive(self) -> None:
        """Do jobs until none is left, or the host lets none begin. Raises what the host raises."""
        while (job := self._next()) is not None:
            try:
                if (training := self._needed_first(job)) is not None:
                    self._jobs.extendleft([job, self._host.train_first(training, job)])
                else:
                    self.active = job
                    self._host.after(job, self._run(job))
            except Exception as error:
                self._host.failed(job, error)
            finally:
                self.active, self.saving = None, False

    def done(self) -> None:
        """Forget the queue: all of it is done, its report too. Raises as ``Run.write`` does."""
        if self._keeper is not None:
            self._keeper.done()

    def _next(self) -> AJob | None:
        if not self._jobs or not self._host.begins(self._jobs[0]):
            return None
        return self._jobs.popleft()

    def _needed_first(self, job: AJob) -> RunConfig | None:
        """Return the training that a job needs and that is missing, at the first look only."""
        if job.checked or job.resumes is not None or job.given_up():
            return None
        job.checked = True
        return self.laboratory.missing_training(job.config)

    def _run(self, job: AJob) -> Run | None:
        with self._lock:
            if job.config in job.request.configs:
                job.request.configs.remove(job.config)
        if job.given_up():
            return None
        session = self._session(job)
        job.config = session.config
        self._host.prepared(job)
        if job.given_up():
            return None
        self.saving = True
        return session.run()

    def _session(self, job: AJob) -> Session:
        def listen(event: Event) -> None:
            self._host.hear(job, event)

        def begun(run: Run) -> None:
            with self._lock:
                if run.id not in job.request.runs:
                    job.request.runs.append(run.id)
            self._driven = run
            self._keep_queue()

        if job.resumes is not None:
            return self.laboratory.resume(
                job.resumes, listen=listen, control=job.control, begun=begun
            )
        return self.laboratory.session(
            job.config,
            listen=listen,
            control=job.control,
            command=job.request.command,
            companions=tuple(job.request.runs),
            begun=begun,
        )

    def _keep_queue(self) -> None:
        """Write what waits beside the active run."""
        with self._lock:
            if self._keeper is not None and self._driven is not None:
                self._keeper.keep(self._driven, self._requests)
