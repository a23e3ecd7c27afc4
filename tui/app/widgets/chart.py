"""A panel that shows a chart of lines, and tells its values in the border."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rich.text import Text
from textual.events import MouseEvent, MouseMove, MouseScrollDown, MouseScrollUp
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from tui.app.guard import Guarded
from tui.app.widgets.lines import changed
from tui.app.widgets.room import CORNERS
from tui.drawing.chart import Drawing, lay_out
from tui.drawing.labels import BEST, signs, value_at
from tui.drawing.plot import Line, Plot
from tui.drawing.ticks import short
from tui.drawing.window import Window, zoomed

THICK, THIN = "━ ", "─ "
WHEEL = 1.25  # how much one notch zooms


class Chart(Guarded, Widget):
    """Shows a Plot; give it a new one to show another.

    The wheel zooms the axis of steps, and the mouse reads out values. A section does the same to
    its other charts.
    """

    DEFAULT_CSS = "Chart { width: 1fr; height: 1fr; min-height: 4; }"

    plot: reactive[Plot] = reactive(Plot, always_update=True, repaint=False)
    _drawing = Drawing(Text())
    _lines: Sequence[Text] = ()
    _pointed: int | None = None

    class Pointed(Message):
        """The mouse is at a step, or left (None)."""

        def __init__(self, step: int | None) -> None:
            super().__init__()
            self.step = step

    class Windowed(Message):
        """The wheel chose another window of steps."""

        def __init__(self, window: Window | None) -> None:
            super().__init__()
            self.window = window

    def show_nothing(self, title: str, words: str = "nothing yet") -> None:
        """Go back to an empty chart, which says so."""
        self.plot, self.border_title = Plot(nothing=words), title

    def watch_plot(self) -> None:
        """Draw at the current size; of a line, what changed is sent to the terminal."""
        plot = replace(self.plot, pointed=self._pointed)
        self._drawing = lay_out(plot, *self.size)
        before = self._lines
        self._lines = list(self._drawing.text.split("\n", allow_blank=True))
        if len(before) != len(self._lines):
            self.refresh()
        elif parts := list(changed(before, self._lines)):
            self.refresh(*parts)
        self._tell(plot)

    def on_resize(self) -> None:
        """Draw for the new size."""
        self.watch_plot()

    def render(self) -> Text:
        """Return what was drawn last."""
        return self._drawing.text

    def point(self, step: int | None) -> None:
        """Mark a step and tell its values."""
        if step != self._pointed:
            self._pointed = step
            self.watch_plot()

    def show_window(self, window: Window | None) -> None:
        """Show some of the steps, or all."""
        if window != self.plot.window and self.plot.lines:
            self.plot = replace(self.plot, window=window)

    def _step_at(self, event: MouseEvent) -> int | None:
        place = event.get_content_offset(self)
        return None if place is None else self._drawing.step_at(place.x)

    def on_mouse_move(self, event: MouseMove) -> None:
        """Read out the step below the mouse."""
        step = self._step_at(event)
        if step != self._pointed:
            self.point(step)
            self.post_message(self.Pointed(step))

    def on_leave(self) -> None:
        """Read out the cursor's step again."""
        if self._pointed is not None:
            self.point(None)
            self.post_message(self.Pointed(None))

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Zoom in around the mouse."""
        self._zoom(event, 1 / WHEEL)

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Zoom out around the mouse."""
        self._zoom(event, WHEEL)

    def _zoom(self, event: MouseEvent, factor: float) -> None:
        step = self._step_at(event)
        if step is None:
            return
        event.stop()
        window = zoomed(self.plot.window, self.plot.end, factor, step)
        self.show_window(window)
        self.post_message(self.Windowed(window))

    def _tell(self, plot: Plot) -> None:
        """Write into the border what the curves do not say, as much as there is room for."""
        room = self.outer_size.width - CORNERS
        fitting = (words for words in self._told(plot) if words.cell_len <= room)
        self.border_subtitle = next(fitting, Text())

    def _told(self, plot: Plot) -> Iterator[Text]:
        """Yield values at the cursor or the mouse, or names and the best value; the longest first.

        Of other networks behind one, values are told where there is room, unless they stand at the
        ends of the lines.
        """
        step, lines = plot.told_step, plot.named
        if not lines:
            return
        own = [line for line in lines if not line.behind] or lines
        best = self._best()
        if step is None and self._drawing.valued:  # what the ends of the lines do not say
            names = [] if self._drawing.named else [_names(plot, lines), _names(plot, own)]
            yield from (Text.assemble(some, "  ", best) for some in names if some and best)
            yield from filter(None, [*names, best])
            return
        pointed = "" if plot.pointed is None else f"{plot.pointed:,}  "
        at_ends = self._drawing.valued and self._drawing.told == step
        at = round(plot.window[1] if plot.window else plot.end) if step is None else step
        if at_ends and not any(line.name for line in lines):  # all is told
            yield from [Text(f"step {pointed.strip()}")] if pointed else []
            return
        if at_ends and self._drawing.named:
            lines = own
        told = [_values(plot, lines, at, named=True)]
        if at_ends and not self._drawing.named:
            told.append(_names(plot, lines))
        told.append(_values(plot, own, at, named=True))
        if step is None and best:
            yield Text.assemble(told[0], "  ", best)
        for values in filter(None, (*told, _values(plot, own, at, named=False))):
            yield Text.assemble("step " if pointed else "", pointed, values)
            yield Text.assemble(pointed, values)

    def _best(self) -> Text | None:
        """Return the best value and its step."""
        for line in self.plot.named:
            if (best := line.best_point) is not None:
                step, value = best
                words = short(value, share=self.plot.share, plain=self.plot.plain)
                return Text.assemble((BEST, line.style), f" best {words} at step {step:,}")
        return None


def _names(plot: Plot, lines: Sequence[Line]) -> Text:
    """Return the names of lines; where one of them is thick, a stroke says which."""
    shaped = any(line.thick for line in lines)
    return Text("  ").join(_name(plot, line, shaped) for line in lines if line.name)


def _values(plot: Plot, lines: Sequence[Line], step: int, named: bool) -> Text:
    """Return the values of lines at a step, with their names or in their styles."""
    shaped = any(line.thick for line in lines)
    words = []
    for line in lines:
        value = Text(value_at(plot, line, step), "" if named else line.style)
        if named and line.name:
            value = Text.assemble(_name(plot, line, shaped), " ", value)
        words.append(value)
    return Text("  ").join(words)


def _name(plot: Plot, line: Line, shaped: bool) -> Text:
    stroke = (THICK if line.thick else THIN) if shaped else ""
    if sign := signs(plot).get(line.style):
        stroke += f"{sign} "
    return Text(f"{stroke}{line.name}", line.style)
