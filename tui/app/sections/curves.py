"""The charts of a section: they all show the same steps, zoomed by keys and by the wheel."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from textual.widget import Widget

from engine.runs.curves import Curve, binned, ema
from tui.app.keys.action import Action
from tui.app.look import Look
from tui.app.sections.shared_actions import looking, no_history
from tui.app.widgets.chart import Chart
from tui.drawing.plot import Line, Plot
from tui.drawing.window import Window, panned, zoomed
from tui.live.task import Task

if TYPE_CHECKING:
    from tui.app.sections.base import ExperimentPane

SMOOTHED = 10_000  # points of a moving average at most
ZOOMS, PANS = 2, 0.25  # what one key does: times as many steps, a share of those shown


class Charts(Widget):
    """Mixed in behind a section that shows a task's curves."""

    look: Look
    shown: Task | None
    cursor: int | None
    _window: tuple[Task | None, Window | None] = None, None  # and of which run it is

    @property
    def until(self) -> int | None:
        """The step that curves end at, None where they are shown whole."""
        return None

    def line(self, curve: Curve, style: str, name: str = "") -> Line:
        """Return a curve's line, smoothed as the user wants it, over the band of its points."""
        smoothed = self._smoothed(curve)
        if smoothed is None:
            return Line(curve.steps, curve.values, style, name)
        return Line(smoothed.steps, smoothed.values, style, name, around=(curve,))

    def _smoothed(self, curve: Curve) -> Curve | None:
        """Return a curve's moving average, over means of parts where it is long."""
        curve, size = binned(curve, SMOOTHED)
        weight = self.look.weight(self.shown.steps / size) if self.shown is not None else 0.0
        return Curve(curve.steps, ema(curve.values, weight)) if weight else None

    def plot(self, lines: Sequence[Line], **options: Any) -> Plot:
        """Return what a chart of the shown run shows, at the steps that are looked at."""
        steps = self.shown.steps if self.shown is not None else 0
        return Plot(
            lines, last_step=steps, cursor=self.cursor, until=self.until, window=self.window,
            plain=self.look.plain, marked=self.look.uncoloured, **options,
        )  # fmt: skip

    @property
    def window(self) -> Window | None:
        """The steps that the charts show, None for all; another run is shown whole."""
        task, window = self._window
        return window if task is self.shown else None

    def show_window(self, window: Window | None) -> None:
        """Let all charts show the same steps."""
        self._window = self.shown, window
        for chart in self.query(Chart):
            chart.show_window(window)

    def zoom_steps(self, factor: float) -> None:
        """Let the charts show so many times as many steps, around the cursor or the latest one."""
        if self.shown is not None:
            at = self.shown.step if self.cursor is None else self.cursor
            self.show_window(zoomed(self.window, self.shown.steps, factor, at))

    def pan_steps(self, share: float) -> None:
        """Let the charts show earlier or later steps."""
        if self.shown is not None:
            self.show_window(panned(self.window, self.shown.steps, share))

    def on_chart_windowed(self, event: Chart.Windowed) -> None:
        """Let the other charts show the same steps."""
        self.show_window(event.window)

    def on_chart_pointed(self, event: Chart.Pointed) -> None:
        """Let the other charts tell their values at the same step."""
        for chart in self.query(Chart):
            chart.point(event.step)


def _not_zoomed(pane: "ExperimentPane") -> str | None:
    if pane.window is not None:
        return None
    return no_history(pane) or f"All steps are shown; {pane.keys.name('look.zoom_in')} zooms in."


def _logarithm(pane: "ExperimentPane") -> None:
    pane.look.logarithm = not pane.look.logarithm
    pane.refresh_pictures()


def _smoothing(pane: "ExperimentPane") -> None:
    pane.look.smooth_more()
    pane.refresh_pictures()
    share = pane.look.smoothing
    pane.notify(f"smoothed over {share:.1%} of the steps" if share else "not smoothed")


CURVES = (
    Action["ExperimentPane"](
        id="look.logarithm", keys="y", word="log", group="Looking", footer=False,
        sentence="Switch losses between logarithmic and linear", do=_logarithm,
    ),
    Action["ExperimentPane"](
        id="look.smoothing", keys="w", word="smooth", group="Looking", footer=False,
        sentence="Change how much curves are smoothed", do=_smoothing,
    ),
    looking("look.zoom_in", "plus,equals_sign", "zoom in", "+", "Zoom in on fewer steps",
            lambda pane: pane.zoom_steps(1 / ZOOMS)),
    looking("look.zoom_out", "minus", "zoom out", "-", "Zoom out to more steps",
            lambda pane: pane.zoom_steps(ZOOMS)),
    looking("look.pan_back", "less_than_sign", "earlier", "<", "Show earlier steps",
            lambda pane: pane.pan_steps(-PANS), _not_zoomed),
    looking("look.pan_on", "greater_than_sign", "later", ">", "Show later steps",
            lambda pane: pane.pan_steps(PANS), _not_zoomed),
    Action["ExperimentPane"](
        id="look.zoom_reset", keys="0", word="all steps", group="Looking", footer=False,
        sentence="Show all steps in the charts again", do=lambda pane: pane.show_window(None),
        reason=_not_zoomed,
    ),
)  # fmt: skip
