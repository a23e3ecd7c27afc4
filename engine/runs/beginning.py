"""How a run's directory is begun, and how an interrupted one goes back to its checkpoint."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.config import RunConfig
from engine.errors import EngineError
from engine.files.reader import DamagedFile
from engine.runs.events import Started
from engine.runs.run import SCHEMA, STOP_FILE, Run, now
from engine.runs.schema import MODEL_FILE, RUN_FILE
from engine.runs.store import create_planned, create_run

if TYPE_CHECKING:
    from engine.data.dataset import Dataset
    from engine.networks.code import Code
    from engine.sections.section import Experiment


class Planned(NamedTuple):
    """A run that a sweep has planned: its id, and the sweep's."""

    run_id: str
    sweep: str


class AlreadyBegun(EngineError):
    """A planned run has files: another process was first. It can be resumed."""


class Rewound(NamedTuple):
    """Where a run goes on: seconds that it took so far, and whether its journal has a beginning."""

    seconds: float
    begun: bool


def create(config: RunConfig, planned: Planned | None) -> Run:
    """Make a run's directory. Raises EngineError where it cannot be made."""
    folder = Path(config.artifacts)
    if planned is not None:
        return create_planned(folder, planned.run_id)
    return create_run(folder, f"{config.section}-{config.title}")


def write_files(
    run: Run,
    config: RunConfig,
    data: "Dataset",
    environment: dict[str, Any],
    *,
    command: str,
    companions: Sequence[str],
    planned: Planned | None,
    code: "Code | None",
) -> None:
    """Write what is known of a run before its first step; its lock is held.

    Raises AlreadyBegun where that is there, and as ``Run.write`` does.
    """
    if os.path.lexists(run.path / RUN_FILE):
        raise AlreadyBegun(f"Run {run.id} has begun already.")
    kept = {} if planned is None else {"sweep": planned.sweep}
    if code is not None:
        run.write(MODEL_FILE, code.content)
        kept["model_file"] = code.sha256
    run.write_json(
        RUN_FILE,
        {
            "schema": SCHEMA,
            "run_id": run.id,
            "section": config.section,
            "status": "running",
            "config": config.to_json(),
            "dataset": data.describe(),
            "environment": environment,
            "environments": [environment],
            "command": command,
            "companions": list(companions),
            **kept,
            "started_at": now(),
            "finished_at": None,
        },
    )


def rewind(run: Run, experiment: "Experiment[Any]", environment: dict[str, Any]) -> Rewound:
    """Load a run's checkpoint into its experiment, and cut the journal to where it was taken.

    A process killed before the journal's first line was whole leaves one without a beginning.
    Raises EngineError where the run has finished, or its files are damaged.
    """
    from engine.runs.checkpoint import read_checkpoint  # torch, which takes seconds to import

    run.clear_partial()
    info = run.read_info()
    if info["status"] == "finished":  # since we looked, before we held the lock
        raise EngineError(f"Run {run.id} has finished; there is nothing to resume.")
    _check_begun_as_asked(run, experiment)
    saved = read_checkpoint(run, experiment.state.state_dict(), experiment.steps)
    if saved is not None:
        experiment.state.load_state_dict(saved.state)
    # After a hand-over the wish to stop may be newer than that, and is meant for us.
    if not run.was_handed_over():
        run.remove(STOP_FILE)
    begun = run.cut_journal(saved.journal if saved is not None else None)
    environments = [*info.get("environments", [info["environment"]]), environment]
    run.update(status="running", finished_at=None, message="", environments=environments)
    return Rewound(saved.seconds if saved is not None else 0.0, begun)


def _check_begun_as_asked(run: Run, experiment: "Experiment[Any]") -> None:
    """Raise DamagedFile if a run's config or length differs from the start of its journal."""
    first = next(run.events(), None)
    if not isinstance(first, Started):
        return
    asked, begun = run.read_info()["config"], first.config
    names = {*asked, *begun} - {"threads"}  # of which a machine may have had fewer
    if first.steps != experiment.steps or any(asked.get(n) != begun.get(n) for n in names):
        raise DamagedFile(run.path / RUN_FILE, "its config is not that of its journal")
