"""What is asked of SLURM's own commands."""

import re
import subprocess
from collections.abc import Mapping, Sequence

from engine.errors import EngineError

DEFAULT_LIMIT = 1001  # SLURM's own MaxArraySize
PATIENCE = 60.0  # seconds that a command may take


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
    try:  # not by --jobs: it refuses ids that SLURM has forgotten
        told = _call(["squeue", "--noheader", "--me", "--array", "--format=%F"])
    except EngineError as error:
        raise EngineError(f"Cannot tell whether its tasks are still queued: {error}") from None
    present = set(told.split())
    return [job for job in jobs if job in present]


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
