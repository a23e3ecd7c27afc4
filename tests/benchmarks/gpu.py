"""What a GPU takes: ``python -m tests.benchmarks.gpu --data-root PATH [--device cuda]``.

Section 1, ten noises, 74 neurons, and two-conv-fc from nothing to 99 %. Imports, loading and the
recording of CUDA graphs are left out of the times and stated beside them. With ``--profile FILE``
a trace of the first steps of training is written, for chrome://tracing.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import torch

from engine.data.dataset import Dataset
from engine.data.open import open_dataset
from engine.numerics import cuda_graph
from engine.numerics.device import Device, open_device
from engine.runs.events import Finished
from engine.sections.adversarial.config import AdversarialConfig
from engine.sections.train.config import TrainConfig
from engine.sections.visualize.config import VisualizeConfig
from tests.benchmarks.__main__ import MODELS, machine, train_networks
from tests.benchmarks.ours import begun

SEEDS = 30
EPOCHS_TO_99 = 2


class Clock:
    """Times experiments without their recordings."""

    def __init__(self) -> None:
        self.recording = 0.0
        make = cuda_graph._Recording.__init__

        def timed(recording, *arguments) -> None:
            since = time.perf_counter()
            make(recording, *arguments)
            torch.cuda.synchronize()
            self.recording += time.perf_counter() - since

        cuda_graph._Recording.__init__ = timed

    def run(self, config, data: Dataset, device: Device) -> tuple[float, Finished]:
        """Return the seconds of an experiment, and its last event."""
        events = begun(config, data, device)
        next(events)
        torch.cuda.synchronize()
        recorded, since = self.recording, time.perf_counter()
        for event in events:
            last = event
        torch.cuda.synchronize()
        return time.perf_counter() - since - (self.recording - recorded), last


def main() -> None:
    """Measure, and print one JSON object."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.gpu", description=__doc__)
    parser.add_argument("--data-root", required=True)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--profile", help="file for a trace of training")
    options = parser.parse_args()
    device = open_device(options.device)
    data, clock = open_dataset("mnist", options.data_root), Clock()
    found = {"dataset": "mnist", "device": str(device.torch_device),
             "precision": device.precision, "threads": device.threads}  # fmt: skip
    report: dict = {"machine": machine()}

    def training(**what) -> TrainConfig:
        return TrainConfig(**what).resolve(**found)

    with tempfile.TemporaryDirectory() as artifacts:
        runs = train_networks(artifacts, options.data_root)
        looking = found | {
            "run": runs["two-conv-fc"], "model": "two-conv-fc",
            "other_runs": {name: run for name, run in runs.items() if name != "two-conv-fc"},
        }  # fmt: skip
        report["section 1"] = [
            sum(clock.run(training(model=model), data, device)[0] for model in MODELS)
            for _ in range(options.rounds)
        ]
        for name, kind in (("noises", AdversarialConfig), ("neurons", VisualizeConfig)):
            config = kind(artifacts=artifacts).resolve(**looking)
            report[name] = [clock.run(config, data, device)[0] for _ in range(options.rounds)]
    seconds, accuracies = [], []
    for seed in range(SEEDS):
        config = training(
            model="two-conv-fc", recipe="tuned", epochs=EPOCHS_TO_99, seed=seed,
            validation_interval=10**6,
        )  # fmt: skip
        taken, finished = clock.run(config, data, device)
        seconds.append(taken)
        accuracies.append(finished.results["test"]["accuracy"])
    report["to 99 %"] = {"seconds": seconds, "accuracy": accuracies,
                         "mean accuracy": statistics.mean(accuracies),
                         "mean seconds": statistics.mean(seconds)}  # fmt: skip
    report["recording graphs, all together"] = clock.recording
    if options.profile:
        _profile(training(model="two-conv-fc"), data, device, Path(options.profile))
    print(json.dumps(report, indent=1))


def _profile(config: TrainConfig, data: Dataset, device: Device, path: Path) -> None:
    events = begun(config, data, device)
    for _ in range(5):
        next(events)
    with torch.profiler.profile() as profile:
        for _ in range(5):
            next(events)
    profile.export_chrome_trace(str(path))


if __name__ == "__main__":
    main()
