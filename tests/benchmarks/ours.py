"""What is measured of this project: the experiments themselves, without screen or disk."""

import time
from collections.abc import Iterator
from pathlib import Path

import torch

from engine import sections
from engine.config import RunConfig
from engine.data.dataset import Dataset
from engine.data.open import open_dataset
from engine.networks.network import load_network
from engine.numerics.device import Device, open_device
from engine.numerics.inference import predict
from engine.runs.events import Event
from engine.sections.adversarial.config import AdversarialConfig
from engine.sections.train.config import TrainConfig
from engine.sections.visualize.config import VisualizeConfig
from tests.benchmarks.task import Task


def measure(task: Task) -> float:
    """Return the seconds that a task takes, warm-up left out."""
    device = open_device(task.device, task.precision, task.threads)
    data = open_dataset("mnist", task.data_root)
    match task.what:
        case "epoch":
            return _timed(begun(_training(task, task.model, device, interval=10**6), data, device))
        case "section":
            return sum(
                _timed(begun(_training(task, model, device, interval=10), data, device))
                for model in task.models
            )
        case "evaluation":
            return _evaluation(task, data, device)
        case "noise":
            config = AdversarialConfig(labels=tuple(range(task.count)), artifacts=task.artifacts)
            return _timed(begun(config.resolve(**_found(task, device)), data, device))
        case "neurons":
            config = VisualizeConfig(artifacts=task.artifacts, **_first_neurons(task.count))
            return _timed(begun(config.resolve(**_found(task, device)), data, device))
    raise ValueError(task.what)


def _first_neurons(count: int) -> dict:
    """Return the choice of all 74 neurons, of the logits, or of the first few of them."""
    if count == 74:
        return {}
    return {"layers": ("logits",), "neurons": tuple(range(count))}


def _training(task: Task, model: str, device: Device, interval: int) -> TrainConfig:
    config = TrainConfig(
        model=model, epochs=task.epochs, validation_interval=interval, batch_size=task.batch_size
    )
    return config.resolve(dataset="mnist", device=task.device, precision=device.precision,
                          threads=device.threads)  # fmt: skip


def _found(task: Task, device: Device) -> dict:
    return {
        "dataset": "mnist", "device": task.device, "precision": device.precision,
        "threads": device.threads, "run": task.runs["two-conv-fc"], "model": "two-conv-fc",
        "other_runs": {name: run for name, run in task.runs.items() if name != "two-conv-fc"},
    }  # fmt: skip


def begun(config: RunConfig, data: Dataset, device: Device) -> Iterator[Event]:
    section = sections.find(config.section)
    return section.events(section.experiment(config, data, device), config, data, device)


def _timed(events: Iterator[Event]) -> float:
    """Return the seconds that all events of an experiment take after the first."""
    next(events)  # data on the device, libraries set up
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    begin = time.perf_counter()
    for _ in events:
        pass
    return time.perf_counter() - begin


def _evaluation(task: Task, data: Dataset, device: Device) -> float:
    weights = Path(task.artifacts) / task.runs[task.model] / "weights.pt"
    network = load_network(weights, task.model, device.torch_device)
    images, _ = device.place(data.test)
    predict(network, images[:1000], device, exact=False)
    begin = time.perf_counter()
    predict(network, images, device, exact=False).argmax(1).cpu()
    return time.perf_counter() - begin
