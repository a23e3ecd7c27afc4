"""One neuron: its image, its receptive field, what the test set has for it, and its climb."""

from typing import Any

import numpy as np
from rich.text import Text

from engine.architectures import EXEMPLARS, Neuron
from tui.panes.visualize import ONE, VisualizePane
from tui.screens.closeup import CloseUp
from tui.widgets.chart import Line, Plot, draw
from tui.widgets.pixels import draw_framed, enlarge, shrink
from tui.widgets.thumbnails import beside, thumbnails

CURVE = (44, 9)  # cells


class NeuronView(CloseUp):
    """Left and right take the neighbour in its layer."""

    pane: VisualizePane

    def __init__(self, pane: VisualizePane) -> None:
        super().__init__(pane)
        self.neuron = pane.neuron or self._of_layer(pane.layer)[0]

    def _of_layer(self, layer: str) -> list[Neuron]:
        return [neuron for neuron in self.shown.config.targets if neuron.layer == layer]

    def title_words(self) -> str:
        """Return which neuron it is."""
        place = "" if self.neuron.position is None else " at {}, {}".format(*self.neuron.position)
        return f"{self.neuron.layer} {self.neuron.index}{place}{self.when}"

    def picture(self) -> Text:
        """Return image and facts, the nine strongest test images, and the curve."""
        task, cursor = self.shown, self.cursor
        row = task.config.targets.index(self.neuron)
        preview = task.history.preview("images", cursor)
        if preview is None:
            return Text("No image yet.", "dim")
        roomy = self.app.size.width >= 118 and self.app.size.height >= 50
        image = self._framed(preview.images[row] / 255, 2 if roomy else 1)
        curve = task.history.curves.get("activation")
        right = self._facts(task.history.finished, row)
        if curve is not None:
            one = Line(curve.steps, curve.values[:, row], ONE)
            plot = Plot([one], last_step=task.steps, cursor=cursor)
            right = Text("\n").join([right, draw(plot, *CURVE, plain=self.plain)])
        top = beside(image, right)
        if "exemplars" not in task.history.previews:
            return top
        shown = task.history.previews["exemplars"][-1].images
        strongest = shown[row * EXEMPLARS : (row + 1) * EXEMPLARS] / 255
        head = Text("\nthe nine test images that excite it most\n", "dim")
        return Text("\n").join([top, head.append_text(self._exemplars(strongest, roomy))])

    def _framed(self, image: np.ndarray, factor: int) -> Text:
        field = [slice(part.start * factor, part.stop * factor) for part in self._field()]
        return draw_framed(enlarge(image, factor), (field[0], field[1]), plain=self.plain)

    def _field(self) -> tuple[slice, slice]:
        return self.neuron.receptive_field

    def _exemplars(self, images: np.ndarray, roomy: bool) -> Text:
        """Return the images, or where there is little room their receptive fields."""
        pictures = []
        size = 20 if roomy else 14
        for image in images:
            if self.neuron.position is not None:
                rows, columns = self._field()
                seen = image[rows, columns]
                image = enlarge(seen, -(-size // len(seen)))
            small = shrink(image, size, size)
            nothing = (slice(0, size), slice(0, size))
            pictures.append((draw_framed(small, nothing, plain=self.plain), Text()))
        return thumbnails(pictures, size, self.app.size.width - 8)

    def _facts(self, finished: Any, row: int) -> Text:
        rows, columns = self._field()
        height, width = rows.stop - rows.start, columns.stop - columns.start
        words = Text.assemble(("receptive field  ", "dim"), f"{height}x{width}\n")
        if finished is None:
            return words
        one = finished.figures["neurons"][row]
        facts = {
            "activation": f"{one['activation_start']:.4g} to {one['activation_end']:.4g}",
            "above": f"{one['percentile']:.1%} of the test images",
            "other starts": str(one["restarts"]) if one["restarts"] else "",
            "dead": "zero on every test image" if one["dead"] else "",
        }
        for name, value in facts.items():
            if value:
                words.append(f"{name:17}", "dim").append(f"{value}\n")
        models = {run: model for model, run in (self.shown.config.other_runs or {}).items()}
        for run, answer in one.get("read_as", {}).items():
            words.append(f"{models.get(run, run):17}", "dim").append(f"reads a {answer}\n")
        return words

    def action_move(self, by: int) -> None:
        """Take the neighbour among the run's neurons of this layer."""
        neurons = self._of_layer(self.neuron.layer)
        self.neuron = neurons[(neurons.index(self.neuron) + by) % len(neurons)]
        self.draw()
