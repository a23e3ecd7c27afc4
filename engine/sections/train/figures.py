"""The figures of section 1: loss and accuracy over iterations, sample predictions, confusion."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from engine.data.classes import class_noun
from engine.figures.style import (
    GREY,
    INK,
    chart,
    class_ticks,
    colour_of,
    darker,
    dataset_words,
    fitting,
    legend,
    line,
    log_axis,
    names_of,
    new_figure,
    percent_axis,
    picture,
    provenance,
    sample_title,
    save,
    title_colours,
)
from engine.networks.architectures import reported_accuracy
from engine.numerics.intervals import rate_interval
from engine.runs.curves import Curve, smooth
from engine.runs.history import WholeHistory

WINDOW = 21  # steps over which the training loss is smoothed
MOST_WRITTEN = 30  # classes whose counts are written into the confusion


def draw(history: WholeHistory, companions: Sequence[WholeHistory], folder: Path) -> Iterator[Path]:
    """Draw a training run's figures; with companions, all their models in one as well."""
    yield _loss(history, folder)
    yield _accuracy(history, folder)
    yield _samples(history, folder)
    yield _confusion(history, folder)
    if companions:
        yield _models([*companions, history], folder)


def _with_penalty(history: WholeHistory, curve: Curve) -> np.ndarray:
    """Return a cross-entropy curve with the L2 penalty added, as the course report plots it.

    The penalty is known at every tenth step and changes slowly; between, it is interpolated.
    """
    penalty = history.curves["penalty"]
    added = np.interp(curve.steps, penalty.steps, penalty.values)
    total: np.ndarray = curve.values + added
    return total


def _loss(history: WholeHistory, folder: Path) -> Path:
    figure, axes = new_figure(10, 4, "Training and validation loss", provenance(history), columns=2)
    train, validation = history.curves["loss"], history.curves["validation_loss"]
    colour = colour_of(history)
    for place, words, add in (
        (axes[0, 0], "cross-entropy + L2 penalty, nats", True),
        (axes[0, 1], "cross-entropy alone, nats", False),
    ):
        chart(place, "iteration (batches)", words)
        raw = _with_penalty(history, train) if add else train.values
        held_out = _with_penalty(history, validation) if add else validation.values
        line(place, train.steps, raw, color=colour, linewidth=0.5, alpha=0.25)
        line(
            place, train.steps, smooth(raw, WINDOW), color=colour, linewidth=1.2, alpha=0.7,
            label=f"training batches (mean of {WINDOW}; raw behind)",
        )  # fmt: skip
        line(
            place, validation.steps, held_out, color=darker(colour), linewidth=1.4,
            linestyle=(0, (4, 1.5)), label="validation set",
        )  # fmt: skip
        _fit_loss(place, np.concatenate([smooth(raw, WINDOW), held_out]))
        legend(place)
    axes[0, 0].set_title("as the course report plots it", fontsize=9, loc="left", color=INK)
    axes[0, 1].set_title("without the penalty", fontsize=9, loc="left", color=INK)
    return save(figure, folder, "loss")


def _fit_loss(axes: Axes, values: np.ndarray) -> None:
    """Take a log axis where the loss spans more than a decade."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return
    low, high = finite.min(), finite.max()
    if low > 0 and high / low > 10:
        log_axis(axes)
        axes.set_ylim(low * 0.7, high * 1.3)
    else:
        axes.set_ylim(0, high * 1.08)


def _accuracy(history: WholeHistory, folder: Path) -> Path:
    figure, axes = new_figure(7, 4, "Validation accuracy", provenance(history))
    place = axes[0, 0]
    chart(place, "iteration (batches)", "accuracy")
    percent_axis(place)
    curve = history.curves["validation_accuracy"]
    interval, colour = int(curve.steps[0]), colour_of(history)
    line(
        place, curve.steps, curve.values, color=colour, linewidth=1.3,
        label=f"validation set, every {interval} iterations",
    )  # fmt: skip
    _mark_test(place, history, colour, f"test set, once: {_test_words(history)}")
    started = history.started
    if reported := reported_accuracy(started.config["model"], started.dataset["name"]):
        place.axhline(
            reported, color=GREY, linewidth=1, linestyle=":",
            label=f"the course report's test accuracy: {reported:.2%}",
        )  # fmt: skip
    _fit_accuracy(place, [curve])
    legend(place, loc="lower right")
    return save(figure, folder, "accuracy")


def _test_words(history: WholeHistory) -> str:
    test = history.finished.results["test"]
    low, high = _test_interval(history)
    return f"{test['accuracy']:.2%} (95 % interval {low * 100:.2f} – {high * 100:.2f})"


def _test_interval(history: WholeHistory) -> tuple[float, float]:
    test = history.finished.results["test"]
    return rate_interval(test["accuracy"], test["n"])


def _mark_test(
    axes: Axes, history: WholeHistory, colour: str, label: str | None, place: int = 0
) -> None:
    """Mark the final test accuracy with its 95 % Wilson interval, right of the run's end."""
    accuracy = history.finished.results["test"]["accuracy"]
    low, high = _test_interval(history)
    axes.errorbar(
        history.started.steps * (1.015 + 0.02 * place), accuracy,
        [[accuracy - low], [high - accuracy]], color=colour, marker="o", markersize=4,
        capsize=3, linewidth=1.2, label=label,
    )  # fmt: skip


def _fit_accuracy(axes: Axes, curves: Sequence[Curve]) -> None:
    """Leave out the first steep rise where that lets the rest be read."""
    values = np.concatenate([curve.values for curve in curves])
    low = np.nanquantile(values, 0.08)
    axes.set_ylim(max(0, min(low - (1 - low) * 0.4, 0.99)), 1)


def _samples(history: WholeHistory, folder: Path) -> Path:
    samples = history.finished.results["samples"]
    labels = [sample["label"] for sample in samples]
    answers = [sample["prediction"] for sample in samples]
    right = sum(label == answer for label, answer in zip(labels, answers, strict=True))
    figure, axes = new_figure(
        6.4, 7.2, f"16 test images: {right} of 16 correct",
        provenance(history), rows=4, columns=4,
    )  # fmt: skip
    images = history.images("test_samples")
    names, colours = names_of(history), title_colours(labels, answers)
    titles = [
        sample_title(names, sample["label"], sample["prediction"], sample["probability"])
        for sample in samples
    ]
    size = fitting(titles, 1.5, 9)
    for place, image, sample, words, colour in zip(
        axes.flat, images, samples, titles, colours, strict=True
    ):
        picture(place, image)
        weight = "normal" if sample["label"] == sample["prediction"] else "bold"
        place.set_title(words, fontsize=size, color=colour, fontweight=weight)
        place.set_xlabel(f"test image {sample['index']:,}", fontsize=6.5, color=GREY)
    return save(figure, folder, "samples")


def _confusion(history: WholeHistory, folder: Path) -> Path:
    counts = np.array(history.finished.results["confusion"])
    names, wrong = names_of(history), int(counts.sum() - np.trace(counts))
    size = max(6, 0.3 * len(counts) + 2)
    figure, axes = new_figure(
        size, size - 0.2, f"Confusion on the test set: {wrong:,} of {counts.sum():,} wrong",
        provenance(history),
    )  # fmt: skip
    place = axes[0, 0]
    shares = counts / np.maximum(1, counts.sum(1, keepdims=True))
    off_diagonal = np.where(np.eye(len(counts), dtype=bool), np.nan, shares)
    top = max(0.02, np.nanmax(off_diagonal))
    place.imshow(off_diagonal, cmap="Oranges", vmin=0, vmax=top)
    for (row, column), count in np.ndenumerate(counts):
        if count and len(counts) <= MOST_WRITTEN:
            dark = row != column and shares[row, column] > top * 0.55
            place.text(
                column, row, f"{count:,}", ha="center", va="center", fontsize=8,
                fontweight="bold" if row == column else "normal", color="white" if dark else INK,
            )  # fmt: skip
    place.set_xlabel("the network's answer", fontsize=9)
    place.set_ylabel(f"true {class_noun(names)}", fontsize=9)
    class_ticks(place.xaxis, names)
    class_ticks(place.yaxis, names)
    place.tick_params(labelsize=9, length=0)
    place.spines[:].set_visible(False)
    return save(figure, folder, "confusion")


def _models(histories: Sequence[WholeHistory], folder: Path) -> Path:
    """All models of one command in one figure."""
    first = histories[-1]
    config = first.started.config
    figure, axes = new_figure(
        10, 4.2, "The models side by side",
        f"{dataset_words(first)}  ·  recipe {config['recipe']}  ·  seed {config['seed']}",
        columns=2,
    )  # fmt: skip
    loss, accuracy = axes[0]
    chart(loss, "iteration (batches)", "cross-entropy + L2 penalty, nats")
    chart(accuracy, "iteration (batches)", "validation accuracy")
    percent_axis(accuracy)
    drawn = []
    for index, history in enumerate(histories):
        name, colour = history.started.config["model"], colour_of(history)
        train, validation = history.curves["loss"], history.curves["validation_loss"]
        trained = smooth(_with_penalty(history, train), WINDOW)
        held_out = _with_penalty(history, validation)
        line(loss, train.steps, trained, color=colour, linewidth=0.8, alpha=0.45)
        line(loss, validation.steps, held_out, color=colour, linewidth=1.4, label=name)
        drawn += [trained, held_out]
        curve = history.curves["validation_accuracy"]
        words = f"{name}: test {history.finished.results['test']['accuracy']:.2%}"
        line(accuracy, curve.steps, curve.values, color=colour, linewidth=1.2, label=words)
        _mark_test(accuracy, history, colour, None, index)
    _fit_loss(loss, np.concatenate(drawn))
    _fit_accuracy(accuracy, [history.curves["validation_accuracy"] for history in histories])
    loss.set_title("validation (strong), training (faint)", fontsize=9, loc="left", color=INK)
    accuracy.set_title("dots: test set with 95 % intervals", fontsize=9, loc="left", color=INK)
    legend(loss)
    legend(accuracy, loc="lower right")
    return save(figure, folder, "models")
