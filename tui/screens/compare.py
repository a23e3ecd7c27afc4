"""Marked runs held against each other: ranked, their curves over one another, their pictures."""

from typing import ClassVar

from rich.console import Console
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from engine.compare import Comparison
from tui.comparison import group_table, pictures, ranking
from tui.look import Look
from tui.widgets.chart import Chart, Line, Plot

COLOURS = ("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#F0E442", "#0072B2")
FAINT = "#5A6570"
MARGIN = 6  # cells at both sides


class Compare(ModalScreen[None]):
    """Left and right take another metric."""

    BINDINGS: ClassVar = [
        Binding("escape,enter,q,c", "dismiss", "close", id="compare.close"),
        Binding("left,h", "move(-1)", "before", id="compare.left"),
        Binding("right,l", "move(1)", "next", id="compare.right"),
        Binding("up,k", "scroll(-3)", "up", id="compare.up"),
        Binding("down,j", "scroll(3)", "down", id="compare.down"),
    ]

    def __init__(self, comparison: Comparison, look: Look) -> None:
        super().__init__()
        self.comparison = comparison
        self.look = look
        self.metrics = comparison.metrics
        first = "validation_accuracy"
        self.metric = self.metrics.index(first) if first in self.metrics else 0

    def compose(self) -> ComposeResult:
        """Lay out the ranking over the curves."""
        with Vertical(classes="dialog compare") as dialog:
            dialog.border_title = f"{len(self.comparison.runs)} runs of {self.comparison.section}"
            dialog.border_subtitle = "←→ metric  ↑↓ scroll  escape closes"
            with VerticalScroll(id="ranking", can_focus=False):
                yield Static(id="ranked")
            yield Chart(id="curves", classes="panel")

    def on_mount(self) -> None:
        """Draw."""
        self.query_one(Chart).plain = self.look.plain
        self.call_after_refresh(self._draw)

    def on_resize(self) -> None:
        """Draw for the new size."""
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        width = self.size.width - MARGIN
        parts = [_rendered(ranking(self.comparison), width)]
        if len(self.comparison.groups) < len(self.comparison.runs):
            words = Text("Mean over seeds, ± the deviation of one run", "bold")
            parts += [words, _rendered(group_table(self.comparison), width)]
        if self.comparison.section != "train":
            parts.append(pictures(self.comparison, width, plain=self.look.plain))
        self.query_one("#ranked", Static).update(Text("\n").join(parts))
        self._draw_curves()

    def _draw_curves(self) -> None:
        chart = self.query_one(Chart)
        if not self.metrics:
            chart.show_nothing("nothing was measured")
            return
        metric = self.metrics[self.metric]
        lines, legend = [], []
        for position, group in enumerate(self.comparison.groups):
            band = self.comparison.band(group, metric)
            if band is None:
                continue
            colour = COLOURS[position % len(COLOURS)]
            if len(group) > 1:
                for edge in (band.mean - band.deviation, band.mean + band.deviation):
                    lines.append(Line(band.steps, edge, FAINT))
            lines.append(Line(band.steps, band.mean, colour))
            legend.append(f"[{colour}]{self.comparison.name_of(group)}[/]")
        chart.plot = Plot(lines, log=self.look.logarithm and "loss" in metric)
        chart.border_title = f"{metric.replace('_', ' ')}  {self.metric + 1} of {len(self.metrics)}"
        chart.border_subtitle = "  ".join(legend)

    def action_move(self, by: int) -> None:
        """Take the next metric."""
        if self.metrics:
            self.metric = (self.metric + by) % len(self.metrics)
            self._draw_curves()

    def action_scroll(self, by: int) -> None:
        """Scroll the ranking."""
        self.query_one("#ranking", VerticalScroll).scroll_relative(y=by)


def _rendered(table: object, width: int) -> Text:
    """Return a table as words; what is too wide is cut, not folded."""
    console = Console(width=max(width, 20), color_system=None)
    with console.capture() as capture:
        console.print(table)
    return Text(capture.get().rstrip("\n"), no_wrap=True)
