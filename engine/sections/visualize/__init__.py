"""Section 3: images that excite single neurons (course report, section 3)."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from engine.files.numbers import real
from engine.files.values import numbers
from engine.networks.architectures import EXEMPLARS
from engine.runs.curves import best, last, mean
from engine.runs.events import Event
from engine.sections.section import Claim, Experiment, PreviewRules, Results, check_model
from engine.sections.table import ResultTable
from engine.sections.trained import (
    LooksAtNetwork,
    load_networks_of,
)
from engine.sections.visualize.config import ResolvedVisualizeConfig, VisualizeConfig
from engine.sections.visualize.results import VisualizeResults, check_neurons

if TYPE_CHECKING:
    from engine.data.dataset import Dataset
    from engine.numerics.device import Device
    from engine.runs.history import History, WholeHistory
    from engine.runs.run import Run
    from engine.sections.visualize.ascend import Climbed


class Visualize(LooksAtNetwork[ResolvedVisualizeConfig, "Climbed"]):
    """Gradient ascent on images, one for each neuron."""

    name = "visualize"
    about = "Synthesize images that excite single neurons. Section 3 of the course report."
    everything = "Every neuron of the default layers"
    asked = VisualizeConfig
    config = ResolvedVisualizeConfig
    results = VisualizeResults
    series = ("activation",)
    headline_curve = "activation"
    smaller = "fewer neurons (--neuron)"
    no_contest = "how far neurons can be excited does not make one setting better than another"
    pictured = "images"
    decisive = ("model", "layers", "neurons")
    drawn_from = ("activation", "images", "exemplars")
    files = ("images.npy",)
    array_file = "images.npy"
    # Of two test images that excite a neuron alike, either may come first.
    borderline: ClassVar = {"top_test_images": lambda images: images}
    verified = "activations, percentiles and readings come out again from images.npy"
    comes_out_again = "Activations and dead neurons come out again from the images"

    def begin(
        self, config: ResolvedVisualizeConfig, data: "Dataset", device: "Device"
    ) -> Experiment["Climbed"]:
        """Return the ascent that a config describes. Raises EngineError."""
        from engine.sections.visualize.ascend import AscentState, ascend

        network, others = load_networks_of(config, device)
        state = AscentState.begin(config, network, others)
        return Experiment(
            state=state,
            making=ascend(config, state),
            steps=config.steps,
        )

    def load(self, config: ResolvedVisualizeConfig, run: "Run", device: "Device") -> "Climbed":
        """Return a run's images, the networks that see them, and its start, computed again.

        Raises EngineError.
        """
        import torch

        from engine.sections.visualize.ascend import AscentState

        network, others = load_networks_of(config, device)
        images = torch.from_numpy(run.array()).to(device.torch_device)
        begun = AscentState.begin(config, network, others).made()
        return replace(begun, images=images)

    def evaluate(
        self, config: ResolvedVisualizeConfig, made: "Climbed", data: "Dataset", device: "Device"
    ) -> Iterator[Event]:
        """Compare the neurons' images with the test images."""
        from engine.sections.visualize.evaluate import evaluate

        return evaluate(config, made, data, device)

    def rows(self, config: ResolvedVisualizeConfig) -> int:
        """Return the number of neurons."""
        return len(config.targets)

    def previews(self, config: ResolvedVisualizeConfig) -> Mapping[str, PreviewRules]:
        """Return the rules of images and exemplars."""
        rows = self.rows(config)
        return {
            "images": PreviewRules(rows, {}, {"lows": numbers(rows), "highs": numbers(rows)}),
            "exemplars": PreviewRules(EXEMPLARS * len(config.exemplified)),
        }

    def check_results(self, results: Results, config: ResolvedVisualizeConfig) -> None:
        """Raise Unsound where results are of another network or of other neurons."""
        check_model(results, config.model)
        check_neurons(results, config.targets, config.others.values(), config.classes)

    def columns(self, config: ResolvedVisualizeConfig, metric: str) -> Sequence[str]:
        """Name values by layer and neuron."""
        return [f"{metric}_{neuron.layer}_{neuron.index}" for neuron in config.targets]

    def row_names(self, config: ResolvedVisualizeConfig) -> Sequence[str]:
        """Name images by their neurons."""
        return [f"{neuron.layer} {neuron.index}" for neuron in config.targets]

    def ranking(self, history: "History") -> dict[str, float]:
        """Return percentiles and activations of the neurons that are not dead."""
        neurons = history.finished.results["neurons"] if history.finished else []
        alive = [neuron for neuron in neurons if not neuron["dead"]]
        return {
            "percentile_mean": mean([neuron["percentile"] for neuron in alive]),
            "activation_mean": mean([real(neuron["activation_end"]) for neuron in alive]),
            "dead": float(len(neurons) - len(alive)) if neurons else math.nan,
            "activation_best": best(history.curves.get("activation")),
            "activation_last": last(history.curves.get("activation")),
        }

    def score(self, results: Results) -> str:
        """Return how many neurons there are."""
        return f"{len(results['neurons'])} neurons"

    def table(self, runs: "Sequence[Run]") -> ResultTable:
        """Return a row per layer; each run has a table of its own."""
        from engine.sections.visualize.table import table

        [run] = runs
        return table(run)

    def headline(self, results: Results) -> str:
        """Return how many neurons were judged."""
        return f"{len(results['neurons'])} neurons, every activation and percentile"

    def draw(self, run: "Run", history: "WholeHistory", folder: Path) -> Iterator[Path]:
        """Draw images, curves and exemplars of each layer."""
        from engine.sections.visualize.figures import draw

        return draw(history, run.array(), folder)

    def claims(
        self, config: ResolvedVisualizeConfig, run: "Run", data: "Dataset", device: "Device"
    ) -> Iterator[Claim]:
        """Yield what a reviewer would doubt about images of neurons."""
        from engine.sections.visualize.claims import claims

        return claims(config, run, data, device)


SECTION = Visualize()
