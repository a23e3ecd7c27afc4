"""What a run takes to another machine: runs that it looks at, and code that this user has let run.

What names these may come from anywhere, so code is passed on by its hash and only where it is
trusted here.
"""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from engine.errors import EngineError
from engine.networks.ledger import is_trusted
from engine.runs.run import Run, run_beside
from engine.sweeps.schema import PlannedRun
from engine.sweeps.sweep import Sweep


def needed(planned: PlannedRun) -> list[str]:
    """Return the ids of the runs that one looks at, or is drawn beside."""
    config = planned.config
    named = [config.get("run"), *(config.get("other_runs") or {}).values()]
    return list(dict.fromkeys([*planned.needs, *planned.companions, *filter(None, named)]))


def trusted_for(artifacts: Path, planned: PlannedRun) -> frozenset[str]:
    """Return the hashes of the code that a run takes and this user trusts."""
    files = {planned.code}
    for name in needed(planned):
        with suppress(EngineError):  # said where it is needed
            files.add(Run(run_beside(artifacts, name)).read_info().get("model_file"))
    return frozenset(file for file in files if file and is_trusted(file))


def trusted_code(sweep: Sweep, runs: Iterable[PlannedRun]) -> list[str]:
    """Return the hashes of the code that some runs of a sweep take, in an order.

    Raises Untrusted where the sweep holds a file for them that this user never let run, and
    EngineError where that file is missing or another one, or a config is invalid.
    """
    from engine.networks.code import check_trusted

    of_sweep = {run.run_id: run for run in sweep.plan.runs}
    found: set[str] = set()
    for planned in runs:
        sweep.config(planned)  # whose names are names then
        for run in (planned, *(of_sweep[name] for name in needed(planned) if name in of_sweep)):
            if run.code not in found and (code := sweep.code(run)) is not None:
                check_trusted(code)
                found.add(code.sha256)
        found |= trusted_for(sweep.artifacts, planned)
    return sorted(found)
