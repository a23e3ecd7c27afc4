"""The batch script of a sweep, and in which arrays its runs are submitted."""

import shlex
from collections.abc import Iterable, Sequence
from itertools import count
from pathlib import Path

from engine.errors import EngineError, UsageError
from engine.files.text import visible
from engine.hints import hint
from engine.sweeps.schema import PlannedRun
from engine.sweeps.sweep import Sweep

WARNING = 90  # seconds before its time is over at which a task is told so
INDEX = '"$SLURM_ARRAY_TASK_ID"'


def script(
    sweep: Sweep,
    command: Sequence[str],
    positions: Iterable[int],
    limit: int,
    *,
    jobs: int | None = None,
    sbatch: str | None = None,
) -> str:
    """Return the script that does the runs at ``positions`` of the plan, one in each task.

    ``command`` is what drives one of them; an array has at most ``limit`` tasks, each of which does
    several runs where there are more, ``jobs`` tasks at a time. ``sbatch`` is a line of more
    options. Raises EngineError where a path cannot be written in it.
    """
    plan = sweep.plan
    gpu = any(str(run.config.get("device", "")).startswith("cuda") for run in plan.runs)
    options = {
        "job-name": _quoted(sweep.id),
        "array": array(positions, limit, jobs),
        "ntasks": 1,
        "cpus-per-task": plan.threads or 1,
        **({"gres": "gpu:1"} if gpu else {}),
        "chdir": _quoted(Path.cwd()),
        "output": _quoted(str(sweep.path.resolve()).replace("%", "%%") + "/slurm-%A_%a.log"),
        "open-mode": "append",
        "requeue": None,
        "signal": f"B:TERM@{WARNING}",
    }
    lines = [f"#SBATCH --{name}" + ("" if v is None else f"={v}") for name, v in options.items()]
    if sbatch:
        lines.append(f"#SBATCH {_one_line(sbatch, '--sbatch')}")
    work = [*command, sweep.id, "--artifacts", str(sweep.artifacts.resolve())]
    words = [shlex.join(work), "--index", INDEX]
    if len(plan.runs) > limit:
        words += ["--every", str(limit)]
    shows = hint(sweep.artifacts, "sweep", "status", sweep.id).strip("`")
    return "\n".join([
        "#!/bin/bash",
        *lines,
        "",
        f"# {len(plan.runs)} runs; this shows their progress: {visible(shows)}",
        "# exec, so that the run itself is told when its time is almost over. It then keeps what",
        "# is done and goes back into the queue.",
        f"exec {' '.join(words)}",
        "",
    ])  # fmt: skip


def array(positions: Iterable[int], limit: int, jobs: int | None) -> str:
    """Return the array that does the runs at some positions, ``jobs`` of them at a time."""
    return ranges(position % limit for position in positions) + (f"%{jobs}" if jobs else "")


def ranges(numbers: Iterable[int]) -> str:
    """Return numbers as SLURM writes them: ``0-2,5``."""
    found: list[list[int]] = []
    for number in sorted(set(numbers)):
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in found)


def stages(runs: Sequence[PlannedRun], positions: Iterable[int], limit: int) -> list[list[int]]:
    """Return positions in stages: each run comes after the stages of those that it needs.

    Where tasks do several runs they are all one stage: a task then waits for what it needs.
    """
    wanted = sorted(positions)
    if len(runs) > limit:
        return [wanted]
    depth: dict[str, int] = {}
    open_runs = {runs[position].run_id for position in wanted}
    for position in wanted:  # no run needs a later one
        run = runs[position]
        needs = [depth[need] + 1 for need in run.needs if need in open_runs]
        depth[run.run_id] = max(needs, default=0)
    found: list[list[int]] = []
    for stage in count():
        of_stage = [position for position in wanted if depth[runs[position].run_id] == stage]
        if not of_stage:
            return found
        found.append(of_stage)
    return found


def check_options(text: str | None) -> None:
    """Raise UsageError unless ``text`` can be a line of options for sbatch."""
    if not text:
        return
    _one_line(text, "--sbatch")
    if not text.startswith("-"):
        raise UsageError("--sbatch takes options of sbatch, like '--time=60 --partition=short'.")


def _quoted(path: str | Path) -> str:
    """Return a name or a path as a line of ``#SBATCH`` takes it."""
    text = _one_line(str(path), "The path")
    if text == shlex.quote(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _one_line(text: str, what: str) -> str:
    if text != visible(text):
        raise EngineError(f"{what} {visible(text)!r} cannot be written in a batch script.")
    return text
