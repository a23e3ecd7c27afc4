"""What a training leaves in result.json, but for times."""

from typing import Annotated, TypedDict

from msgspec import Meta

from engine.files.values import Count, Digit, Fraction, Model, Positive, Real
from engine.networks.architectures import CLASSES

SAMPLES = 16  # test images that are shown


class Judged(TypedDict):
    """How a network did on a part of the dataset; ``loss`` in nats."""

    accuracy: Fraction
    loss: Real
    n: Positive


class Sample(TypedDict):
    """One of the test images that are shown."""

    index: Count
    label: Digit
    prediction: Digit
    probability: Fraction | None


class TrainResults(TypedDict):
    """The results of a training; ``confusion`` [K, K] has a row for each true label."""

    model: Model
    parameters: Positive
    test: Judged
    validation: Judged
    samples: Annotated[list[Sample], Meta(min_length=SAMPLES, max_length=SAMPLES)]
    confusion: Annotated[
        list[Annotated[list[Count], Meta(min_length=CLASSES, max_length=CLASSES)]],
        Meta(min_length=CLASSES, max_length=CLASSES),
    ]
