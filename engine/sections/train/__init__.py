"""Section 1: training the three classifiers (course report, section 1)."""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from engine.errors import Unsound
from engine.files.numbers import real
from engine.files.values import answers, fractions, is_model
from engine.networks.architectures import ARCHITECTURES, WEIGHTS_FILE, layout_of
from engine.runs.curves import best, last
from engine.runs.events import Event
from engine.runs.schema import ANSWERS_FILE
from engine.sections.section import Claim, Experiment, PreviewRules, Results, Section, check_model
from engine.sections.table import ResultTable
from engine.sections.train.chance import chance_words
from engine.sections.train.config import ResolvedTrainConfig, TrainConfig
from engine.sections.train.results import SAMPLES, TrainResults, check_classes

if TYPE_CHECKING:
    from engine.data.dataset import Dataset
    from engine.networks.code import Code
    from engine.networks.stored import AnyNetwork
    from engine.numerics.device import Device
    from engine.runs.history import History, WholeHistory
    from engine.runs.run import Run


class Train(Section[ResolvedTrainConfig, "AnyNetwork"]):
    """Training one classifier."""

    name = "train"
    about = "Train networks and evaluate them on the test set. Section 1 of the course report."
    everything = "The course report's three networks"
    asked = TrainConfig
    config = ResolvedTrainConfig
    results = TrainResults
    trains = True
    series = ("loss",)
    scalars = ("penalty", "learning_rate", "validation_loss", "validation_accuracy")
    shares = ("validation_accuracy",)
    headline_curve = "validation_accuracy"
    decisive = ("model",)
    flaw = "at chance"
    smaller = "a smaller --batch-size"
    drawn_from = ("loss", "penalty", "validation_loss", "validation_accuracy", "test_samples")
    files = (WEIGHTS_FILE, ANSWERS_FILE)
    borderline: ClassVar = {"confusion": lambda images: 1}
    verified = "accuracy, loss, samples and confusion come out again from weights.pt"
    comes_out_again = "Test accuracy comes out again from the weights"

    def begin(
        self, config: ResolvedTrainConfig, data: "Dataset", device: "Device"
    ) -> Experiment["AnyNetwork"]:
        """Return the training that a config describes, of one of the course report's networks."""
        return self.begin_with(None, config, data, device)

    def begin_with(
        self,
        code: "Code | None",
        config: ResolvedTrainConfig,
        data: "Dataset",
        device: "Device",
    ) -> Experiment["AnyNetwork"]:
        """Return the training that a config describes, of the network that a file makes, if any."""
        from engine.sections.train.loop import TrainState, train

        state = TrainState.begin(config, device, code)
        return Experiment(
            state=state,
            making=train(config, data, device, state),
            steps=config.total_steps(len(data.train)),
            checkpoint_interval=config.steps_per_epoch(len(data.train)),
        )

    def load(self, config: ResolvedTrainConfig, run: "Run", device: "Device") -> "AnyNetwork":
        """Return a run's network. Raises EngineError."""
        from engine.networks.stored import load_trained

        place, code = device.torch_device, self.code(config, run)
        return load_trained(run.path, config.model, config.side, config.network, code, place)

    def code(self, config: ResolvedTrainConfig, run: "Run") -> "Code | None":
        """Return the file that a run's network is made by, None of the course report's.

        Raises EngineError where it is missing or another than the run began with.
        """
        from engine.networks.code import code_of_run

        if config.model in ARCHITECTURES:
            return None
        return code_of_run(run.path, config.model, run.read_info().get("model_file"))

    def evaluate(
        self, config: ResolvedTrainConfig, made: "AnyNetwork", data: "Dataset", device: "Device"
    ) -> Iterator[Event]:
        """Judge a network on validation and test images."""
        from engine.sections.train.evaluate import evaluate

        return evaluate(config, made, data, device)

    def previews(self, config: ResolvedTrainConfig) -> Mapping[str, PreviewRules]:
        """Return the rules of the samples."""
        one_each = answers(config.classes, SAMPLES)
        needed = {"label": one_each, "prediction": one_each, "probability": fractions(SAMPLES)}
        return {
            "samples": PreviewRules(SAMPLES, needed),
            "test_samples": PreviewRules(SAMPLES),
        }

    def check_config(self, config: ResolvedTrainConfig) -> None:
        """Raise Unsound unless it is known what the network is made of."""
        if not is_model(config.model):
            raise Unsound("model is not the name of one")
        layout_of(config.model, config.side, config.classes, config.layout)

    def check_results(self, results: Results, config: ResolvedTrainConfig) -> None:
        """Raise Unsound where results are of another network."""
        check_model(results, config.model)
        check_classes(results, config.classes)

    def ranking(self, history: "History") -> dict[str, float]:
        """Return accuracies and losses; test accuracy ranks."""
        curve = history.curves.get("validation_accuracy")
        test = history.finished.results["test"] if history.finished else {}
        return {
            "test_accuracy": test.get("accuracy", math.nan),
            "test_loss": real(test.get("loss")),
            "validation_best": best(curve),
            "validation_last": last(curve),
            "loss_last": last(history.curves.get("loss")),
        }

    def headline(self, results: Results) -> str:
        """Return the test accuracy."""
        return f"{results['model']}: {results['test']['accuracy']:.2%}"

    def score(self, results: Results) -> str:
        """Return the test accuracy alone."""
        return f"{results['test']['accuracy']:.2%}"

    def measured(self, results: Results) -> dict[str, float]:
        """Return test accuracy and test loss."""
        test = results["test"]
        return {"accuracy": real(test["accuracy"]), "loss": real(test.get("loss"))}

    def tabled_by(self, run: "Run") -> Sequence[str]:
        """Return dataset, recipe and seed: models are rows of one table."""
        info = run.read_info()
        return [info["dataset"]["sha256"], info["config"]["recipe"], str(info["config"]["seed"])]

    def table(self, runs: "Sequence[Run]") -> ResultTable:
        """Return test accuracies, the course report's beside ours."""
        from engine.sections.train.table import table

        return table(runs)

    def caveat(self, results: Results) -> str:
        """Say if a training ended at chance."""
        return chance_words(results)

    def draw(self, run: "Run", history: "WholeHistory", folder: Path) -> Iterator[Path]:
        """Draw loss, accuracy, samples and confusion; with its companions all models in one."""
        from engine.figures import companions
        from engine.sections.train.figures import draw

        return draw(history, companions(run), folder)

    def claims(
        self, config: ResolvedTrainConfig, run: "Run", data: "Dataset", device: "Device"
    ) -> Iterator[Claim]:
        """Yield that it has learned anything, and that other code counts the same."""
        from engine.sections.train.claims import claims

        return claims(run, data)


SECTION = Train()
