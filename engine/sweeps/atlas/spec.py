"""The robustness atlas as it is asked for by its name: which noises it takes."""

from typing import Any

from engine.sweeps.spec import Condition

NAME = "atlas"
ABOUT = "The robustness atlas: noise at six budgets, for every target, against each network."
GRID: dict[str, tuple[Any, ...]] = {
    "epsilon": (0.1, 0.2, 0.3, 0.4, 0.5, None),
    "steps": (100, 200),
}
# Twice the steps at one budget alone: at all of them it would take an hour, and --set can ask.
ONCE = Condition({"steps": (200,), "epsilon": (0.1, 0.2, 0.4, 0.5, None)}, skip=True)
