"""Judging a trained network, in float32, on validation and test images."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from torch import Tensor

from engine.data.dataset import Dataset, Split
from engine.networks.stored import AnyNetwork
from engine.numerics.device import Device
from engine.numerics.inference import confusion, judge, predict
from engine.numerics.seeding import Stream, stream
from engine.runs.events import Event, Finished, Preview, Working
from engine.sections.train.config import ResolvedTrainConfig
from engine.sections.train.results import SAMPLES


def evaluate(
    config: ResolvedTrainConfig, network: AnyNetwork, data: Dataset, device: Device
) -> Iterator[Event]:
    """Judge the final weights once. Preview ``test_samples``: the images of ``samples``."""
    step = config.total_steps(len(data.train))
    yield Working(step=step, doing="judging on the test images")
    _, validation = _judge(network, data.validation, device)
    logits, test = _judge(network, data.test, device)
    of_classes = logits.softmax(1)
    probabilities, answers = (value.cpu().numpy() for value in of_classes.max(1))
    chosen = draw_samples(len(data.test), config.seed)
    results = {
        "model": config.model,
        "parameters": network.parameters_count,
        "test": test,
        "validation": validation,
        "samples": [
            {
                "index": int(index),
                "label": int(data.test.labels[index]),
                "prediction": int(answers[index]),
                "probability": float(probabilities[index]),
            }
            for index in chosen
        ],
        "confusion": confusion(data.test.labels, answers, config.classes).tolist(),
    }
    yield Preview(step=step, name="test_samples", images=data.test.images[chosen])
    yield Finished(
        step=step,
        results=results,
        images_seen=config.epochs * len(data.train),
        answers={
            "label": data.test.labels,
            "prediction": answers.astype(np.uint8),
            "probabilities": of_classes.cpu().numpy().astype(np.float16),
            "sha256": np.array(data.sha256),
        },
    )


def _judge(network: AnyNetwork, split: Split, device: Device) -> tuple[Tensor, dict[str, Any]]:
    """Return logits [N, K] and how good they are."""
    images, labels = device.place(split)
    logits = predict(network, images, device)
    return logits, judge(logits, labels)


def draw_samples(images: int, seed: int) -> np.ndarray:
    """Return the indices of the samples shown of a split with that many images, sorted: [16]."""
    return np.sort(stream(seed, Stream.SAMPLES).choice(images, SAMPLES, replace=False))
