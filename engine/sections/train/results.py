"""What a training leaves in result.json, but for times."""

from collections.abc import Mapping
from typing import Annotated, Any, TypedDict

from msgspec import Meta

from engine.errors import Unsound
from engine.files.values import Class, Count, Fraction, Model, Positive, Real, check, counts

SAMPLES = 16  # test images that are shown


class Judged(TypedDict):
    """How a network did on a part of the dataset; ``loss`` in nats."""

    accuracy: Fraction
    loss: Real
    n: Positive


class Sample(TypedDict):
    """One of the test images that are shown."""

    index: Count
    label: Class
    prediction: Class
    probability: Fraction | None


class TrainResults(TypedDict):
    """The results of a training; ``confusion`` [K, K] has a row for each true label."""

    model: Model
    parameters: Positive
    test: Judged
    validation: Judged
    samples: Annotated[list[Sample], Meta(min_length=SAMPLES, max_length=SAMPLES)]
    confusion: list[list[Count]]


def check_classes(results: Mapping[str, Any], classes: int) -> None:
    """Raise Unsound where results are of more or fewer classes."""
    check(results["confusion"], counts(classes, classes))
    for sample in results["samples"]:
        if max(sample["label"], sample["prediction"]) >= classes:
            raise Unsound(f"samples: a class beyond {classes - 1}")
