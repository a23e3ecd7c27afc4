"""About how long a sweep will take: by earlier runs of its kind, else by what was measured once."""

import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import EngineError
from engine.networks.architectures import BEST_MODEL
from engine.runs.store import finished_runs
from engine.sweeps.schema import PlannedRun

ENOUGH = 200  # earlier runs that are looked at

# Seconds with one thread of a 2-core Zen 4, in bf16: for a thousand training images (validated
# every ten steps of 128), for a noise of 100 steps with its judging, for a neuron of 100 steps.
_TRAIN = {"linear": 0.02, "baseline": 0.10, "two-conv": 0.19, BEST_MODEL: 0.29}
_NOISE = {"linear": 0.6, "baseline": 1.6, "two-conv": 2.8, BEST_MODEL: 3.7}
_NEURON = 0.08
_ENDING = 1.0  # figures and files of any run


@dataclass(frozen=True)
class Estimate:
    """Seconds of a sweep with so many runs at a time, and how many earlier runs tell so."""

    seconds: float
    known: int
    runs: int


def estimate(artifacts: Path, runs: Iterable[PlannedRun], slots: int) -> Estimate:
    """Return an estimate for runs of which ``slots`` are done at a time."""
    planned = list(runs)
    rates = _rates(artifacts)
    each, known = [], 0
    for run in planned:
        kind, size = _kind(run.section, run.config), _size(run.section, run.config)
        rate = rates.get(kind)
        known += rate is not None
        each.append(_ENDING + size * (rate if rate is not None else _rate(*kind[:2])))
    seconds = max([sum(each) / max(1, slots), *each])
    return Estimate(seconds, known, len(planned))


def _rates(artifacts: Path) -> dict[tuple[str, str, str], float]:
    """Return seconds for a unit of size, by kind, of what has finished in a folder."""
    found: dict[tuple[str, str, str], list[float]] = {}
    try:
        for place, (run, info) in enumerate(finished_runs(artifacts)):
            if place == ENOUGH:
                break
            try:
                seconds = run.read_result()["seconds"]
            except EngineError:
                continue
            size = _size(info["section"], info["config"])
            if size > 0:
                kind = _kind(info["section"], info["config"])
                found.setdefault(kind, []).append(seconds / size)
    except EngineError:  # said when the sweep is written there
        return {}
    return {kind: statistics.median(rates) for kind, rates in found.items()}


def _kind(section: str, config: dict[str, Any]) -> tuple[str, str, str]:
    return section, str(config.get("model") or BEST_MODEL), str(config.get("dataset"))


def _rate(section: str, model: str) -> float:
    if section == "train":
        return _TRAIN.get(model, _TRAIN[BEST_MODEL])
    if section == "adversarial":
        return _NOISE.get(model, _NOISE[BEST_MODEL])
    return _NEURON


def _size(section: str, config: dict[str, Any]) -> float:
    """Return how much a run has to do, in units of its section's rate."""
    if section == "train":
        images = {"digits": 1.26}.get(str(config.get("dataset")), 55.0)
        return float(config.get("epochs") or 5) * images
    steps = float(config.get("steps") or 100) / 100
    if section == "adversarial":
        return steps * len(config.get("labels") or range(10))
    return steps * len(config.get("neurons") or range(25)) * len(config.get("layers") or range(3))


def in_words(seconds: float) -> str:
    """Return a duration as one says it: ``about 40 s``, ``about 12 min``, ``about 3.5 h``."""
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    if seconds < 5400:
        return f"about {round(seconds / 60)} min"
    return f"about {seconds / 3600:.1f} h"
