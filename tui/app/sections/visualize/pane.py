"""Visualize: layers and neurons, the images that excite them, their cost curves."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from rich.text import Text
from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.geometry import Size
from textual.widgets import OptionList

from engine.networks.architectures import ARCHITECTURES
from engine.networks.layout import LOGITS, Layer, Layout, Neuron
from engine.runs.curves import Curve
from engine.sections.visualize.config import ResolvedVisualizeConfig, VisualizeConfig
from tui.app.colours import style_of
from tui.app.sections.base import Commands, hint
from tui.app.sections.network import NetworkPane
from tui.app.sections.visualize.neurons import lines_of, part_with, rows_of
from tui.app.widgets.chart import Chart
from tui.app.widgets.picture import Picture
from tui.app.widgets.room import Room, Rows
from tui.drawing.pixels import draw_grey
from tui.drawing.plot import Line, Plot
from tui.drawing.thumbnails import CHOSEN, WRONG, fitting_size, thumbnails
from tui.live.task import Task
from tui.words import widest

AROUND = 2  # pixels shown around a receptive field
# What the course report calls the layers of its networks.
LAYER_WORDS = {LOGITS: "final layer", "pool2": "second pooling", "pool1": "first pooling"}


class VisualizePane(NetworkPane):
    """Section 3: layers and neurons."""

    section = "visualize"
    close_up = "NeuronView"
    kind = VisualizeConfig
    config: VisualizeConfig

    neurons = getters.query_one("#neuron-list", Rows)
    looked_at = getters.query_one("#looked-at", Picture)
    grid = getters.query_one("#neuron-grid", Room)
    chart = getters.query_one("#activation", Chart)

    def compose(self) -> ComposeResult:
        """Lay out neurons, the chosen layer's images, the activations' course."""
        with VerticalScroll(id="neurons", classes="column panel list", can_focus=False) as layers:
            layers.border_title = "Neurons"
            yield Rows(id="neuron-list")
            yield Picture(id="looked-at")
        grid = Room("neuron-images", id="neuron-grid", classes="column panel")
        grid.border_title = "Images"
        yield grid
        with Vertical(id="neuron", classes="column"):
            chart = Chart(id="activation", classes="panel")
            chart.border_title = "Activation"
            yield chart

    def __init__(self, *place: Any) -> None:
        super().__init__(*place)
        self._layout: Layout | None = None
        self._model = ""
        self._listed: list[tuple[Layer, Neuron | None]] = []

    def on_mount(self) -> None:
        """Choose the logits."""
        self._list_layers()
        self.neurons.highlighted = 0

    @property
    def chosen_row(self) -> tuple[Layer, Neuron | None]:
        """The highlighted row: a layer, and a neuron of it where one is meant."""
        return self._listed[min(self.row, len(self._listed) - 1)]

    @property
    def layer(self) -> str:
        """The layer of the highlighted row."""
        return self.chosen_row[0].name

    @property
    def neuron(self) -> Neuron | None:
        """The highlighted neuron, None where a whole layer is."""
        return self.chosen_row[1]

    def configs_of_choice(self) -> Commands:
        """Return a run for each layer of which something is marked, or of what is highlighted."""
        rows = [self._listed[row] for row in sorted(self.marked) or [self.row]]
        runs = []
        for layer in dict.fromkeys(layer for layer, _ in rows):
            chosen = [neuron for other, neuron in rows if other == layer]
            neurons = None if None in chosen else tuple(one.index for one in chosen if one)
            runs.append([replace(self.config, layers=(layer.name,), neurons=neurons)])
        return runs

    def configs_of_all(self) -> Commands:
        """Return all neurons of the network."""
        return [[self.config]]

    @on(OptionList.OptionHighlighted, "#neuron-list")
    def _choose(self) -> None:
        self.refresh_text()
        self.refresh_pictures()

    def _list_layers(self) -> None:
        """List the layers of the network that is looked at, the logits first, and their neurons."""
        self._model, layout = self.network()
        if layout == self._layout:
            return
        self._layout, self.marked = layout, set()
        self._listed = list(rows_of(layout))

    def refresh_text(self) -> None:
        """Write the neurons with their activations, and whose network is looked at."""
        self.shown = self.shown or self.newest(self.looks_at_choice)
        self._list_layers()
        self._write_neurons()
        words = Text.assemble((f"\n{self._layer_words()}", "$text-muted"))
        words.append_text(self.network_words("of"))
        if self.shown is None:
            one, all_ = self.keys.name("run.choice"), self.keys.name("run.all")
            count = sum(layer.neurons for layer in self._default_layers())
            invites = self.invitation(f"{all_} draws all {count:,}\n{one} what is chosen")
            words.append("\n\n").append_text(invites)
        else:
            words.append("\n\n").append_text(self.about_shown())
        self.looked_at.show(words)

    def purpose(self) -> str:
        """Return what the section does."""
        return "Every neuron of a network looks for something: here it is drawn."

    def first_key(self) -> tuple[str, str]:
        """Return the key that begins, and what it does."""
        count = sum(layer.neurons for layer in self._default_layers())
        return self.keys.name("run.all"), f"to draw all {count:,}"

    def _write_neurons(self) -> None:
        """Write the layers and their neurons, with the activations at the cursor."""
        ends: dict[Neuron, float] = {}
        curve = self.shown.history.curves.get("activation") if self.shown else None
        if self.shown is not None and curve is not None:
            end = len(curve.steps)
            if self.cursor is not None:
                end = int(np.searchsorted(curve.steps, self.cursor, "right"))
            if end:
                ends = dict(zip(targets_of(self.shown), curve.values[end - 1], strict=True))
        self.write_list(partial(lines_of, self._listed, self.class_names, ends))

    def follow_cursor(self) -> None:
        """Write the activations at the cursor, and draw."""
        self._write_neurons()
        super().follow_cursor()

    def _default_layers(self) -> list[Layer]:
        assert self._layout is not None
        return [layer for layer in self._layout.layers if layer.name in self._layout.shown]

    def _layer_words(self) -> str:
        """Return what the highlighted layer is, in a few words."""
        layer = self.chosen_row[0]
        if self._model in ARCHITECTURES:
            return LAYER_WORDS.get(layer.name, "")
        if layer.spatial:
            channels, height, width = layer.shape
            return f"{channels} channels, {height}x{width}"
        return f"{layer.neurons:,} values"

    def has_pictures(self) -> bool:
        """Tell whether the shown run has images of what is highlighted."""
        if self.shown is None or "images" not in self.shown.history.previews:
            return False
        targets = targets_of(self.shown)
        shown = [targets[row] for row in self.rows_of_layer()]
        return self.neuron in shown if self.neuron else bool(shown)

    def rows_of_layer(self) -> list[int]:
        """Return the places of the highlighted layer's neurons among the shown run's."""
        targets = targets_of(self.shown) if self.shown else ()
        return [row for row, neuron in enumerate(targets) if neuron.layer == self.layer]

    def refresh_pictures(self) -> None:
        """Draw the highlighted layer's images and the course of their activations."""
        panel = self.grid
        preview = self.shown.history.preview("images", self.cursor) if self.shown else None
        rows = self.rows_of_layer()
        targets = targets_of(self.shown) if self.shown else ()
        neurons = [targets[row] for row in rows]
        part = part_with(self.neuron, neurons)
        if self.shown is not None and rows:
            self._draw_activation(self.shown, rows, neurons, part)
        else:
            self.chart.show_nothing("Activation", self.nothing)
        if self.shown is None or preview is None or preview.images is None or not rows:
            words = "The images that excite the neurons sharpen here."
            if preview is not None:
                draws = f"{self.keys.name('run.choice')} draws them"
                words = f"This run has no neurons of {self.layer}; {draws}."
            panel.draw(partial(hint, words))
            panel.border_title = "Images"
            return
        dead = dead_of(self.shown)
        images = preview.images[rows[part]]
        drawing = partial(self._grid, neurons[part], images, dead, self.neuron, self.class_names)
        panel.draw(drawing, of=(self.shown, preview, *self.chosen_row, self.shown.history.finished))
        some = "" if len(neurons[part]) == len(rows) else f" {part.start}–{part.stop - 1}"
        panel.border_title = f"Images of {self.layer}{some}{self.when()}"

    def _draw_activation(
        self, task: Task, rows: list[int], neurons: list[Neuron], part: slice
    ) -> None:
        chart = self.chart
        curve = task.history.curves.get("activation")
        if curve is None:
            chart.plot = Plot()
            return
        values = curve.values[:, rows]
        chosen = self.neuron
        if chosen is not None and chosen in neurons:
            one = Curve(curve.steps, values[:, neurons.index(chosen)])
            name = f"{self.layer} {chosen.index}"
        else:
            one = Curve(curve.steps, np.median(values, axis=1))
            name = f"median of {len(rows)}"
        listed = values[:, part]  # all of them as one band
        around = tuple(Curve(curve.steps, edge) for edge in (listed.min(1), listed.max(1)))
        style = style_of(self.network()[0])
        chart.plot = self.plot([Line(one.steps, one.values, style, name, around)])
        chart.border_title = "Activation"

    def _grid(
        self,
        neurons: list[Neuron],
        images: np.ndarray,
        dead: set[Neuron],
        chosen: Neuron | None,
        names: Sequence[str],
        room: Size,
    ) -> Text:
        size = fitting_size(len(neurons), room.width, room.height)
        named = neurons[0].layer == LOGITS and widest(names) + len("   dead") <= size
        pictures = []
        for neuron, image in zip(neurons, images, strict=True):
            picture = draw_grey(field_of(neuron, image), self.look.shades, size)
            style = WRONG if neuron in dead else CHOSEN if neuron == chosen else ""
            name = names[neuron.index] if named else str(neuron.index)
            words = f" {name} dead" if neuron in dead else f" {name} "
            pictures.append((picture, Text(words, style)))
        return thumbnails(pictures, size, room.width)


def targets_of(task: Task) -> tuple[Neuron, ...]:
    """Return a run's neurons in its order; none while its network is not known."""
    config = task.config
    return tuple(config.targets) if isinstance(config, ResolvedVisualizeConfig) else ()


def exemplified_of(task: Task) -> list[int]:
    """Return the places of a run's neurons whose strongest test images can be shown."""
    config = task.config
    return config.exemplified if isinstance(config, ResolvedVisualizeConfig) else []


def dead_of(task: Task) -> set[Neuron]:
    """Return a run's neurons that are zero on every test image, as far as that is known."""
    if task.history.finished is None:
        return set()
    described = task.history.finished.results["neurons"]
    pairs = zip(targets_of(task), described, strict=True)
    return {neuron for neuron, one in pairs if one["dead"]}


def field_of(neuron: Neuron, image: np.ndarray) -> np.ndarray:
    """Return an image's part around a neuron's receptive field."""
    rows, columns = neuron.receptive_field(len(image))
    if neuron.position:
        rows = slice(rows.start - AROUND, rows.stop + AROUND)
        columns = slice(columns.start - AROUND, columns.stop + AROUND)
    seen: np.ndarray = image[rows, columns] / 255
    return seen
