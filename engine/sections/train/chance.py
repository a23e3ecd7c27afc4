"""Whether a finished training has learned anything, from the files of any version. No torch."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.errors import EngineError
from engine.files.reader import run_beside
from engine.numerics.intervals import at_chance
from engine.runs.store import Run

REMEDY = "; lower --learning-rate or raise --epochs"


def guessing_rate(figures: Mapping[str, Any]) -> float:
    """Return what giving always the same answer scores, by the test images of a training.

    Their classes are as frequent as those of the validation images, but for chance.
    """
    counts = [sum(row) for row in figures["confusion"]]  # its rows are the true labels
    return max(counts) / max(sum(counts), 1)


def chance_words(figures: Mapping[str, Any]) -> str:
    """Return what is to be said of a training's final figures where it ended at chance, else ""."""
    validation = figures["validation"]
    if not at_chance(validation["accuracy"], validation["n"], guessing_rate(figures)):
        return ""
    return (
        f"ended at chance ({validation['accuracy'] * 100:.2f} % of the validation images): "
        f"the network has learned nothing{REMEDY}"
    )


def warning_of(run: Run) -> str:
    """Return what is to be said of a finished training, or of the network that a run looks at.

    "" where there is nothing to say, or nothing to read. Raises EngineError where the run itself
    cannot be read.
    """
    info = run.info
    if info["section"] == "train":
        return chance_words(run.result) if info["status"] == "finished" else ""
    network = info["config"].get("run")
    words = network_words(run.path.parent, network).removesuffix(REMEDY)
    return f"its network ({network}) {words}" if words else ""


def network_words(folder: Path, network: str | None) -> str:
    """Return what is to be said of a training in a folder whose network is looked at, or ""."""
    try:
        trained = Run(run_beside(folder, network))
        return warning_of(trained) if trained.info["section"] == "train" else ""
    except (EngineError, OSError):  # it was removed, or is damaged: told of elsewhere
        return ""
