"""Section 2: targeted universal adversarial noise (course report, section 2)."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from engine.files.values import answers, fractions
from engine.runs.curves import best, last, mean
from engine.runs.events import Event
from engine.runs.schema import ANSWERS_FILE
from engine.sections.adversarial.config import AdversarialConfig, ResolvedAdversarialConfig
from engine.sections.adversarial.results import AdversarialResults, check_targets, shown_classes
from engine.sections.section import Claim, Experiment, PreviewRules, Results, check_model
from engine.sections.table import ResultTable
from engine.sections.trained import (
    LooksAtNetwork,
    load_networks_of,
)

if TYPE_CHECKING:
    from engine.data.dataset import Dataset
    from engine.numerics.device import Device
    from engine.runs.history import History, WholeHistory
    from engine.runs.run import Run
    from engine.sections.adversarial.state import Noises


class Adversarial(LooksAtNetwork[ResolvedAdversarialConfig, "Noises"]):
    """One universal noise image per target label."""

    name = "adversarial"
    about = "Craft a universal noise for each target label. Section 2 of the course report."
    everything = "All targets"
    asked = AdversarialConfig
    config = ResolvedAdversarialConfig
    results = AdversarialResults
    series = ("loss", "success")
    shares = ("success",)
    headline_curve = "success"
    smaller = "fewer labels (--label)"
    shown_on: ClassVar = {"noise": "sources"}
    pictured = "noise"
    decisive = ("model", "labels")
    drawn_from = ("loss", "success", "sources", "test_sources", "noise")
    files = ("noise.npy", ANSWERS_FILE)
    array_file = "noise.npy"
    # A rate by true digit is of a tenth of the images, or somewhat fewer.
    borderline: ClassVar = {"by_source": lambda images: 15 / images}
    verified = "success, distortion, random noise and transfer come out again from noise.npy"
    comes_out_again = "Success comes out again from the noise, on clamped images"

    def begin(
        self, config: ResolvedAdversarialConfig, data: "Dataset", device: "Device"
    ) -> Experiment["Noises"]:
        """Return the crafting that a config describes. Raises EngineError."""
        from engine.sections.adversarial.craft import craft
        from engine.sections.adversarial.state import CraftState

        network, others = load_networks_of(config, device)
        state = CraftState.begin(config, device, network, others)
        return Experiment(
            state=state,
            making=craft(config, data, device, state),
            steps=config.steps,
        )

    def load(self, config: ResolvedAdversarialConfig, run: "Run", device: "Device") -> "Noises":
        """Return a run's noises and the networks that they are tried on. Raises EngineError."""
        import torch

        from engine.sections.adversarial.state import Noises

        noise = torch.from_numpy(run.array()).to(device.torch_device)
        return Noises(noise, *load_networks_of(config, device))

    def evaluate(
        self, config: ResolvedAdversarialConfig, made: "Noises", data: "Dataset", device: "Device"
    ) -> Iterator[Event]:
        """Judge noises on the test images."""
        from engine.sections.adversarial.evaluate import evaluate

        return evaluate(config, made, data, device)

    def rows(self, config: ResolvedAdversarialConfig) -> int:
        """Return the number of noises."""
        return len(config.labels)

    def previews(self, config: ResolvedAdversarialConfig) -> Mapping[str, PreviewRules]:
        """Return the rules of sources and noises."""
        rows, classes = self.rows(config), config.classes
        shown = len(shown_classes(classes))
        sources = PreviewRules(
            shown, {"before": answers(classes, shown)}, {"probabilities": fractions(shown, classes)}
        )
        noise = PreviewRules(
            rows,
            {"after": answers(classes, rows, shown)},
            {"probabilities": fractions(rows, shown, classes)},
        )
        return {"sources": sources, "test_sources": sources, "noise": noise}

    def check_results(self, results: Results, config: ResolvedAdversarialConfig) -> None:
        """Raise Unsound where results are of another network or of other labels."""
        check_model(results, config.model)
        check_targets(results, config.labels, config.classes)

    def columns(self, config: ResolvedAdversarialConfig, metric: str) -> Sequence[str]:
        """Name values by label."""
        return [f"{metric}_label_{label}" for label in config.labels]

    def row_names(self, config: ResolvedAdversarialConfig) -> Sequence[str]:
        """Name noises by their targets."""
        return [f"target {label}" for label in config.labels]

    def ranking(self, history: "History") -> dict[str, float]:
        """Return success and sizes; mean success ranks."""
        targets = history.finished.results["targets"] if history.finished else []
        rates = [target["success"]["rate"] for target in targets]
        return {
            "success_mean": mean(rates),
            "success_worst": min(rates, default=np.nan),
            "effective_l2": mean([t["distortion"]["effective_l2"] for t in targets]),
            "random_noise_success": mean([t["random_noise_success"] for t in targets]),
            "batch_success_best": best(history.curves.get("success")),
            "batch_success_last": last(history.curves.get("success")),
        }

    def ranked_parts(self, results: Results) -> Mapping[Hashable, float]:
        """Return success by label: noises for other labels are harder or easier to make."""
        return {target["label"]: target["success"]["rate"] for target in results["targets"]}

    def score(self, results: Results) -> str:
        """Return the mean success over the labels."""
        return f"{self.measured(results)['success']:.2%}"

    def measured(self, results: Results) -> dict[str, float]:
        """Return the mean success over the labels."""
        rates = [target["success"]["rate"] for target in results["targets"]]
        return {"success": sum(rates) / len(rates)}

    def table(self, runs: "Sequence[Run]") -> ResultTable:
        """Return a row per target label; each run has a table of its own."""
        from engine.sections.adversarial.table import table

        [run] = runs
        return table(run)

    def headline(self, results: Results) -> str:
        """Return how many noises were judged."""
        return f"{len(results['targets'])} targets, every rate, size and interval"

    def draw(self, run: "Run", history: "WholeHistory", folder: Path) -> Iterator[Path]:
        """Draw curves, noise and infused images of each label, and all of them together."""
        from engine.sections.adversarial.figures import draw

        return draw(history, run.array(), folder)

    def claims(
        self, config: ResolvedAdversarialConfig, run: "Run", data: "Dataset", device: "Device"
    ) -> Iterator[Claim]:
        """Yield what a reviewer would doubt about noises."""
        from engine.sections.adversarial.claims import claims

        return claims(config, run, data, device)


SECTION = Adversarial()
