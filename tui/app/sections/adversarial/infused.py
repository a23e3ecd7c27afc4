"""Images with a noise on them, as Adversarial shows them: what they are read as, in a grid."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
from rich.cells import cell_len
from rich.text import Text
from textual.geometry import Size

from engine.runs.events import Preview
from engine.sections.adversarial.results import shown_classes
from tui.drawing.pixels import Ink, draw_grey
from tui.drawing.thumbnails import WRONG, fitting_size, thumbnails
from tui.live.task import Task


@dataclass(frozen=True, slots=True)
class Infused:
    """A noise at some step, the images that it is shown on, and what the network says."""

    noises: np.ndarray  # [L, H, W]
    bound: float
    clean: np.ndarray  # [N, H, W], in [0, 1]
    sources: list[int]  # the class of each of them
    before: Preview
    after: Preview

    @classmethod
    def at(cls, task: Task, step: int | None) -> "Infused | None":
        """Return what a task shows at a step, or at its latest; None before the first preview.

        The last noise is shown on test images; the others, while crafting, on validation images.
        """
        history = task.history
        judged = "test_sources" in history.previews
        noise = history.preview("noise", step, before_last=judged and step is not None)
        if noise is None:
            return None
        name = "test_sources" if judged and step is None else "sources"
        before = history.previews[name].last
        sources = shown_classes(len(task.classes))
        return cls(noise.floats(), noise.high, before.floats(), sources, before, noise)

    def sum(self, row: int, source: int) -> np.ndarray:
        """Return an image, by its place, with a noise on it, clamped: [H, W]."""
        image: np.ndarray = np.clip(self.clean[source] + self.noises[row], 0, 1)
        return image


class InfusedGrid:
    """Draws them, those of one noise at one size, and keeps each until it is drawn anew."""

    def __init__(self) -> None:
        self._drawn: dict[int, tuple[Text, Text]] = {}  # images and captions, by their places
        self._drawn_of: tuple[object, ...] | None = None

    def draw(
        self,
        task: Task,
        infused: Infused,
        row: int,
        label: int,
        now: Collection[int],
        shades: Ink,
        rounded: Callable[[np.ndarray], np.ndarray],
        room: Size,
    ) -> Text:
        """Draw the images ``now``, by their places, and the others as they were drawn last.

        ``row`` is the noise's, ``label`` its target; ``rounded`` is what becomes of an image first.
        """
        shown = [(n, source) for n, source in enumerate(infused.sources) if source != label]
        size = fitting_size(len(shown), room.width, room.height)
        edge, after = task.margin // 2, infused.after.values["after"][row]
        inner = slice(edge, infused.clean.shape[1] - edge)
        same = task, label, size, shades
        if self._drawn_of != same:
            self._drawn_of, self._drawn = same, {}
        answers = [(source, int(after[n])) for n, source in shown]
        captions = captions_of(task.classes, answers, label, size)
        for (n, _), (_, answer), words in zip(shown, answers, captions, strict=True):
            if n in now or n not in self._drawn:
                image = rounded(infused.sum(row, n)[inner, inner])
                caption = Text(words, "" if answer == label else WRONG)
                self._drawn[n] = draw_grey(image, shades, size), caption
        return thumbnails([self._drawn[n] for n, _ in shown], size, room.width)


def captions_of(
    names: Sequence[str], answers: Sequence[tuple[int, int]], label: int, size: int
) -> list[str]:
    """Return what stands below the images: names where all of them fit, else numbers."""
    for words in (names, list(map(str, range(len(names))))):
        captions = [
            f"{words[true]} → {words[answer]}{'' if answer == label else ' ✗'}"
            for true, answer in answers
        ]
        if all(cell_len(caption) <= size for caption in captions):
            break
    return captions


def legends(noun: str) -> tuple[str, ...]:
    """Return what the captions of the infused images say; the longest that fits is shown."""
    return f"true {noun} → answer with the noise", f"true {noun} → answer", "true → answer"
