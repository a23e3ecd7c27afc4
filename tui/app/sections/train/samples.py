"""The sample images of a training as thumbnails, each over the network's answer."""

from collections.abc import Sequence

import numpy as np
from rich.cells import cell_len
from rich.text import Text
from textual.geometry import Size

from engine.runs.events import Preview
from tui.drawing.pixels import Ink, draw_grey
from tui.drawing.thumbnails import WRONG, fitting_size, thumbnails
from tui.live.task import Task
from tui.words import cut

ROOM_FOR_PROBABILITY = 14  # pixels a side


def labels_and_answers(preview: Preview) -> tuple[list[int], list[int]]:
    """Return what the sample images are, and what the network says they are."""
    return [int(v) for v in preview.values["label"]], [int(v) for v in preview.values["prediction"]]


def draw_samples(task: Task, images: np.ndarray, answers: Preview, shades: Ink, room: Size) -> Text:
    """Return sample images [N, H, W] in [0, 1] as thumbnails over the network's answers."""
    size, edge = fitting_size(len(images), room.width, room.height), task.margin
    inner = slice(edge, images.shape[1] - edge)
    pairs = list(zip(*labels_and_answers(answers), strict=True))
    pictures = []
    for image, (label, answer), words, probability in zip(
        images, pairs, _captions(task.classes, pairs, size), answers.values["probability"],
        strict=True,
    ):  # fmt: skip
        if size >= ROOM_FOR_PROBABILITY and cell_len(words) + len(" 100%") <= size:
            words += f" {probability:.0%}"
        picture = draw_grey(image[inner, inner], shades, size)
        pictures.append((picture, Text(words, "" if label == answer else WRONG)))
    return thumbnails(pictures, size, room.width)


def _captions(names: Sequence[str], pairs: Sequence[tuple[int, int]], size: int) -> list[str]:
    """Return the answers, behind the label where that is another class: ``label✗answer``.

    Where there is no room for both names, there is the answer's.
    """
    captions = []
    for label, answer in pairs:
        words = names[answer] if answer == label else f"{names[label]}✗{names[answer]}"
        if cell_len(words) > size:
            words = names[answer] if answer == label else f"✗{names[answer]}"
            words = cut(words, size).rstrip()
        captions.append(words)
    return captions
