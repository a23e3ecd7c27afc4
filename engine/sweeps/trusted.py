"""What code a sweep's runs take elsewhere: files that this user has let run, and no others."""

from collections.abc import Iterable
from contextlib import suppress

from engine.errors import EngineError
from engine.files.reader import run_beside
from engine.networks.ledger import is_trusted
from engine.runs.run import Run
from engine.sweeps.ray.work import needed
from engine.sweeps.schema import PlannedRun
from engine.sweeps.sweep import Sweep


def trusted_code(sweep: Sweep, runs: Iterable[PlannedRun]) -> list[str]:
    """Return the hashes of the code that some runs of a sweep may take, in an order.

    Raises Untrusted where the sweep holds a file for one of them that this user never let run, and
    EngineError where that file is missing or another one, or a config is invalid.
    """
    from engine.networks.code import check_trusted

    found: set[str] = set()
    looked_at: set[str] = set()
    for planned in runs:
        sweep.config(planned)  # whose names are names then
        looked_at.update(needed(planned))
        if planned.code is not None and planned.code not in found:
            code = sweep.code(planned)
            assert code is not None  # there is a hash
            check_trusted(code)
            found.add(planned.code)
    for name in looked_at.difference(run.run_id for run in sweep.plan.runs):
        with suppress(EngineError):  # said where it is needed
            file = Run(run_beside(sweep.artifacts, name)).read_info().get("model_file")
            if file and is_trusted(file):
                found.add(file)
    return sorted(found)
