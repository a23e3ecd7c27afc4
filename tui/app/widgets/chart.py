"""A panel that shows a chart of lines, and tells its values in the border."""

from collections.abc import Iterator

from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from tui.app.guard import Guarded
from tui.app.widgets.room import CORNERS
from tui.drawing.chart import BEST, Drawing, draw, lay_out, value_at
from tui.drawing.plot import Line, Plot
from tui.drawing.spark import spark
from tui.drawing.ticks import short

__all__ = ["Chart", "Line", "Plot", "draw", "spark"]


class Chart(Guarded, Widget):
    """Shows a Plot; give it a new one to show another."""

    DEFAULT_CSS = "Chart { width: 1fr; height: 1fr; min-height: 4; }"

    plot: reactive[Plot] = reactive(Plot, always_update=True, repaint=False)
    _drawing = Drawing(Text())

    def show_nothing(self, title: str) -> None:
        """Go back to an empty chart."""
        self.plot, self.border_title = Plot(), title

    def watch_plot(self) -> None:
        """Draw at the current size; nothing is sent to the terminal if it looks the same."""
        before, self._drawing = self._drawing, lay_out(self.plot, *self.size)
        if before.text != self._drawing.text:
            self.refresh()
        self._tell()

    def on_resize(self) -> None:
        """Draw for the new size."""
        self.watch_plot()

    def render(self) -> Text:
        """Return what was drawn last."""
        return self._drawing.text

    def _tell(self) -> None:
        """Write into the border what the curves do not say, as much as there is room for."""
        room = self.outer_size.width - CORNERS
        fitting = (words for words in self._told() if words.cell_len <= room)
        self.border_subtitle = next(fitting, Text())

    def _told(self) -> Iterator[Text]:
        """Yield values at the cursor, or names and the best value; the longest first."""
        plot, step = self.plot, self.plot.cursor
        lines = plot.named
        if not lines:
            return
        if step is not None or not self._drawing.named:
            at = step if step is not None else plot.end
            values = [
                Text.assemble((line.name, line.style), " " if line.name else "",
                              value_at(plot, line, at))
                for line in lines
            ]  # fmt: skip
            legend = Text("  ").join(values)
            if step is not None:
                yield Text.assemble(f"step {step:,}  ", legend)
            elif best := self._best():
                yield Text.assemble(legend, "  ", best)
            yield legend
            own = [value for value, line in zip(values, lines, strict=True) if not line.behind]
            yield Text("  ").join(own)
            yield Text("  ").join(
                Text(value_at(plot, line, at), line.style) for line in lines if not line.behind
            )
        elif best := self._best():
            yield best

    def _best(self) -> Text | None:
        """Return the best value and its step."""
        for line in self.plot.named:
            if (best := line.best_point) is not None:
                step, value = best
                words = short(value, share=self.plot.share, plain=self.plot.plain)
                return Text.assemble((BEST, line.style), f" best {words} at step {step:,}")
        return None
