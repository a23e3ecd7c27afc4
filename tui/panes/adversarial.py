"""Adversarial: ten target labels, the noise of the chosen one, and nine images with it."""

import numpy as np
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.geometry import Size
from textual.widgets import OptionList, Static

from engine.architectures import CLASSES
from engine.config import AdversarialConfig
from tui.panes.base import Pane, hint
from tui.widgets.chart import Chart, Line, Plot
from tui.widgets.pixels import draw_grey, draw_signed, shrink
from tui.widgets.thumbnails import WRONG, fitting_size, thumbnails

BAR = 8
MARGIN = 2
LINE = "#56B4E9"


class AdversarialPane(Pane):
    """Section 2 of the report."""

    section = "adversarial"

    def compose(self) -> ComposeResult:
        """Lay out labels, noise and curves, infused images."""
        with Vertical(id="labels", classes="column panel") as labels:
            labels.border_title = "Target labels"
            yield OptionList(*(Text(str(label)) for label in range(CLASSES)), id="label-list")
            yield Static(id="attacked")
        with Vertical(id="middle", classes="column"):
            with Vertical(id="noise-panel", classes="panel") as noise:
                noise.border_title = "Noise"
                yield Static(id="noise")
            with Horizontal():
                for name in ("loss", "success"):
                    chart = Chart(id=f"noise-{name}", classes="panel")
                    chart.border_title = name.capitalize()
                    yield chart
        with VerticalScroll(id="infused", classes="column panel") as infused:
            infused.border_title = "Images with the noise"
            yield Static(id="infused-grid")

    def on_mount(self) -> None:
        """Choose the first label."""
        self.query_one(OptionList).highlighted = 0
        for chart in self.query(Chart):
            chart.plain = self.plain

    @property
    def label(self) -> int:
        """The highlighted target label."""
        return self.query_one(OptionList).highlighted or 0

    def config_of_choice(self) -> AdversarialConfig:
        """Return the noise of the highlighted label."""
        return AdversarialConfig(**self.shared, labels=(self.label,))

    def configs_of_all(self) -> list[AdversarialConfig]:
        """Return all ten noises, crafted together."""
        return [AdversarialConfig(**self.shared)]

    @on(OptionList.OptionHighlighted, "#label-list")
    def _choose(self) -> None:
        self.refresh_pictures()

    def _row(self, label: int) -> int | None:
        """Return the label's place among the shown task's targets."""
        if self.shown is None or label not in self.shown.config.labels:
            return None
        return self.shown.config.labels.index(label)

    def refresh_text(self) -> None:
        """Write each label's success as a bar and a number, and whose network is attacked."""
        self.shown = self.shown or self.newest()
        labels = self.query_one(OptionList)
        for label in range(CLASSES):
            labels.replace_option_prompt_at_index(label, self._label_line(label))
        words = Text()
        if self.shown is None:
            words.append("\na crafts all ten\nr the chosen one\n\n", "bold")
            words.append("Against the newest two-conv-fc; without one, it is trained first.", "dim")
        else:
            words.append("\nattacks\n", "dim")
            words.append(self.shown.config.run or "the newest two-conv-fc")
            if self.shown.message:
                words.append(f"\n\n{self.shown.message}", "bold red")
        self.query_one("#attacked", Static).update(words)

    def _label_line(self, label: int) -> Text:
        row = self._row(label)
        curve = self.shown.history.curves.get("success") if self.shown else None
        if row is None or curve is None:
            return Text(f"{label}  ")
        rate = float(curve.values[-1, row])
        if self.shown.history.finished:
            rate = self.shown.history.finished.figures["targets"][row]["success"]["rate"]
        filled = round(rate * BAR)
        full, empty = ("#", "-") if self.plain else ("━", "─")
        return Text.assemble(
            f"{label} ", (full * filled, "green"), (empty * (BAR - filled), "dim"), f" {rate:6.1%}"
        )

    def refresh_pictures(self) -> None:
        """Draw the chosen label's noise, curves and infused images."""
        noise, grid = self.query_one("#noise", Static), self.query_one("#infused-grid", Static)
        row = self._row(self.label)
        previews = self.shown.history.previews.get("noise", []) if self.shown else []
        if row is None or not previews:
            noise.update(hint("The noise grows here: red adds ink, blue takes it away."))
            grid.update(hint("Nine images, each read as the target once the noise is on it."))
            for chart in self.query(Chart):
                chart.plot = Plot()
            return
        latest = previews[-1]
        images = latest.low + latest.images / 255 * (latest.high - latest.low)
        drawn = draw_signed(images[row], latest.high, plain=self.plain)
        noise.update(drawn)
        panel = self.query_one("#noise-panel", Vertical)
        panel.border_title = f"Noise for {self.label}  (±{latest.high:.2f})"
        for name in ("loss", "success"):
            curve = self.shown.history.curves[name]
            chart = self.query_one(f"#noise-{name}", Chart)
            line = Line(curve.steps, curve.values[:, row], LINE)
            ends = {"low": 0.0, "last_step": self.shown.steps}
            if name == "success":
                ends |= {"high": 1.0, "label_y": lambda value: f"{value:.0%}"}
            chart.plot = Plot([line], **ends)
        room = self.query_one("#infused", VerticalScroll).content_size
        grid.update(self._infused(images[row], latest.values["after"][row], room))

    def _infused(self, noise: np.ndarray, after: list[int], room: Size) -> Text:
        history = self.shown.history
        name = "test_sources" if "test_sources" in history.previews else "sources"
        clean = history.images(name)
        before = history.previews[name][-1].values["before"]
        size = fitting_size(9, room.width, room.height)
        pictures = []
        for digit in [digit for digit in range(CLASSES) if digit != self.label]:
            image = np.clip(clean[digit] + noise, 0, 1)[MARGIN:-MARGIN, MARGIN:-MARGIN]
            picture = draw_grey(shrink(image, size, size), plain=self.plain)
            fooled = after[digit] == self.label
            arrow = "->" if self.plain else "→"
            cross = "" if fooled else " x" if self.plain else " ✗"
            words = f"{before[digit]} {arrow} {after[digit]}{cross}"
            pictures.append((picture, Text(words, "" if fooled else WRONG)))
        return thumbnails(pictures, min(size, len(image)), room.width)
