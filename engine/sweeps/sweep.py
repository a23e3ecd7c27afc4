"""A sweep's directory: its plan, its journal and, beside it, the runs that it made."""

import os
import shutil
import time
from contextlib import suppress
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from engine.config import RunConfig
from engine.errors import EngineError, Unsound
from engine.files.reader import DamagedFile, read_bytes
from engine.files.values import check
from engine.files.writer import remove_file, write_atomically
from engine.hints import hint
from engine.runs.run import STOP_FILE, Run, now
from engine.runs.schema import find_section
from engine.runs.store import create_folder, is_named, remove_run
from engine.sweeps.executors.settings import remember
from engine.sweeps.journal import Journal
from engine.sweeps.plan import Plan
from engine.sweeps.schema import (
    PLAN_FILE,
    PLAN_LIMIT,
    PlannedRun,
    PlanValues,
    SweepEvent,
)

if TYPE_CHECKING:
    from engine.networks.code import Code


class Sweep:
    """A sweep that was planned, to read and to write. Nothing is read in advance."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._journal = Journal(path)

    @property
    def id(self) -> str:
        """The directory's name: it ends in ``-sweep-NAME``."""
        return self.path.name

    @property
    def artifacts(self) -> Path:
        """The folder that it lies in, and its runs."""
        return self.path.parent

    @cached_property
    def plan(self) -> PlanValues:
        """Its plan, which never changes. Raises EngineError where it is missing or damaged."""
        return self.read()

    def read(self) -> PlanValues:
        """Return ``sweep.json`` as it is now. Raises EngineError."""
        path = self.path / PLAN_FILE
        try:
            values = msgspec.json.decode(read_bytes(path, PLAN_LIMIT))
            found: PlanValues = check(values, PlanValues)
            _check_ids(found)
        except FileNotFoundError:
            raise EngineError(f"Sweep {self.id} has no {PLAN_FILE}.") from None
        except (msgspec.MsgspecError, UnicodeError, RecursionError, Unsound) as error:
            raise DamagedFile(path, str(error)) from None
        return found

    def run(self, planned: PlannedRun) -> Run:
        """Return the directory of one of its runs, which may not be there yet."""
        return Run(self.artifacts / planned.run_id)

    def config(self, planned: PlannedRun) -> RunConfig:
        """Return the config that a run begins with. Raises DamagedFile where it is invalid."""
        try:
            kind: type[RunConfig] = find_section(planned.section).asked
            return kind.from_json(planned.config | {"artifacts": str(self.artifacts.resolve())})
        except (EngineError, Unsound, ValueError) as error:
            raise DamagedFile(self.path / PLAN_FILE, f"{planned.run_id}: {error}") from None

    def code(self, planned: PlannedRun) -> "Code | None":
        """Return the file that makes the network of a run, if it is one of one's own.

        Raises EngineError where it is missing or another one.
        """
        from engine.networks.code import LIMIT, Code

        if planned.code is None:
            return None
        path = self.path / code_file(planned.code)
        try:
            content = read_bytes(path, LIMIT)
        except FileNotFoundError:
            raise EngineError(f"There is no {path}, which makes a network.") from None
        name = str(planned.config.get("model", "")).rpartition("-")[0]
        code = Code(name, content, str(path))
        if code.sha256 != planned.code:
            raise DamagedFile(path, "it is not the file that the sweep was planned with")
        return code

    def trust(self) -> None:
        """Let the code that the sweep holds be run on this machine. Raises EngineError."""
        from engine.networks.ledger import trust

        for planned in self.plan.runs:
            if (code := self.code(planned)) is not None:
                trust(code.sha256, str(self.path))

    def begun_runs(self) -> list[Run]:
        """Return those of its runs that have files, and are of this sweep still."""
        found = []
        for planned in self.plan.runs:
            run = self.run(planned)
            with suppress(EngineError):
                if run.read_info().get("sweep") == self.id:
                    found.append(run)
        return found

    def clear_unbegun(self) -> None:
        """Remove directories of runs whose processes were killed before anything had begun."""
        with suppress(EngineError):
            for planned in self.plan.runs:
                path = self.run(planned).path
                with suppress(OSError):
                    names = os.listdir(path)
                    if not path.is_symlink() and all(name.startswith(".") for name in names):
                        shutil.rmtree(path)

    # Its journal.

    def append(self, event: SweepEvent) -> None:
        """Add a line to the journal and sync it; several processes may. Raises OSError."""
        self._journal.append(event)

    def events(self) -> list[SweepEvent]:
        """Return the journal's events; damaged lines are skipped. Raises EngineError."""
        return self._journal.events()

    def jobs(self) -> list[str]:
        """Return the ids of the jobs that it was submitted as, to SLURM. Raises EngineError."""
        told = [event.message.split() for event in self.events() if event.event == "submitted"]
        return list(dict.fromkeys(job for jobs in told for job in jobs if job.isdecimal()))

    # Stopping and ending it. These write, and raise OSError and EngineError as writing a run does.

    def ask_to_stop(self) -> None:
        """Ask the process that drives the sweep to stop it."""
        write_atomically(self.path / STOP_FILE, b"", self.path)

    def stop_asked(self) -> bool:
        """Tell whether another process has asked for that."""
        return os.path.lexists(self.path / STOP_FILE)

    def forget_stop(self) -> None:
        """Remove what asked for a stop."""
        remove_file(self.path, STOP_FILE)

    def end(self, *, finished: bool) -> None:
        """Write when the sweep has finished, or that it has not."""
        values = msgspec.structs.replace(self.plan, finished_at=_now() if finished else None)
        write_plan(self.path, values)


def code_file(sha256: str) -> str:
    """Return what a sweep's copy of a network's file is called."""
    return f"model-{sha256[:16]}.py"


def create_sweep(
    plan: Plan,
    *,
    executor: str = "local",
    command: str = "",
    jobs: int | None = None,
    threads: int | None = None,
    address: str | None = None,
    sbatch: str | None = None,
    array_limit: int | None = None,
    figures: bool = False,
) -> Sweep:
    """Write a plan into a directory of its own. Raises EngineError where that cannot be done."""
    sweep = Sweep(create_folder(plan.artifacts, plan.sweep_id))
    values = PlanValues(
        schema=2,
        sweep_id=plan.sweep_id,
        name=plan.spec.name,
        section=plan.spec.section,
        axes=plan.axes,
        executor=executor,
        command=command,
        jobs=jobs,
        threads=threads,
        address=address,
        sbatch=sbatch,
        array_limit=array_limit,
        figures=figures,
        runs=plan.runs,
        started_at=_now(),
    )
    try:
        for sha256, content in plan.code.items():
            write_atomically(sweep.path / code_file(sha256), content, sweep.path)
        write_plan(sweep.path, values)
        remember(values)
        sweep.append(SweepEvent(event="planned", time=time.time(), runs=len(plan.runs)))
    except OSError as error:
        raise EngineError(
            f"The files of {sweep.path} cannot be written ({error.strerror or error}); "
            "fix that and try again."
        ) from None
    return sweep


def remove_sweep(sweep: Sweep) -> None:
    """Remove a sweep's directory, not its runs. Raises EngineError as ``remove_run`` does."""
    remove_run(Run(sweep.path))


def write_plan(path: Path, values: PlanValues) -> None:
    """Write a plan into a sweep's directory. Raises OSError."""
    content = msgspec.json.format(msgspec.json.encode(values), indent=1)
    write_atomically(path / PLAN_FILE, content + b"\n", path)


def list_sweeps(artifacts: Path) -> list[Sweep]:
    """Return the sweeps in a folder, newest first. Raises EngineError where it cannot be read."""
    try:
        names = sorted((n for n in os.listdir(artifacts) if not n.startswith(".")), reverse=True)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise EngineError(f"{artifacts} cannot be read ({error.strerror}).") from None
    return [Sweep(artifacts / name) for name in names
            if "-sweep-" in name and os.path.lexists(artifacts / name / PLAN_FILE)]  # fmt: skip


def find_sweep(artifacts: Path, name: str) -> Sweep:
    """Return the sweep of that id, or the only one whose id begins or ends with ``name``.

    Of several with the same name, the newest. Raises EngineError where there is none.
    """
    sweeps = list_sweeps(artifacts)
    for sweep in sweeps:
        if sweep.id == name or sweep.id.endswith(f"-sweep-{name}"):
            return sweep
    matches = [sweep for sweep in sweeps if is_named(sweep.id, name)]
    if not matches:
        lists = hint(artifacts, "sweep", "list")
        raise EngineError(f"No sweep {name!r} in {artifacts}; {lists} lists what is there.")
    if len(matches) > 1:
        raise EngineError(f"{name!r} could be {' or '.join(s.id for s in matches[:3])}.")
    return matches[0]


def _check_ids(values: PlanValues) -> None:
    """Raise Unsound unless ids are distinct, and each run needs only runs planned before it."""
    for name in {run.section for run in values.runs}:
        find_section(name)
    known: set[str] = set()
    planned = {run.run_id for run in values.runs}
    for run in values.runs:
        if run.run_id in known:
            raise Unsound(f"runs: {run.run_id} is there twice")
        if any(need in planned and need not in known for need in run.needs):
            raise Unsound(f"runs: {run.run_id} needs a run that comes after it")
        known.add(run.run_id)


def _now() -> datetime:
    return datetime.fromisoformat(now())
