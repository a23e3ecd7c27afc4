"""What the pad shows, drawn from what lies on its desk."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.text import Text
from textual import getters
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widgets import Static

from engine.data.classes import numbered
from engine.files.text import visible
from engine.pad.centring import resampled
from engine.pad.networks import Answer
from engine.sections.table import dataset_title
from tui.app.guard import Guarded
from tui.app.look import Look
from tui.app.screens.pad.answers import answer_column
from tui.app.screens.pad.arrangement import EDGE, arrange
from tui.app.screens.pad.canvas import CanvasView
from tui.app.screens.pad.desk import Desk
from tui.app.screens.pad.maps import Grid, MapsView, grid_for
from tui.app.screens.pad.slider import Slider
from tui.app.screens.pad.strength import Counting, draw_strength, strength_words
from tui.app.screens.pad.work import Reply
from tui.app.terminal.bandwidth import CELL, STYLE
from tui.app.widgets.keybar import Links
from tui.app.widgets.lines import Lines
from tui.app.widgets.pixelled import FEW, FRAME, LEVELS, PEN, Pixels, greys
from tui.words import cut, cut_middle, wrapped

MOST_COLUMNS = 12  # networks side by side
LEAST_CURVE = 5  # lines


class Column(Lines):
    """A network's panel."""


class Views(Guarded, Screen[None]):
    """Mixed in before the pad: its widgets, and how each is drawn."""

    pen: tuple[float, float] | None = None  # where the keys' pen is, None while the mouse draws
    pen_down = rubber = False
    chosen_map = 0
    mapped: Reply | None = None  # the last with maps
    counting = Counting()

    canvas = getters.query_one("#canvas", CanvasView)
    seen = getters.query_one("#seen", Pixels)
    slider = getters.query_one("#slider", Slider)
    chart = getters.query_one("#strength-curve", Lines)
    key_bar = getters.query_one("#pad-keys", Links)

    def __init__(self, look: Look) -> None:
        super().__init__(id="pad")
        self.look = look
        self.desk = Desk()
        self.sizes = arrange(80, 24, self.desk.side, 10, inside=False)
        self.said: dict[Path, Answer] = {}  # by the run whose network said it

    # What is known of what lies on the desk.

    @property
    def answers(self) -> Sequence[Answer | None]:
        """What the networks that are asked said, None where that is not known."""
        return [self.said.get(one.run.path) for one in self.desk.shown]

    @property
    def maps(self) -> np.ndarray | None:
        """The maps of the layer that is looked at."""
        told = self.mapped
        if told is None or told.question.looked_at != self.desk.looks_at:
            return None
        return told.maps

    @property
    def curve(self) -> Any:
        """The Curve of the noise that is chosen, None while there is none."""
        return self.counting.curve if self.counting.noise is self.desk.noise else None

    def show_keys(self) -> None:
        """Write the line of keys."""

    def compose(self) -> ComposeResult:
        """Lay out the panels; ``lay_out`` gives them their sizes."""
        shades = self.look.shades
        with Horizontal(id="pad-top"):
            with Vertical(id="pad-canvas", classes="pad-panel"):
                yield CanvasView(shades, id="canvas")
            with Vertical(id="pad-right"):
                with Horizontal(id="pad-networks"):
                    for number in range(MOST_COLUMNS):
                        yield Column(id=f"column-{number}")
                    yield Static(id="pad-nobody", classes="pad-panel")
                with Horizontal(id="pad-noise", classes="pad-panel"):
                    yield Pixels(shades, id="seen")
                    with Vertical(id="pad-strength"):
                        yield Slider(id="slider")
                        yield Lines(id="strength-curve")
                with Vertical(id="pad-maps-beside", classes="pad-panel"):
                    yield MapsView(shades, id="inside-beside")
        with Vertical(id="pad-maps", classes="pad-panel"):
            yield MapsView(shades, id="inside")
        yield Static(id="pad-too-small")
        yield Links(id="pad-keys")

    def lay_out(self) -> None:
        """Give every panel its size."""
        sizes, styles = self.sizes, self._styles_of
        top, right = styles("#pad-top"), styles("#pad-right")
        top.height, right.width = sizes.top, sizes.right
        styles("#pad-canvas").width = sizes.left
        styles("#pad-networks").height = sizes.networks
        heights = {
            "#pad-noise": sizes.noise,
            "#pad-maps": 0 if sizes.beside else sizes.maps,
            "#pad-maps-beside": sizes.maps if sizes.beside else 0,
        }
        for panel, height in heights.items():
            self.query_one(panel).display = height > 0
            styles(panel).height = height
        self.seen.display = sizes.seen > 0

    def _styles_of(self, selector: str) -> Any:
        return self.query_one(selector).styles

    # The drawing.

    def draw_canvas(self) -> int:
        """Show the drawing, and the pen where keys move it.

        As all of these, it returns about how many bytes it sends to the terminal.
        """
        fine = self.canvas.fine
        size = self.sizes.canvas * fine
        levels = LEVELS if self.desk.untouched or fine > 1 else FEW
        picture = greys(resampled(self.desk.canvas.ink, size, size), levels)
        if self.pen is not None:
            mark = PEN if self.pen_down else FRAME
            x, y = (min(int(part * size), size - 1) for part in self.pen)
            arm, half = max(size // 28, 1), fine // 2
            picture[max(y - arm, 0) : y + arm + 1, max(x - half, 0) : x + max(half, 1)] = mark
            picture[max(y - half, 0) : y + max(half, 1), max(x - arm, 0) : x + arm + 1] = mark
        return self.canvas.show(picture, fine)

    def draw_titles(self) -> None:
        """Say what is on the canvas, and how it is drawn."""
        desk, panel, room = self.desk, self.query_one("#pad-canvas"), self.sizes.left - 6
        if desk.label is not None:
            title = f"test image {desk.place:,}: {numbered(desk.classes, desk.label)}"
        else:
            title = "Drawing, centred as MNIST's images" if desk.centring else "Drawing"
            title = title if len(title) <= room else title.split(" as ")[0]
        panel.border_title = Text(cut_middle(title, room))
        said = "erasing" if self.rubber else "pen down" if self.pen_down else ""
        panel.border_subtitle = Text(said or visible(dataset_title(desk.dataset.get("name", ""))))

    def draw_seen(self) -> int:
        """Show what the networks see."""
        if size := self.sizes.seen:
            image, factor = self.desk.noisy(), size // self.desk.side
            if size % self.desk.side:
                return self.seen.show(greys(resampled(image, size, size)))
            return self.seen.show(greys(image.repeat(factor, 0).repeat(factor, 1)))
        return 0

    # The networks.

    def columns(self) -> int:
        """Return how many networks are seen."""
        return min(len(self.desk.shown), self.sizes.columns, MOST_COLUMNS)

    def draw_answers(self) -> int:
        """Show what each network says; or why nobody does."""
        cells = 0
        count, desk = self.columns(), self.desk
        nobody = self.query_one("#pad-nobody", Static)
        nobody.display = not count
        if not count:
            nobody.update(self.nobody())
        width, styles = self.sizes.right, desk.colours()
        names = _told_apart([visible(one.name) for one in desk.shown], width // max(count, 1) - 6)
        for number in range(MOST_COLUMNS):
            column = self.query_one(f"#column-{number}", Column)
            column.display = number < count
            if number >= count:
                continue
            left, right = (width * n // count for n in (number, number + 1))
            column.styles.width = right - left
            one, answer = desk.shown[number], self.answers[number : number + 1]
            inner = right - left - EDGE
            column.border_title = Text(names[number], styles[number])
            more = len(desk.shown) - count
            last = more and number == count - 1
            column.border_subtitle = Text(f"+{more} more" if last else one.result)
            room = inner, self.sizes.networks - EDGE
            shown = answer_column(
                answer[0] if answer else None, desk.classes, styles[number], desk.label, room
            )
            cells += column.show(shown)
        return cells * (CELL + STYLE // 10)  # bars and numbers have many cells of one colour

    def nobody(self) -> Text:
        """Return why no network answers, and the key that changes it."""
        raise NotImplementedError

    # The noise.

    def draw_noise(self) -> int:
        """Show the strength, and the curve of success over it."""
        desk = self.desk
        if not self.sizes.noise:
            return 0
        panel = self.query_one("#pad-noise")
        width = self.sizes.right - EDGE - (self.sizes.seen + 1 if self.sizes.seen else 0)
        self._styles_of("#pad-strength").width = width
        self.slider.show(desk.strength, off=desk.noise is None)
        lines = self.sizes.noise - EDGE - 1
        self.chart.display = lines > 0
        if desk.noise is None:
            panel.border_title = Text("As the networks see it" if self.sizes.seen else "Noise")
            panel.border_subtitle = Text()
            return CELL * self.chart.show(self.no_noise(width))
        title = f"Noise for {numbered(desk.classes, desk.noise.label)}, against {desk.noise.model}"
        panel.border_title = Text(cut_middle(visible(title), self.sizes.right - 6))
        words = strength_words(self.curve, desk.strength, self.sizes.right - 6)
        panel.border_subtitle = words
        if desk.strength and self.curve is None and self.counting.why:
            why = wrapped(self.counting.why, width, max(lines, 1))
            return CELL * self.chart.show(Text("\n".join(why), "$text-muted", no_wrap=True))
        if lines >= LEAST_CURVE:
            stronger = f"{self.app.keys.name('pad.stronger')} makes it stronger"
            curve = draw_strength(
                self.curve, desk.strength, desk.noise.model, (width, lines),
                nothing="counting …" if desk.strength else stronger, plain=self.look.plain,
            )  # fmt: skip
            return (CELL + STYLE // 10) * self.chart.show(curve)
        return CELL * self.chart.show(Text(no_wrap=True)) if lines > 0 else 0

    def no_noise(self, width: int) -> Text:
        """Return why there is no noise, and what makes one."""
        raise NotImplementedError

    # Inside.

    @property
    def map_grid(self) -> Grid | None:
        """How the maps stand, None where none are shown."""
        if self.maps is None or not self.sizes.maps:
            return None
        width = self.sizes.right if self.sizes.beside else self.app.size.width
        return grid_for(len(self.maps), width - EDGE, self.sizes.maps - EDGE)

    def draw_inside(self) -> int:
        """Show the maps of the layer."""
        if not self.sizes.maps:
            return 0
        beside = "-beside" if self.sizes.beside else ""
        panel, view = (
            self.query_one(f"#pad-maps{beside}"),
            self.query_one(f"#inside{beside}", MapsView),
        )
        trained, layer = self.desk.looked_into, self.desk.layer
        if trained is None or layer is None:
            panel.border_title = Text("Inside")
            return 0
        shape = "×".join(map(str, layer.shape))
        panel.border_title = Text(visible(f"Inside {trained.name}: {layer.name}, {shape}"))
        grid = self.map_grid
        if grid is None or self.maps is None:
            view.clear()
            panel.border_subtitle = Text()
            return 0
        chosen = min(self.chosen_map, len(self.maps) - 1)
        sent = view.show_maps(self.maps, grid, chosen)
        value = float(self.maps[chosen].max())
        where = f"{numbered(self.desk.classes, chosen)}" if layer.name == "logits" else f"{chosen}"
        panel.border_subtitle = Text(f"{where}: at most {value:.2f}")
        return sent


def _told_apart(names: Sequence[str], room: int) -> list[str]:
    """Return names in so many cells: their beginnings, unless two of these are the same."""
    cut_off = [cut(name, room).rstrip() for name in names]
    if len(set(cut_off)) == len(set(names)):
        return cut_off
    return [cut_middle(name, room) for name in names]
