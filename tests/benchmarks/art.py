"""Targeted universal noise by the Adversarial Robustness Toolbox, one label at a time.

Its TargetedUniversalPerturbation goes through the images one by one and attacks each that the
noise does not turn yet; crafting only, on the first images of the training set.
"""

import time

import numpy as np
import torch

from engine.data.open import open_dataset
from tests.benchmarks.plain import trained
from tests.benchmarks.task import Task

IMAGES = 100


def measure(task: Task) -> float:
    """Return the seconds of crafting noise for ``task.count`` labels."""
    from art.attacks.evasion import TargetedUniversalPerturbation
    from art.estimators.classification import PyTorchClassifier

    torch.set_num_threads(task.threads or torch.get_num_threads())
    network = trained(task, "two-conv-fc")
    classifier = PyTorchClassifier(
        network, torch.nn.CrossEntropyLoss(), input_shape=(1, 28, 28), nb_classes=10,
        clip_values=(0, 1), device_type="cpu",
    )  # fmt: skip
    data = open_dataset("mnist", task.data_root)
    images = data.train.images[:IMAGES, None].astype(np.float32) / 255
    begin = time.perf_counter()
    for label in range(task.count):
        attack = TargetedUniversalPerturbation(
            classifier, attacker="fgsm", attacker_params={"eps": 0.05}, delta=0.01, max_iter=1,
            eps=6.0, norm=2,
        )  # fmt: skip
        attack.generate(images, y=np.eye(10, dtype=np.float32)[np.full(IMAGES, label)])
    return time.perf_counter() - begin
