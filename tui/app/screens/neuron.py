"""One neuron: its image, its receptive field, its strongest test images and its curve."""

import textwrap
from typing import Any

import numpy as np
from rich.text import Text
from textual.geometry import Size

from engine.data.classes import class_noun, numbered
from engine.files.numbers import real
from engine.networks.architectures import EXEMPLARS
from engine.networks.layout import LOGITS, Neuron
from engine.sections.visualize.config import VisualizeConfig
from tui.app.colours import style_of
from tui.app.screens.closeup import CloseUp
from tui.app.sections.base import config_of
from tui.app.sections.visualize.pane import VisualizePane, exemplified_of, targets_of
from tui.drawing.chart import draw
from tui.drawing.pixels import draw_framed, draw_grey
from tui.drawing.plot import Line, Plot
from tui.drawing.thumbnails import GAP, beside, fitting_size, thumbnails
from tui.words import cut

CURVE = Size(44, 9)  # cells; the facts above it are as wide
WIDE = 110  # of the curve beside a large image
LARGE, NORMAL, SMALL = 56, 28, 20  # pixels a side of the image, by the room that there is
HIGH = 48  # lines, from which on there is much room
NAME = 17  # cells of a fact's name
EXEMPLAR = 14  # pixels a side at least


class NeuronView(CloseUp):
    """Left and right take the neighbour in its layer."""

    pane: VisualizePane

    def __init__(self, pane: VisualizePane) -> None:
        super().__init__(pane)
        self.neuron = pane.neuron or self._of_layer(pane.layer)[0]

    def _of_layer(self, layer: str) -> list[Neuron]:
        return [neuron for neuron in targets_of(self.shown) if neuron.layer == layer]

    def title_words(self) -> str:
        """Return which neuron it is."""
        place = "" if self.neuron.position is None else " at {}, {}".format(*self.neuron.position)
        name = str(self.neuron.index)
        if self.neuron.layer == LOGITS:
            name = numbered(self.shown.classes, self.neuron.index)
        return f"{self.neuron.layer} {name}{place}{self.when}"

    def picture(self, room: Size) -> Text:
        """Return image and facts, the nine strongest test images, and the curve."""
        task, cursor = self.shown, self.cursor
        row = targets_of(self.shown).index(self.neuron)
        preview = task.history.preview("images", cursor)
        if preview is None or preview.images is None:
            return Text("No image yet.", "$text-muted")
        size = NORMAL
        if room.width >= LARGE + GAP + CURVE.width and room.height >= HIGH:
            size = LARGE
        elif room.width < NORMAL + GAP + CURVE.width:
            size = SMALL
        image = self._framed(preview.images[row] / 255, size)
        wide = WIDE if size == LARGE else CURVE.width
        width = max(16, min(wide, room.width - size - GAP))
        curve = task.history.curves.get("activation")
        right = self._facts(task.history.finished, row, width, len(preview.images[row]))
        if curve is not None:
            one = Line(curve.steps, curve.values[:, row], style_of(self.pane.network()[0]))
            plot = Plot([one], last_step=task.steps, cursor=cursor, plain=self.pane.look.plain)
            beside_it = size // 2 - right.plain.count("\n") - 1  # lines of the image that are left
            height = max(CURVE.height, beside_it if size == LARGE else 0)
            right = Text("\n").join([right, draw(plot, width, height)])
        top = beside(image, right)
        kept = exemplified_of(task)
        if "exemplars" not in task.history.previews or row not in kept:
            return top
        shown = task.history.previews["exemplars"].last.images
        assert shown is not None
        place = kept.index(row) * EXEMPLARS
        strongest = shown[place : place + EXEMPLARS] / 255
        height = room.height - top.plain.count("\n") - 3  # the empty line and the words
        words = ("\n\nthe nine test images that excite it most\n", "$text-muted")
        return Text.assemble(top, words, self._exemplars(strongest, room.width, height))

    def _framed(self, image: np.ndarray, size: int) -> Text:
        field = self.neuron.receptive_field(len(image))
        return draw_framed(image, field, self.shades, size)

    def _exemplars(self, images: np.ndarray, width: int, height: int) -> Text:
        """Return the images' receptive fields, as large as fits, but never tiny."""
        pictures = []
        size = max(EXEMPLAR, fitting_size(len(images), width, height))
        for image in images:
            if self.neuron.position is not None:
                rows, columns = self.neuron.receptive_field(len(image))
                image = image[rows, columns]
            pictures.append((draw_grey(image, self.shades, size), Text()))
        return thumbnails(pictures, size, width)

    def _facts(self, finished: Any, row: int, width: int, side: int) -> Text:
        rows, columns = self.neuron.receptive_field(side)
        height, across = rows.stop - rows.start, columns.stop - columns.start
        facts = {"receptive field": f"{height}x{across}"}
        if finished is None:
            return _told(facts, width)
        one = finished.results["neurons"][row]
        facts |= {
            "activation": f"{real(one['activation_start']):.4g} to "
            f"{real(one['activation_end']):.4g}",
            "above": f"{one['percentile']:.1%} of the test images",
            "other starts": str(one["restarts"]) if one["restarts"] else "",
            "dead": "zero on every test image" if one["dead"] else "",
        }
        models = {
            run: model
            for model, run in (config_of(self.shown, VisualizeConfig).other_runs or {}).items()
        }
        names = self.shown.classes
        article = "a " if class_noun(names) == "digit" else ""
        for run, answer in one.get("read_as", {}).items():
            facts[models.get(run, run)] = f"reads {article}{numbered(names, answer)}"
        return _told({name: value for name, value in facts.items() if value}, width)

    def action_move(self, by: int) -> None:
        """Take the neighbour among the run's neurons of this layer."""
        neurons = self._of_layer(self.neuron.layer)
        self.neuron = neurons[(neurons.index(self.neuron) + by) % len(neurons)]
        self.draw()


def _told(facts: dict[str, str], width: int) -> Text:
    """Return facts by name, a line each, or more where they are wider than ``width``."""
    words = Text()
    for name, value in facts.items():
        first, *rest = textwrap.wrap(value, max(width - NAME, 8)) or [""]
        words.append(cut(name, NAME - 1) + " ", "$text-muted").append(f"{first}\n")
        words.append("".join(f"{'':{NAME}}{line}\n" for line in rest))
    return words
