"""The figures of section 2: curves, noise and infused images per label; success by true class."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from matplotlib.image import AxesImage

from engine.data.classes import class_noun, numbered, plural
from engine.figures.style import (
    CYCLE,
    GREY,
    INK,
    NETWORKS,
    VERMILION,
    chart,
    class_ticks,
    colour_of,
    fitting,
    legend,
    line,
    names_of,
    new_figure,
    percent_axis,
    picture,
    provenance,
    save,
)
from engine.networks.colours import series_of
from engine.runs.history import WholeHistory
from engine.sections.adversarial.results import shown_classes

MOST_NAMED = 20  # targets in the chart of success
DIVERGING = "RdBu_r"  # red adds ink, blue takes it away, white is nothing


def draw(history: WholeHistory, noise: np.ndarray, folder: Path) -> Iterator[Path]:
    """Draw an adversarial run's figures from its history and noise [L, 1, H, W]."""
    targets = history.finished.results["targets"]
    bound = float(np.abs(noise).max()) or 1.0
    for row in range(len(targets)):
        yield _label(history, noise[:, 0], row, bound, folder)
    yield _noises(history, noise[:, 0], bound, folder)
    yield _success(history, folder)
    yield _by_source(history, folder)


def _subtitle(history: WholeHistory, *extra: str) -> str:
    epsilon = history.started.config["epsilon"]
    budget = "no L∞ budget" if epsilon is None else f"ε = {epsilon:g}"
    return provenance(history, budget, *extra)


def _label(history: WholeHistory, noise: np.ndarray, row: int, bound: float, folder: Path) -> Path:
    """All about one label, as in the course report: curves, noise, nine infused images."""
    target = history.finished.results["targets"][row]
    label, success = target["label"], target["success"]
    names = names_of(history)
    figure, axes = new_figure(
        11, 5.6,
        f"Target {numbered(names, label)}: {success['rate']:.2%} of {success['n']:,} test images "
        f"read as {names[label]}",
        _subtitle(
            history,
            f"95 % interval {success['low'] * 100:.2f} – {success['high'] * 100:.2f} %",
            f"mean L2 {target['distortion']['effective_l2']:.2f}",
            f"random noise of that size {target['random_noise_success']:.1%}",
        ),
        rows=2, columns=3,
    )  # fmt: skip
    _curve(axes[0, 0], history, "loss", row, "cross-entropy, nats")
    _curve(axes[1, 0], history, "success", row, "success on the batch")
    percent_axis(axes[1, 0])
    axes[1, 0].set_ylim(0, 1.03)
    for place in axes[:, 1]:
        place.remove()
    middle = figure.add_subplot(axes[0, 0].get_gridspec()[:, 1])
    _noise(figure, middle, noise[row], bound)
    for place in axes[:, 2]:
        place.remove()
    _infused(figure, axes[0, 0].get_gridspec()[:, 2], history, noise[row], row, label)
    return save(figure, folder, f"label-{label}")


def _curve(axes: Axes, history: WholeHistory, name: str, row: int, words: str) -> None:
    chart(axes, "iteration (batches of training images)", words)
    curve = history.curves[name]
    line(axes, curve.steps, curve.values[:, row], color=colour_of(history), linewidth=1.3)
    axes.set_ylim(bottom=0)


def _noise(figure: Figure, axes: Axes, noise: np.ndarray, bound: float) -> None:
    picture(axes, noise, cmap=DIVERGING, vmin=-bound, vmax=bound)
    axes.set_title("the noise", fontsize=9, color=INK)
    _noise_bar(figure, axes.images[0], axes, shrink=0.6, pad=0.03)


def _noise_bar(figure: Figure, noise: AxesImage, axes: Axes | list[Axes], **options: Any) -> None:
    """Put the scale of shown noise below its axes."""
    bar = figure.colorbar(noise, ax=axes, orientation="horizontal", **options)
    bar.set_label("added to each pixel (a pixel is 0 to 1)", fontsize=8)
    bar.ax.tick_params(labelsize=8)
    bar.outline.set_visible(False)


def _infused(
    figure: Figure,
    spec: SubplotSpec,
    history: WholeHistory,
    noise: np.ndarray,
    row: int,
    label: int,
) -> None:
    """Show nine images of other classes with the noise on them, and what they are read as."""
    clean = history.images("test_sources")
    after = history.previews["noise"].last.values["after"][row]
    inner = spec.subgridspec(3, 3)
    names = names_of(history)
    long = max(map(len, names)) > 2
    sources = [one for one in enumerate(shown_classes(len(names))) if one[1] != label][:9]
    for place, (source, true) in enumerate(sources):
        axes = figure.add_subplot(inner[divmod(place, 3)])
        picture(axes, np.clip(clean[source] + noise, 0, 1))
        if place == 7:
            words = f"true {class_noun(names)} → answer with the noise"
            axes.set_xlabel(words, fontsize=7.5, color=GREY)
        fooled = after[source] == label
        answer = names[after[source]] + ("" if fooled else "  resists")
        words = f"{names[true]}{chr(10) if long else ' '}→ {answer}"
        axes.set_title(
            words, fontsize=fitting([words], 1.15, 9), color=INK if fooled else VERMILION
        )  # fmt: skip


def _noises(history: WholeHistory, noise: np.ndarray, bound: float, folder: Path) -> Path:
    targets = history.finished.results["targets"]
    columns = min(5, len(targets))
    rows = -(-len(targets) // columns)
    figure, axes = new_figure(
        2.1 * columns + 0.6, 2.65 * rows + 1.1, "Universal noise for each target label",
        _subtitle(history), rows=rows, columns=columns,
    )  # fmt: skip
    names = names_of(history)
    for place in axes.flat:
        place.set_visible(False)
    titles = [
        f"{numbered(names, target['label'])}:  {target['success']['rate']:.1%}, "
        f"L2 {target['distortion']['effective_l2']:.1f}"
        for target in targets
    ]
    size = fitting(titles, 2.1, 9)
    for place, image, words in zip(axes.flat, noise, titles, strict=False):
        place.set_visible(True)
        picture(place, image, cmap=DIVERGING, vmin=-bound, vmax=bound)
        place.set_title(words, fontsize=size, color=INK)
    _noise_bar(figure, axes[0, 0].images[0], list(axes.flat), shrink=0.5, aspect=40)
    return save(figure, folder, "noises")


def _success(history: WholeHistory, folder: Path) -> Path:
    """Success with intervals beside random noise and transfer, and the curves of all labels."""
    results = history.finished.results
    targets = results["targets"]
    names = names_of(history)
    figure, axes = new_figure(
        11, 4.4, f"Targeted success on test images of other {plural(class_noun(names))}",
        _subtitle(history), columns=2,
    )  # fmt: skip
    bars, curves = axes[0]
    chart(bars, "target label", "read as the target")
    percent_axis(bars)
    labels = [target["label"] for target in targets]
    places = np.arange(len(targets))
    rates = np.array([target["success"]["rate"] for target in targets])
    low = rates - [target["success"]["low"] for target in targets]
    high = np.array([target["success"]["high"] for target in targets]) - rates
    bars.bar(
        places, rates, 0.62, yerr=np.maximum(0, [low, high]), color=(colour_of(history), 0.4),
        ecolor=INK, capsize=2.5, error_kw={"linewidth": 1},
        label=f"{results['model']} (95 % intervals)",
    )  # fmt: skip
    for model, marker in zip(targets[0]["transfer"], "sD", strict=False):
        moved = [target["transfer"][model] for target in targets]
        bars.plot(
            places, moved, marker, color=NETWORKS[series_of(model)], markersize=4.5,
            markeredgecolor="white",
            label=f"the same noise on {model}",
        )  # fmt: skip
    random = [target["random_noise_success"] for target in targets]
    bars.plot(
        places, random, "_", color=INK, markersize=13, markeredgewidth=2,
        label="random noise of the same effective L2",
    )  # fmt: skip
    class_ticks(bars.xaxis, names, labels, MOST_NAMED)
    bars.set_ylim(0, 1.05)
    figure.legend(
        *bars.get_legend_handles_labels(), loc="outside lower left", ncols=4, frameon=False,
        fontsize=8, labelcolor=INK,
    )  # fmt: skip
    chart(curves, "iteration (batches of training images)", "success on the step's batch")
    percent_axis(curves)
    curve = history.curves["success"]
    for row, label in enumerate(labels):
        line(
            curves, curve.steps, curve.values[:, row], color=CYCLE[row % len(CYCLE)], linewidth=1.1,
            linestyle="-" if row < len(CYCLE) else "--", label=names[label],
        )  # fmt: skip
    curves.set_ylim(0, 1.03)
    if len(labels) <= MOST_NAMED:
        legend(curves, title="target", title_fontsize=8, ncols=2, loc="lower right")
    return save(figure, folder, "success")


def _by_source(history: WholeHistory, folder: Path) -> Path:
    targets = history.finished.results["targets"]
    rates = np.array(
        [[np.nan if rate is None else rate for rate in t["by_source"]] for t in targets]
    ).T
    names = names_of(history)
    noun = class_noun(names)
    figure, axes = new_figure(
        0.56 * len(targets) + 2.2, 0.36 * len(names) + 3, f"Success by true {noun} and target",
        _subtitle(history),
    )  # fmt: skip
    place = axes[0, 0]
    place.imshow(np.ma.masked_invalid(rates), cmap="Blues", vmin=0, vmax=1, aspect="equal")
    for (row, column), rate in np.ndenumerate(rates):
        words = (
            "·"
            if np.isnan(rate)
            else f"{rate * 100:.0f}"
            if rate in (0, 1)
            else f"{rate * 100:.1f}"
        )
        colour = GREY if np.isnan(rate) else "white" if rate > 0.55 else INK
        place.text(column, row, words, ha="center", va="center", fontsize=7, color=colour)
    class_ticks(place.xaxis, names, [target["label"] for target in targets])
    class_ticks(place.yaxis, names)
    place.set_xlabel("target label", fontsize=9)
    place.set_ylabel(f"true {noun} of the test image", fontsize=9)
    place.set_title("percent read as the target", fontsize=9, loc="left", color=INK)
    place.tick_params(labelsize=9, length=0)
    place.spines[:].set_visible(False)
    return save(figure, folder, "by-source")
