"""How every figure looks.

matplotlib's object interface and Agg only: figures are drawn in threads.
"""

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis, XAxis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from engine.data.classes import class_names
from engine.data.known import title_of
from engine.files.numbers import real
from engine.files.text import visible
from engine.files.writer import write_atomically
from engine.networks.colours import series_of
from engine.runs.curves import Curve, thinned
from engine.runs.history import WholeHistory

# Okabe and Ito's palette, told apart by colour-blind readers (https://jfly.uni-koeln.de/color/).
BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PURPLE, SKY, GREY, INK = "#CC79A7", "#56B4E9", "#8A8A8A", "#222222"
# Of networks, by their place in a palette, in the hues that the app has for them.
NETWORKS = (BLUE, ORANGE, GREEN, PURPLE, VERMILION, SKY, GREY, INK, "#882255")
CYCLE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, GREY, INK)
DPI = 160
BINS = 4000  # of a long line; no figure is as many pixels wide
HEADER = 0.62  # inches for title and subtitle
LONGEST_NAME = 24  # letters of a class's name
LETTER = 0.56  # mean width of a letter, in font sizes


def new_figure(
    width: float, height: float, title: str, subtitle: str, rows: int = 1, columns: int = 1
) -> tuple[Figure, np.ndarray]:
    """Return a figure of ``width`` x ``height`` inches and its axes [rows, columns]."""
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    layout = ConstrainedLayoutEngine(rect=(0, 0, 1, 1 - HEADER / height), h_pad=0.07, hspace=0.02)
    figure.set_layout_engine(layout)
    axes = figure.subplots(rows, columns, squeeze=False)
    left = 0.12 / width
    heading: dict[str, Any] = {"ha": "left", "va": "top"}
    figure.text(
        left, 1 - 0.12 / height, title, fontsize=12, fontweight="bold", color=INK, **heading
    )
    figure.text(
        left, 1 - 0.36 / height, subtitle, fontsize=8.5, color="#555555", parse_math=False,
        **heading,
    )  # fmt: skip
    return figure, axes


def chart(axes: Axes, xlabel: str, ylabel: str) -> None:
    """Give axes labels, a light grid and no box."""
    axes.set_xlabel(xlabel, fontsize=9, color=INK)
    axes.set_ylabel(ylabel, fontsize=9, color=INK)
    axes.tick_params(labelsize=8, color="#999999", labelcolor=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#999999")
    axes.grid(color="#E6E6E6", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def colour_of(history: WholeHistory) -> str:
    """Return the colour of a run's network, the same in all figures."""
    return NETWORKS[series_of(history.started.config["model"])]


def darker(colour: str) -> tuple[float, ...]:
    """Return a colour with more ink: what belongs to the same network, told apart by brightness."""
    return tuple(0.6 * part for part in to_rgb(colour))


def line(axes: Axes, steps: np.ndarray, values: np.ndarray, **options: Any) -> None:
    """Draw values [S] over steps [S]; of a long line, the lowest and highest of each bin.

    A bin is narrower than a pixel, so it looks the same and takes seconds instead of minutes.
    """
    drawn = thinned(Curve(steps, values), BINS)
    axes.plot(drawn.steps, drawn.values, **options)


def log_axis(axes: Axes) -> None:
    """Make the y axis logarithmic, with plain numbers."""
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_locator(NullLocator())


def percent_axis(axes: Axes) -> None:
    """Write the y axis, fractions, in percent."""
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value * 100:g} %"))


def legend(axes: Axes, **options: Any) -> None:
    """Add a legend without a frame."""
    axes.legend(frameon=False, fontsize=8, labelcolor=INK, **options)


def picture(axes: Axes, image: np.ndarray, **options: Any) -> None:
    """Show an image [H, W] without ticks; white on black in [0, 1] unless told otherwise."""
    shown: dict[str, Any] = {"cmap": "gray", "vmin": 0, "vmax": 1, "interpolation": "nearest"}
    axes.imshow(image, **shown | options)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)


def dataset_words(history: WholeHistory) -> str:
    """Return the name of a run's dataset as figures give it."""
    return title_of(history.started.dataset["name"])


def names_of(history: WholeHistory) -> Sequence[str]:
    """Return the names of the classes, safe to be drawn and cut to what there is room for."""
    names = class_names(history.started.dataset)
    return [name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…" for name in names]


def fitting(texts: Iterable[str], inches: float, largest: float) -> float:
    """Return the font size at which no line of texts is wider than ``inches``, in points."""
    longest = max((len(line) for text in texts for line in text.splitlines()), default=0)
    return min(largest, inches * 72 / (LETTER * max(1, longest)))


def provenance(history: WholeHistory, *extra: str) -> str:
    """Return the line under a title: dataset, model, recipe, seed, arithmetic."""
    started = history.started
    config, environment = started.config, started.environment
    words = (
        dataset_words(history),
        config["model"],
        f"recipe {config['recipe']}",
        f"seed {config['seed']}",
        f"{environment['precision']} on {environment['device']}",
        *extra,
    )
    return "  ·  ".join(visible(word) for word in words)


def save(figure: Figure, folder: Path, name: str) -> Path:
    """Write a figure as ``folder/name.png``, whole or not at all, and return its path.

    ``folder`` is made where it is missing. Raises OSError, and EngineError where it, or the run
    that it is of, is a link.
    """
    path = folder / f"{name}.png"
    content = io.BytesIO()
    no_version = {"Software": None}  # equal runs, equal files
    figure.savefig(content, format="png", metadata=no_version)
    write_atomically(path, content.getvalue(), root=folder.parent)
    return path


def sample_title(
    names: Sequence[str], label: int, prediction: int, probability: float | None
) -> str:
    """Return the title of a classified image; a wrong answer is marked by more than colour."""
    share, answer = f"({real(probability):.0%})", names[prediction]
    if label == prediction:
        return f"{answer}  {share}"
    if len(answer + names[label]) <= 2:
        return f"✗ {answer}, is {names[label]}  {share}"
    return f"✗ {answer}  {share}\nis {names[label]}"


def class_ticks(
    axis: Axis, names: Sequence[str], places: Sequence[int] | None = None, most: int = 100
) -> None:
    """Name classes along an axis, those of ``places`` or all; long names of a row lean over.

    Of more than ``most`` only every other one, or fewer, are named.
    """
    shown = range(len(names)) if places is None else places
    every = max(1, -(-len(shown) // most))
    axis.set_ticks(range(0, len(shown), every), [names[label] for label in shown[::every]])
    if isinstance(axis, XAxis) and max(map(len, names)) > 2:
        for label in axis.get_ticklabels():
            label.set(rotation=45, ha="right", rotation_mode="anchor")


def title_colours(labels: Sequence[int], predictions: Sequence[int]) -> list[str]:
    """Return the colour of each answer: ink where right, vermilion where wrong."""
    pairs = zip(labels, predictions, strict=True)
    return [INK if label == prediction else VERMILION for label, prediction in pairs]
