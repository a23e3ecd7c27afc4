"""Any section that has no pane of its own: its curves, its images and its results."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, ClassVar

from rich.text import Text
from textual import getters, on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.geometry import Size
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from engine.config import RunConfig
from engine.runs.events import Preview
from tui.app.keys.action import Action, without
from tui.app.sections.base import Commands, ExperimentPane, hint
from tui.app.sections.shared_actions import MARK, OPEN
from tui.app.widgets.chart import Chart
from tui.app.widgets.picture import Picture
from tui.app.widgets.room import Room
from tui.drawing.pixels import Ink, draw_grey
from tui.drawing.plot import Line
from tui.drawing.thumbnails import fitting_size, thumbnails

LINE = "$series-1"


class GeneralPane(ExperimentPane):
    """Shows what every run has; the list chooses which of its curves."""

    DEFAULT_CSS = """
    GeneralPane #about-run { width: 30; }
    GeneralPane #any-curve { width: 1fr; }
    GeneralPane #any-images { width: 40; }
    .-narrow GeneralPane #about-run { width: 23; }
    .-narrow GeneralPane #any-images { width: 20; }
    .-tiny GeneralPane #any-images { display: none; }
    """
    ACTIONS: ClassVar[tuple[Action[Any], ...]] = without(ExperimentPane.ACTIONS, MARK, OPEN)

    names = getters.query_one("#curve-list", OptionList)
    about = getters.query_one("#about-it", Picture)
    chart = getters.query_one("#any-curve", Chart)
    images = getters.query_one("#any-images", Room)

    @classmethod
    def of(cls, section: str, kind: type[RunConfig]) -> "type[GeneralPane]":
        """Return the pane of a section."""
        return type(f"General{section.title()}", (cls,), {"section": section, "kind": kind})

    def compose(self) -> ComposeResult:
        """Lay out the list of curves over the results, a curve, images."""
        with VerticalScroll(id="about-run", classes="column panel list", can_focus=False) as panel:
            panel.border_title = self.section.capitalize()
            yield OptionList(id="curve-list")
            yield Picture(id="about-it")
        yield Chart(id="any-curve", classes="panel")
        images = Room("any-grid", id="any-images", classes="column panel")
        images.border_title = "Images"
        yield images

    @property
    def row(self) -> int:
        """The highlighted curve."""
        return self.names.highlighted or 0

    def configs_of_choice(self) -> Commands:
        """Return the one run that there is to start."""
        return [[self.config]]

    def configs_of_all(self) -> Commands:
        """Return the same."""
        return [[self.config]]

    @on(OptionList.OptionHighlighted)
    def _choose(self) -> None:
        self.refresh_pictures()

    def refresh_text(self) -> None:
        """Write the names of the curves and the results."""
        self.shown = self.shown or self.newest()
        curves = list(self.shown.history.curves) if self.shown else []
        if curves != [option.id for option in self.names.options]:
            row = self.row
            self.names.set_options([option_of(name) for name in curves])
            self.names.highlighted = min(row, len(curves) - 1) if curves else None
        if self.shown is None:
            words = self.invitation(f"{self.keys.name('run.choice')} starts a run")
        else:
            words = self.about_shown()
            if (finished := self.shown.history.finished) is not None:
                for name, value in numbers_in(finished.results):
                    words.append(f"\n{name} ", "$text-muted").append(f"{value:.4g}")
        self.about.show(words)

    def refresh_pictures(self) -> None:
        """Draw the chosen curve and the images of the latest preview."""
        self._draw_curve()
        previews = self.shown.history.previews if self.shown else {}
        name = next((n for n, found in previews.items() if found.last.images is not None), None)
        preview = self.shown.history.preview(name, self.cursor) if self.shown and name else None
        if preview is None or preview.images is None:
            self.images.draw(partial(hint, "Images show here, where a run makes some."))
            return
        self.images.draw(partial(draw_images, preview, self.look.shades), of=(preview,))
        self.images.border_title = f"{preview.name.capitalize()}{self.when()}"

    def _draw_curve(self) -> None:
        curves = self.shown.history.curves if self.shown else {}
        if self.shown is None or self.row >= len(curves):
            self.chart.show_nothing("")
            return
        name = list(curves)[self.row]
        curve = curves[name]
        one_line = curve.values.ndim == 1
        values = curve.values[:, None] if one_line else curve.values.reshape(len(curve.steps), -1)
        lines = [Line(curve.steps, values[:, n], LINE) for n in range(values.shape[1])]
        self.chart.plot = self.plot(lines)
        self.chart.border_title = f"{name.replace('_', ' ').capitalize()}{self.when()}"


def option_of(name: str) -> Option:
    """Return a curve's line in the list."""
    return Option(Text(name.replace("_", " ")), id=name)


def numbers_in(results: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, float]]:
    """Yield the numbers in results by their place: ``test accuracy``."""
    for name, value in results.items():
        words = f"{path} {name}".strip().replace("_", " ")
        if isinstance(value, Mapping):
            yield from numbers_in(value, words)
        elif isinstance(value, int | float):
            yield words, float(value)


def draw_images(preview: Preview, shades: Ink, room: Size) -> Text:
    """Draw a preview's images [N, H, W] or [N, C, H, W] from its lowest value to its highest."""
    span = (preview.high - preview.low) or 1.0
    images = (preview.floats() - preview.low) / span
    if images.ndim == 4:  # with channels
        images = images.mean(1)
    size = fitting_size(len(images), room.width, room.height)
    pictures = [
        (draw_grey(image, shades, size), Text(str(number))) for number, image in enumerate(images)
    ]
    return thumbnails(pictures, size, room.width)
