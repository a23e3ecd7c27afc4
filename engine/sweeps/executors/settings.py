"""Which cluster and which options of SLURM a sweep is resumed with: those that its user chose.

A sweep's directory may come from anywhere, and what it names there is joined or submitted as this
user. So it counts only where this user planned the sweep; elsewhere it has to be given again.
"""

import hashlib
import json
import shlex
from contextlib import suppress

from engine.errors import EngineError
from engine.files.ledger import Ledger
from engine.files.text import visible
from engine.sweeps.schema import PlanValues

_PLANNED = Ledger("planned-sweeps.txt")


def remember(plan: PlanValues) -> None:
    """Write into the user's state folder what was chosen for a sweep, where that can be done."""
    if plan.address is not None or plan.sbatch is not None:
        with suppress(EngineError, OSError):  # then it is to be given again
            _PLANNED.add(_digest(plan), plan.sweep_id)


def address_of(plan: PlanValues, given: str | None) -> str | None:
    """Return the address of Ray's cluster. Raises EngineError where this user did not choose it."""
    if given is not None or plan.address is None or _PLANNED.holds(_digest(plan)):
        return given or plan.address
    raise EngineError(
        f"Sweep {plan.sweep_id} was not planned by you here, and names a Ray cluster; "
        f"--address {_word(plan.address)} joins it, --address local begins one."
    )


def sbatch_of(plan: PlanValues, given: str | None) -> str | None:
    """Return more options for sbatch. Raises EngineError where this user did not choose them."""
    if given is not None or plan.sbatch is None or _PLANNED.holds(_digest(plan)):
        return plan.sbatch if given is None else given
    raise EngineError(
        f"Sweep {plan.sweep_id} was not planned by you here, and has options for sbatch; "
        f"--sbatch={_word(plan.sbatch)} takes them, --sbatch= leaves them out."
    )


def _digest(plan: PlanValues) -> str:
    chosen = json.dumps([plan.sweep_id, plan.address, plan.sbatch])
    return hashlib.sha256(chosen.encode(errors="surrogatepass")).hexdigest()


def _word(text: str) -> str:
    return shlex.quote(visible(text))
