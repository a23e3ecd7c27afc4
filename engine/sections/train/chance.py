"""Whether a finished training has learned anything, from the files of any version. No torch."""

from collections.abc import Mapping
from typing import Any

from engine.numerics.intervals import at_chance

REMEDY = "; lower --learning-rate or raise --epochs"


def guessing_rate(results: Mapping[str, Any]) -> float:
    """Return what giving always the same answer scores, by the test images of a training.

    Their classes are as frequent as those of the validation images, but for chance.
    """
    counts = [sum(row) for row in results["confusion"]]  # its rows are the true labels
    return float(max(counts) / max(sum(counts), 1))


def chance_words(results: Mapping[str, Any]) -> str:
    """Return what is to be said of a training's results where it ended at chance, else ""."""
    validation = results["validation"]
    if not at_chance(validation["accuracy"], validation["n"], guessing_rate(results)):
        return ""
    return (
        f"ended at chance ({validation['accuracy'] * 100:.2f} % of the validation images): "
        f"the network has learned nothing{REMEDY}"
    )
