"""The marked runs compared: ranked, curves in one chart, pictures side by side."""

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.geometry import Size
from textual.screen import ModalScreen

from engine.analysis.compare import Compared, Comparison, is_share
from engine.analysis.judgement import judge
from engine.networks.colours import series_apart
from engine.runs.curves import Curve
from tui.app.colours import SERIES
from tui.app.guard import GuardedDialog
from tui.app.keys.dialogs import DIALOGS
from tui.app.look import Look
from tui.app.sections.pane import BAD
from tui.app.widgets.chart import Chart
from tui.app.widgets.room import Room
from tui.comparison import pictures, ranking, seed_tables, verdict_lines, warnings_of
from tui.console import SafeConsole
from tui.drawing.plot import Line, Plot

WIDEST = 1000  # cells that a table may have


class Compare(GuardedDialog, ModalScreen[None]):
    """Left and right take another metric."""

    BINDINGS: ClassVar[list[BindingType]] = [*DIALOGS["compare"]]

    def __init__(self, comparison: Comparison, look: Look) -> None:
        super().__init__()
        self.comparison = comparison
        self.judgement = judge(comparison)
        self.look = look
        self.metrics = comparison.metrics
        first = "validation_accuracy"
        self.metric = self.metrics.index(first) if first in self.metrics else 0

    def compose(self) -> ComposeResult:
        """Lay out the ranking over the curves."""
        with Vertical(classes="dialog compare") as dialog:
            dialog.border_title = f"{len(self.comparison.runs)} runs of {self.comparison.section}"
            dialog.border_subtitle = Text(self._key_words())
            yield Room("ranked", id="ranking", classes="")
            yield Chart(id="curves", classes="panel")

    def _key_words(self) -> str:
        keys = self.app.keys
        metric = keys.names("compare.left", "compare.right")
        scroll = keys.names("compare.up", "compare.down")
        far = keys.names("compare.far_left", "compare.far_right")
        return f"{metric} metric  {scroll} {far} scroll  {keys.name('compare.close')} closes"

    def on_mount(self) -> None:
        """Draw."""
        self.query_one(Room).draw(self._ranked)
        self._draw_curves()

    def _ranked(self, room: Size) -> Text:
        """Return the verdicts, the means over seeds, the runs ranked, and the pictures.

        Without several seeds, the runs come first.
        """
        warning = self.comparison.warning
        told = verdict_lines(self.judgement, room.width)
        ranked = [_rendered(ranking(self.comparison)), *warnings_of(self.comparison, BAD)]
        parts = [Text(warning, "$waiting")] if warning else []
        if tables := list(seed_tables(self.comparison, self.judgement)):
            over_seeds, others = (
                [Text(heading, "bold"), _rendered(table)] for heading, table in tables
            )
            parts += [*over_seeds, Text(), *told, Text(), *others, Text(), *ranked]
        else:
            parts += [*ranked, *told]
        if self.comparison.section != "train":
            parts.append(pictures(self.comparison, room.width, self.look.shades, "$text-muted"))
        return Text("\n").join(parts)

    def _draw_curves(self) -> None:
        chart = self.query_one(Chart)
        if not self.metrics:
            chart.show_nothing("nothing was measured")
            return
        metric = self.metrics[self.metric]
        lines = []
        groups = self.comparison.groups
        models = [model_of(group[0]) for group in groups]
        for group, place in zip(groups, series_apart(models), strict=True):
            band = self.comparison.band(group, metric)
            if band is None:
                continue
            around: tuple[Curve, ...] = ()
            if len(group) > 1:
                edges = band.mean - band.deviation, band.mean + band.deviation
                around = tuple(Curve(band.steps, edge) for edge in edges)
            name = self.comparison.name_of(group)
            lines.append(Line(band.steps, band.mean, SERIES[place], name, around))
        log = self.look.logarithm and "loss" in metric
        chart.plot = Plot(
            lines, log=log, share=is_share(metric), plain=self.look.plain,
            marked=self.look.uncoloured,
        )  # fmt: skip
        meaning = "  band: ± the deviation of one run" if any(line.around for line in lines) else ""
        chart.border_title = Text(
            f"{metric.replace('_', ' ')}  {self.metric + 1} of {len(self.metrics)}{meaning}"
        )

    def action_move(self, by: int) -> None:
        """Take the next metric."""
        if self.metrics:
            self.metric = (self.metric + by) % len(self.metrics)
            self._draw_curves()

    def action_sideways(self, by: int) -> None:
        """Scroll the ranking sideways."""
        self.query_one(Room).scroll_relative(x=by, animate=False)

    def action_scroll(self, by: int) -> None:
        """Scroll the ranking."""
        self.query_one(Room).scroll_relative(y=by, animate=False)


def model_of(compared: Compared) -> str:
    """Return the network that a run trained or looked at, "" where that is gone."""
    return str(compared.settings.get("model") or compared.network.get("model") or "")


def _rendered(table: object) -> Text:
    """Return a table as text at its full width: it scrolls sideways."""
    console = SafeConsole(width=WIDEST, color_system=None)
    with console.capture() as capture:
        console.print(table)
    lines = [line.rstrip() for line in capture.get().rstrip("\n").split("\n")]
    return Text("\n".join(lines), no_wrap=True)
