"""Alternative texts: what each picture shows, with its numbers, for those who cannot see it."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.data.classes import class_noun, plural
from engine.runs.curves import Curve
from engine.runs.history import History
from engine.runs.run import Run


def models(run: Run) -> str:
    """Describe the figure of all models together."""
    return (
        "Two charts: training loss and validation accuracy of the networks that were trained "
        f"together, over their steps, {run.read_info()['config']['model']} among them."
    )


def loss(history: History) -> str:
    """Describe a training's loss."""
    train, held_out = history.curves["loss"], history.curves.get("validation_loss")
    words = f"Chart of loss over {train.steps[-1]:,} steps: training loss {_course(train)}"
    if held_out is not None:
        words += f", validation loss {_course(held_out)}"
    return words + "."


def accuracy(history: History) -> str:
    """Describe a training's validation accuracy."""
    curve = history.curves["validation_accuracy"]
    best = int(np.nanargmax(curve.values))
    return (
        f"Chart of validation accuracy over {curve.steps[-1]:,} steps: from {curve.values[0]:.1%} "
        f"to {curve.values[-1]:.1%}, at most {curve.values[best]:.1%} at step "
        f"{curve.steps[best]:,}."
    )


def samples(result: dict[str, Any], names: Sequence[str]) -> str:
    """Describe sixteen test images with the network's answers."""
    answers = [
        f"{names[s['label']]} read as {names[s['prediction']]}"
        for s in result["samples"] if s["label"] != s["prediction"]
    ]  # fmt: skip
    wrong = f"; wrong: {', '.join(answers)}" if answers else ""
    right = len(result["samples"]) - len(answers)
    return f"{len(result['samples'])} test images with the network's answers, {right} right{wrong}."


def confusion(result: dict[str, Any], names: Sequence[str]) -> str:
    """Describe a confusion matrix by its largest error."""
    counts = np.array(result["confusion"])
    off = counts - np.diag(np.diag(counts))
    truth, said = np.unravel_index(off.argmax(), off.shape)
    return (
        f"Confusion matrix of {len(names)} {plural(class_noun(names))}: {np.trace(counts):,} of "
        f"{counts.sum():,} on the diagonal; the commonest error is {names[truth]} read "
        f"as {names[said]}, {off.max()} times."
    )


def noises(targets: list[dict[str, Any]], names: Sequence[str]) -> str:
    """Describe the sheet of all noises."""
    labels = ", ".join(names[target["label"]] for target in targets)
    return f"The noise images for the targets {labels}: red adds ink, blue takes it away."


def success(targets: list[dict[str, Any]]) -> str:
    """Describe the chart of success by target."""
    rates = [target["success"]["rate"] for target in targets]
    random = max(target["random_noise_success"] for target in targets)
    return (
        f"Bars of success by target, {min(rates):.1%} to {max(rates):.1%}, beside random noise of "
        f"the same size, at most {random:.1%}, and the other networks."
    )


def by_source(targets: list[dict[str, Any]], names: Sequence[str]) -> str:
    """Describe the map of success by true class and target."""
    cells = [
        (rate, source, target["label"])
        for target in targets
        for source, rate in enumerate(target["by_source"]) if rate is not None
    ]  # fmt: skip
    rate, source, label = min(cells)
    return (
        f"Map of success by true {class_noun(names)} and target; the hardest pair is "
        f"{names[source]} to be read as {names[label]}, {rate:.1%}."
    )


def noise(history: History, target: dict[str, Any], position: int, names: Sequence[str]) -> str:
    """Describe the sheet of one target: noise, curves and nine images."""
    label, noun = names[target["label"]], class_noun(names)
    curves = [history.curves[name] for name in ("loss", "success")]
    cost, hits = (Curve(curve.steps, curve.values[:, position]) for curve in curves)
    return (
        f"Target {label}: the noise, its loss {_course(cost)} and its success on the batches from "
        f"{hits.values[0]:.0%} to {hits.values[-1]:.0%} over {cost.steps[-1]} steps, and nine test "
        f"images of other {plural(noun)} with the noise, each with its {noun} and the network's "
        "answer. "
        f"{target['success']['rate']:.2%} of the test images are read as {label}."
    )


def neurons(layer: str, of_layer: list[dict[str, Any]]) -> str:
    """Describe the grid of a layer's images."""
    dead = sum(neuron["dead"] for neuron in of_layer)
    words = f"The images that excite the {len(of_layer)} neurons of {layer}"
    return f"{words}; {dead} of them dead." if dead else f"{words}."


def activation(history: History, layer: str) -> str:
    """Describe the rising cost of a layer's neurons."""
    curve = history.curves["activation"]
    return (
        f"Chart of the activation of each neuron of {layer} on its own image over "
        f"{curve.steps[-1]} steps, rising curves."
    )


def exemplars(layer: str, of_layer: list[dict[str, Any]]) -> str:
    """Describe the sheet of test images that excite a layer's neurons most."""
    count = len(of_layer[0]["top_test_images"])
    return f"For each neuron of {layer} its image and the {count} test images that excite it most."


def _course(curve: Curve) -> str:
    return f"from {curve.values[0]:.3g} to {curve.values[-1]:.3g}"
