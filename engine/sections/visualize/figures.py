"""The figures of section 3: image grids per layer, cost curves, natural exemplars."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from engine.data.classes import numbered
from engine.figures.style import (
    CYCLE,
    GREY,
    INK,
    ORANGE,
    VERMILION,
    chart,
    colour_of,
    fitting,
    legend,
    line,
    names_of,
    new_figure,
    picture,
    provenance,
    save,
)
from engine.files.numbers import real
from engine.networks.architectures import EXEMPLARS
from engine.networks.layout import LOGITS
from engine.runs.history import WholeHistory
from engine.sections.visualize.config import ResolvedVisualizeConfig

AROUND = 2  # pixels shown around a receptive field
LAYER_WORDS = {
    "logits": "Final-layer neurons (before the softmax)",
    "pool2": "Second max-pooling layer: the centre neuron of each filter",
    "pool1": "First max-pooling layer: the centre neuron of each filter",
}


def layer_words(layer: str) -> str:
    """Return what the neurons of a layer are."""
    return LAYER_WORDS.get(layer, f"Layer {layer}: one neuron a channel")


def file_name(layer: str) -> str:
    """Return the beginning of the names of a layer's figures."""
    return layer.replace(":", "-")


def draw(history: WholeHistory, images: np.ndarray, folder: Path) -> Iterator[Path]:
    """Draw a visualize run's figures from its history and images [M, 1, H, W]."""
    neurons = history.finished.results["neurons"]
    shown = ResolvedVisualizeConfig.from_json(history.started.config).exemplified
    pictures = history.images("exemplars").reshape(len(shown), EXEMPLARS, *images.shape[2:])
    exemplars = dict(zip(shown, pictures, strict=True))
    for layer in dict.fromkeys(neuron["layer"] for neuron in neurons):
        rows = [m for m in shown if neurons[m]["layer"] == layer]
        yield _grid(history, layer, rows, images[:, 0], folder)
        yield _curves(history, layer, rows, folder)
        yield _exemplars(history, layer, rows, images[:, 0], exemplars, folder)


def _grid(
    history: WholeHistory, layer: str, rows: list[int], images: np.ndarray, folder: Path
) -> Path:
    neurons, fields, names = (
        history.finished.results["neurons"],
        _fields(history),
        names_of(history),
    )
    columns = min(5 if layer == LOGITS else 8, len(rows))
    lines = -(-len(rows) // columns)
    figure, axes = new_figure(
        max(6.5, 1.35 * columns + 0.3), 1.72 * lines + 0.75, layer_words(layer),
        provenance(history), rows=lines, columns=columns,
    )  # fmt: skip
    for place in axes.flat:
        place.set_visible(False)
    titles = [_title(neurons[m], names) for m in rows]
    readings = [_reading(neurons[m], names) for m in rows]
    title_size, reading_size = fitting(titles, 1.35, 7.5), fitting(readings, 1.35, 6.5)
    for place, m, title, reading in zip(axes.flat, rows, titles, readings, strict=False):
        place.set_visible(True)
        _neuron_picture(place, images[m], fields[m])
        place.set_title(title, fontsize=title_size, color=_colour(neurons[m]))
        place.set_xlabel(reading, fontsize=reading_size, color=GREY)
    return save(figure, folder, file_name(layer))


def _fields(history: WholeHistory) -> list[tuple[slice, slice]]:
    """Return the receptive field of each neuron."""
    config = ResolvedVisualizeConfig.from_json(history.started.config)
    return [neuron.receptive_field(config.side) for neuron in config.targets]


def _neuron_picture(axes: Axes, image: np.ndarray, field: tuple[slice, slice]) -> None:
    """Show what a neuron sees of an image: its receptive field, outlined, and a little around it.

    Unbounded images are shown over their own range.
    """
    rows, columns = field
    low, high = min(0.0, float(image.min())), max(1.0, float(image.max()))
    picture(axes, image, vmin=low, vmax=high)
    if rows.stop - rows.start == len(image):
        return
    corner = (columns.start - 0.5, rows.start - 0.5)
    size = (columns.stop - columns.start, rows.stop - rows.start)
    axes.add_patch(Rectangle(corner, *size, fill=False, edgecolor=ORANGE, linewidth=1))
    axes.set_xlim(columns.start - 0.5 - AROUND, columns.stop - 0.5 + AROUND)
    axes.set_ylim(rows.stop - 0.5 + AROUND, rows.start - 0.5 - AROUND)


def _title(neuron: dict[str, Any], names: Sequence[str]) -> str:
    name = _name(neuron, names)
    if neuron["dead"]:
        return f"{name}: dead"
    start, end = real(neuron["activation_start"]), real(neuron["activation_end"])
    return f"{name}: {start:.2g} → {end:.3g}"


def _colour(neuron: dict[str, Any]) -> str:
    return VERMILION if neuron["dead"] else INK


def _name(neuron: dict[str, Any], names: Sequence[str]) -> str:
    """Return a neuron's number; that of a logit with its class's name."""
    if neuron["layer"] == LOGITS:
        return numbered(names, neuron["index"])
    return str(neuron["index"])


def _reading(neuron: dict[str, Any], names: Sequence[str]) -> str:
    if "read_as" in neuron:
        answers = sorted(set(neuron["read_as"].values()))
        return "others read " + ", ".join(names[answer] for answer in answers) if answers else ""
    if neuron["dead"]:
        return "zero on every test image"
    return f"beats {neuron['percentile']:.1%} of test images"


def _curves(history: WholeHistory, layer: str, rows: list[int], folder: Path) -> Path:
    neurons = history.finished.results["neurons"]
    figure, axes = new_figure(
        7.5, 4.2, f"{layer}: activation during the ascent", provenance(history)
    )
    place = axes[0, 0]
    chart(place, "iteration", "activation on its own image (the course report's cost)")
    curve = history.curves["activation"]
    starts = [real(neurons[m]["activation_start"]) for m in rows]
    steps = np.concatenate([[0], curve.steps])
    values = np.vstack([starts, curve.values[:, rows]])
    if len(rows) <= 10:
        for place_in_cycle, m in enumerate(rows):
            line(
                place, steps, values[:, place_in_cycle],
                color=CYCLE[place_in_cycle % len(CYCLE)],
                linewidth=1.2, linestyle="-" if place_in_cycle < len(CYCLE) else "--",
                label=_name(neurons[m], names_of(history)),
            )  # fmt: skip
        legend(place, title="neuron", title_fontsize=8, ncols=2)
    else:
        for neuron in values.T:
            line(place, steps, neuron, color=colour_of(history), linewidth=0.6, alpha=0.35)
        alive = [column for column, m in enumerate(rows) if not neurons[m]["dead"]]
        line(
            place, steps, np.median(values[:, alive], axis=1), color=colour_of(history),
            linewidth=2.2,
            label=f"median of the {len(alive)} neurons that are not dead",
        )  # fmt: skip
        legend(place)
    return save(figure, folder, f"{file_name(layer)}-activation")


def _exemplars(
    history: WholeHistory,
    layer: str,
    rows: list[int],
    images: np.ndarray,
    exemplars: Mapping[int, np.ndarray],
    folder: Path,
) -> Path:
    """Each neuron's image beside the nine test images that excite it most."""
    neurons, fields, names = (
        history.finished.results["neurons"],
        _fields(history),
        names_of(history),
    )
    blocks = 1 if len(rows) <= 10 else 2
    lines = -(-len(rows) // blocks)
    across = EXEMPLARS + 1
    figure, axes = new_figure(
        6.6 * blocks, 0.66 * lines + 0.95,
        f"{layer}: synthetic image, then the nine strongest test images",
        provenance(history), rows=lines, columns=across * blocks,
    )  # fmt: skip
    for place in axes.flat:
        place.set_visible(False)
    for number, m in enumerate(rows):
        block, line = divmod(number, lines)
        line_axes = axes[line, block * across : (block + 1) * across]
        for place in line_axes:
            place.set_visible(True)
        _neuron_picture(line_axes[0], images[m], fields[m])
        line_axes[0].set_ylabel(
            _name(neurons[m], names) + (" dead" if neurons[m]["dead"] else ""),
            fontsize=8, rotation=0, ha="right", va="center", color=_colour(neurons[m]),
        )  # fmt: skip
        for place, image in zip(line_axes[1:], exemplars[m], strict=True):
            place.set_visible(not neurons[m]["dead"])  # nothing excites a dead one
            _neuron_picture(place, image, fields[m])
    return save(figure, folder, f"{file_name(layer)}-exemplars")
