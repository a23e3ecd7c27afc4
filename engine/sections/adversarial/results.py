"""What a run of adversarial noise leaves in result.json, but for times."""

from collections.abc import Mapping
from typing import Any, TypedDict

from engine.errors import Unsound
from engine.files.values import Class, Fraction, Id, Model, Positive, Size


class Success(TypedDict):
    """A rate with its 95 % interval, counted on ``n`` images."""

    rate: Fraction
    low: Fraction
    high: Fraction
    n: Positive


class Distortion(TypedDict):
    """How large a noise is, and how far it really moves images."""

    linf: Size
    l2: Size
    effective_linf: Size
    effective_l2: Size


class Target(TypedDict):
    """One noise; ``by_source`` [K] is null where no test image has that label."""

    label: Class
    epsilon: Fraction | None
    success: Success
    by_source: list[Fraction | None]
    distortion: Distortion
    random_noise_success: Fraction
    transfer: dict[Model, Fraction]


class AdversarialResults(TypedDict):
    """The results of all noises of a run."""

    model_run: Id
    transfer_runs: dict[Model, Id]
    model: Model
    clean_accuracy: Fraction
    targets: list[Target]


def shown_classes(classes: int) -> list[int]:
    """Return the classes of the images on which a person watches the noises: ten at most."""
    return sorted({round(place * (classes - 1) / 9) for place in range(10)})


def check_targets(results: Mapping[str, Any], labels: tuple[int, ...], classes: int) -> None:
    """Raise Unsound where results are not those of noises for these labels, among the classes."""
    others = set(results["transfer_runs"])
    if [target["label"] for target in results["targets"]] != list(labels):
        raise Unsound("targets: other labels than those of the config")
    for number, target in enumerate(results["targets"]):
        if set(target["transfer"]) != others:
            raise Unsound(f"targets[{number}].transfer: other models than in transfer_runs")
        if len(target["by_source"]) != classes:
            raise Unsound(f"targets[{number}].by_source: not one rate a class")
        if all(rate is None for rate in target["by_source"]):
            raise Unsound(f"targets[{number}].by_source: no rate at all")
