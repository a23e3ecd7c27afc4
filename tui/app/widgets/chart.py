"""A panel that shows a chart of lines."""

from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from tui.app.guard import Guarded
from tui.drawing.chart import draw
from tui.drawing.plot import Line, Plot
from tui.drawing.spark import spark

__all__ = ["Chart", "Line", "Plot", "draw", "spark"]


class Chart(Guarded, Widget):
    """Shows a Plot; give it a new one to show another."""

    DEFAULT_CSS = "Chart { width: 1fr; height: 1fr; min-height: 4; }"

    plot: reactive[Plot] = reactive(Plot, always_update=True, repaint=False)
    _drawn = Text()

    def show_nothing(self, title: str) -> None:
        """Go back to an empty chart."""
        self.plot, self.border_title, self.border_subtitle = Plot(), title, ""

    def watch_plot(self) -> None:
        """Draw at the current size; nothing is sent to the terminal if it looks the same."""
        drawn = self._draw()
        if drawn != self._drawn:
            self._drawn = drawn
            self.refresh()

    def on_resize(self) -> None:
        """Draw for the new size."""
        self.watch_plot()

    def _draw(self) -> Text:
        return draw(self.plot, self.size.width, self.size.height)

    def render(self) -> Text:
        """Return what was drawn last."""
        return self._drawn
