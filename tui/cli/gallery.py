"""A dataset as text: sixteen of its images, and how many there are of each class."""

from typing import TYPE_CHECKING, Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from engine.data.classes import numbered
from engine.data.known import title_of
from tui.drawing.pixels import ASCII, BLOCKS, draw_grey, shrink
from tui.drawing.thumbnails import GAP, thumbnails
from tui.streams import keeps_to_ascii

if TYPE_CHECKING:
    from engine.data.dataset import Dataset

SHOWN = 16
WIDTH = 80  # cells, where there is no terminal
LARGEST, SMALLEST = 28, 14  # cells a picture
PARTS = ("train", "validation", "test")


def print_dataset(data: "Dataset", console: Console) -> None:
    """Print what a dataset is, sixteen training images with their classes, and the counts."""
    side, classes = data.side, len(data.classes)
    console.print(f"{title_of(data.name)}: {side}x{side} pixels, {classes} classes, {data.origin}",
                  style="bold", soft_wrap=True)  # fmt: skip
    console.print()
    console.print(_pictures(data, console), soft_wrap=True)
    console.print(_table(data))


def counts_of(data: "Dataset") -> dict[str, list[int]]:
    """Return how many images of each class every part has."""
    return {
        part: np.bincount(getattr(data, part).labels, minlength=len(data.classes)).tolist()
        for part in PARTS
    }


def _pictures(data: "Dataset", console: Console) -> Text:
    coloured = console.is_terminal and console.color_system and not console.no_color
    shades = ASCII if keeps_to_ascii() else None if coloured else BLOCKS
    width = console.width if console.is_terminal else WIDTH
    # Two rows of eight, or else four of four, as large as there is room for.
    sizes = [(width + GAP) // columns - GAP for columns in (8, 4)]
    size = max(8, min(LARGEST, next((one for one in sizes if one >= SMALLEST), sizes[-1])))
    shown = []
    for index in _samples(data.train.labels, len(data.classes)):
        image = data.train.images[index] / 255
        caption = Text(numbered(data.classes, int(data.train.labels[index])), "dim")
        shown.append((draw_grey(shrink(image, size, size), shades), caption))
    return thumbnails(shown, size, width)


def _samples(labels: np.ndarray, classes: int) -> list[int]:
    """Return the indices of sixteen images: the first of each class, then the second."""
    of_class = [np.flatnonzero(labels == label) for label in range(min(classes, SHOWN))]
    return [
        int(indices[turn]) for turn in range(SHOWN) for indices in of_class if turn < len(indices)
    ][:SHOWN]


def _table(data: "Dataset") -> Table:
    counts: dict[str, list[int]] = counts_of(data)
    table = Table(box=SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0), show_footer=True)
    total: dict[str, Any] = {part: f"{sum(count):,}" for part, count in counts.items()}
    table.add_column("class", "all")
    for part in PARTS:
        table.add_column(part, total[part], justify="right")
    for label in range(len(data.classes)):
        cells = (f"{counts[part][label]:,}" for part in PARTS)
        table.add_row(numbered(data.classes, label), *cells)
    return table
