"""Visualize: layers and neurons, the images that excite them, their cost curves."""

import numpy as np
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.geometry import Size
from textual.widgets import OptionList, Static

from engine.architectures import LAYERS, NEURONS, Neuron
from engine.config import VisualizeConfig
from tui.panes.base import Pane, hint
from tui.widgets.chart import Chart, Line, Plot
from tui.widgets.pixels import draw_grey, shrink
from tui.widgets.thumbnails import WRONG, fitting_size, thumbnails

AROUND = 2  # pixels shown around a receptive field
LINE = "#56B4E9"
LAYER_WORDS = {"logits": "final layer", "pool2": "second pooling", "pool1": "first pooling"}


class VisualizePane(Pane):
    """Section 3 of the report."""

    section = "visualize"

    def compose(self) -> ComposeResult:
        """Lay out layers, the chosen layer's images, the chosen neuron and its curve."""
        with Vertical(id="neurons", classes="column panel") as layers:
            layers.border_title = "Layers"
            yield OptionList(*(Text(layer) for layer in LAYERS), id="layer-list")
            yield Static(id="looked-at")
        with VerticalScroll(id="neuron-grid", classes="column panel") as grid:
            grid.border_title = "Images"
            yield Static(id="neuron-images")
        with Vertical(id="neuron", classes="column"):
            chart = Chart(id="activation", classes="panel")
            chart.border_title = "Activation"
            yield chart

    def on_mount(self) -> None:
        """Choose the logits."""
        self.query_one(OptionList).highlighted = 0
        self.query_one(Chart).plain = self.plain

    @property
    def layer(self) -> str:
        """The highlighted layer."""
        return LAYERS[self.query_one(OptionList).highlighted or 0]

    def config_of_choice(self) -> VisualizeConfig:
        """Return the highlighted layer's neurons."""
        return VisualizeConfig(**self.shared, layers=(self.layer,))

    def configs_of_all(self) -> list[VisualizeConfig]:
        """Return all neurons of the network."""
        return [VisualizeConfig(**self.shared)]

    @on(OptionList.OptionHighlighted, "#layer-list")
    def _choose(self) -> None:
        self.refresh_pictures()

    def refresh_text(self) -> None:
        """Write the layers, and whose network is looked at."""
        self.shown = self.shown or self.newest()
        layers = self.query_one(OptionList)
        for index, layer in enumerate(LAYERS):
            line = Text.assemble(layer.ljust(7), (f" {NEURONS[layer]}", "dim"))
            layers.replace_option_prompt_at_index(index, line)
        words = Text(f"\n{LAYER_WORDS[self.layer]}\n\n", "dim")
        if self.shown is None:
            words.append("a draws all 74\nr the chosen layer", "bold")
        else:
            words.append("looks at\n", "dim").append(
                self.shown.config.run or "the newest two-conv-fc"
            )
            if self.shown.message:
                words.append(f"\n\n{self.shown.message}", "bold red")
        self.query_one("#looked-at", Static).update(words)

    def refresh_pictures(self) -> None:
        """Draw the chosen layer's images and the course of their activations."""
        images, chart = self.query_one("#neuron-images", Static), self.query_one(Chart)
        previews = self.shown.history.previews.get("images", []) if self.shown else []
        if not previews:
            images.update(hint("The images that excite the neurons sharpen here."))
            chart.plot = Plot()
            return
        neurons = self.shown.config.targets
        rows = [row for row, neuron in enumerate(neurons) if neuron.layer == self.layer]
        if not rows:
            images.update(hint(f"This run has no neurons of {self.layer}."))
            chart.plot = Plot()
            return
        room = self.query_one("#neuron-grid", VerticalScroll).content_size
        images.update(self._grid([neurons[row] for row in rows], previews[-1].images[rows], room))
        curve = self.shown.history.curves.get("activation")
        if curve is not None:
            values = curve.values[:, rows]
            lines = [Line(curve.steps, values[:, m], "#3A6B8C") for m in range(len(rows))]
            lines.append(Line(curve.steps, np.median(values, axis=1), "bold #E69F00"))
            chart.plot = Plot(lines, last_step=self.shown.steps)
            chart.border_title = f"Activation of {len(rows)}, [#E69F00]median[/]"

    def _grid(self, neurons: list[Neuron], images: np.ndarray, room: Size) -> Text:
        finished = self.shown.history.finished
        described = {}
        if finished:
            described = {(n["layer"], n["index"]): n for n in finished.figures["neurons"]}
        size = fitting_size(len(neurons), room.width, room.height)
        pictures = []
        for neuron, image in zip(neurons, images, strict=True):
            rows, across = neuron.receptive_field
            if neuron.position:
                rows = slice(rows.start - AROUND, rows.stop + AROUND)
                across = slice(across.start - AROUND, across.stop + AROUND)
            seen = image[rows, across] / 255
            grown = np.kron(seen, np.ones((-(-size // len(seen)),) * 2))
            picture = draw_grey(shrink(grown, size, size), plain=self.plain)
            known = described.get((neuron.layer, neuron.index))
            dead = bool(known and known["dead"])
            words = f"{neuron.index}" + (" dead" if dead else "")
            pictures.append((picture, Text(words, WRONG if dead else "")))
        return thumbnails(pictures, size, room.width)
