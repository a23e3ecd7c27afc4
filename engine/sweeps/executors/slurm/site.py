"""What is asked of SLURM's own commands."""

import re
import subprocess
import time
from collections.abc import Mapping, Sequence

from engine.errors import EngineError
from engine.sweeps.sweep import Sweep

DEFAULT_LIMIT = 1001  # SLURM's own MaxArraySize
PATIENCE = 60.0  # seconds that a command may take
SELDOM = 30.0  # seconds between two looks at the queue for those who only look at a sweep


def array_limit() -> int:
    """Return how many tasks an array may have here; SLURM's default where nothing tells.

    Raises EngineError where there are none at all.
    """
    try:
        told = _call(["scontrol", "show", "config"])
    except EngineError:
        return DEFAULT_LIMIT
    found = re.search(r"^MaxArraySize\s*=\s*(\d+)", told, re.M)
    limit = int(found[1]) if found else DEFAULT_LIMIT
    if limit < 2:
        raise EngineError("This SLURM takes no job arrays (its MaxArraySize is 0).")
    return limit


def submit(script: str, array: str, after: str | None = None) -> str:
    """Submit a script and return the job's id; it begins once ``after`` has ended.

    Raises EngineError.
    """
    command = ["sbatch", "--parsable", f"--array={array}"]
    if after is not None:
        command.append(f"--dependency=afterany:{after}")
    told = _call(command, script).strip()
    job = told.partition(";")[0]
    if not job.isdecimal():
        raise EngineError(f"sbatch said {told[:80]!r} instead of a job's id.")
    return job


def queued(jobs: Sequence[str]) -> list[str]:
    """Return those of some jobs that are still in the queue, or active. Raises EngineError."""
    if not jobs:
        return []
    try:
        present = _present()
    except EngineError as error:
        raise EngineError(f"Cannot tell whether its tasks are still queued: {error}") from None
    return [job for job in jobs if job in present]


def _present() -> set[str]:
    """Return the ids of this user's jobs in the queue. Raises EngineError."""
    # Not by --jobs: it refuses ids that SLURM has forgotten.
    return set(_call(["squeue", "--noheader", "--me", "--array", "--format=%F"]).split())


def may_be_queued(sweep: Sweep) -> bool:
    """Tell whether tasks of a sweep are still in the queue, or active; True where nothing tells.

    SLURM is asked every 30 seconds at most, and once after each submission.
    """
    jobs, submitted = sweep.jobs(), 0.0
    for event in sweep.events():
        if event.event == "submitted":
            submitted = event.time
    if not jobs:
        return False
    present = _queue.look(submitted)
    return present is None or not present.isdisjoint(jobs)


class _Queue:
    """The ids of this user's jobs, as SLURM told them a while ago."""

    def __init__(self) -> None:
        self._asked = -SELDOM
        self._present: set[str] | None = None

    def look(self, submitted: float) -> set[str] | None:
        """Return what was there at some moment after ``submitted``, None if that is not known."""
        now = time.time()
        if now - self._asked >= SELDOM or self._asked <= submitted <= now:
            self._asked = now
            try:
                self._present = _present()
            except EngineError:
                self._present = None
        return self._present


_queue = _Queue()


def cancel_waiting(jobs: Sequence[str]) -> None:
    """Take what has not begun of some jobs out of the queue. Raises EngineError."""
    _call(["scancel", "--state=PENDING", *jobs])


def task_of(environment: Mapping[str, str]) -> str | None:
    """Return the id of the task that this process is, None where it is not one of SLURM."""
    job, task = environment.get("SLURM_ARRAY_JOB_ID"), environment.get("SLURM_ARRAY_TASK_ID")
    return f"{job}_{task}" if job and task else None


def requeue(task: str) -> bool:
    """Put an active task into the queue again, and tell whether it is there.

    One that was cancelled stays so: only what SLURM still counts as running comes back.
    """
    try:
        if not re.search(r"\bJobState=RUNNING\b", _call(["scontrol", "show", "job", task])):
            return False
        _call(["scontrol", "requeue", task])
    except EngineError:
        return False
    return True


def _call(command: Sequence[str], given: str = "") -> str:
    try:
        done = subprocess.run(
            command, input=given, capture_output=True, text=True, timeout=PATIENCE, check=True
        )
    except FileNotFoundError:
        raise EngineError(f"There is no {command[0]} here.") from None
    except subprocess.CalledProcessError as error:
        words = " ".join(str(error.stderr).split())[:300]
        raise EngineError(f"{command[0]} failed: {words or error.returncode}") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineError(f"{command[0]} cannot be used ({error}).") from None
    return done.stdout
