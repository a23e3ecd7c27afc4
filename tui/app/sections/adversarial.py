"""Adversarial: ten target labels, the noise of the chosen one, and nine images with it."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
from rich.text import Text
from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.geometry import Size
from textual.widgets import OptionList

from engine.networks.architectures import CLASSES, SIDE
from engine.runs.events import Preview
from engine.sections.adversarial.config import AdversarialConfig
from tui.app import screens
from tui.app.action import Action, with_action
from tui.app.sections.base import Commands, config_of, hint
from tui.app.sections.network import NetworkPane
from tui.app.sections.shared_actions import OPEN, no_history
from tui.app.widgets.bar import bar
from tui.app.widgets.chart import Chart, Plot, spark
from tui.app.widgets.picture import Picture
from tui.app.widgets.room import Room, Rows
from tui.drawing.pixels import draw_grey, draw_signed, enlarge, shrink
from tui.drawing.thumbnails import WRONG, fitting_size, thumbnails
from tui.live.task import Task

MARGIN = 2
CURVES = ("loss", "success")
LINE = "$series-1"
SPARK, RATE = 4, 7  # cells of a label's line
# What the captions of the infused images say; the longest that fits is shown.
LEGENDS = ("true digit → answer with the noise", "true digit → answer", "true → answer")


@dataclass(frozen=True, slots=True)
class Infused:
    """A noise at some step, the images that it is shown on, and what the network says."""

    noises: np.ndarray  # [L, H, W]
    bound: float
    clean: np.ndarray  # [K, H, W], in [0, 1]
    before: Preview
    after: Preview

    @classmethod
    def at(cls, task: Task, step: int | None) -> "Infused | None":
        """Return what a task shows at a step, or at its latest; None before the first preview.

        The last noise is shown on test images; the others, while crafting, on validation images.
        """
        history = task.history
        judged = "test_sources" in history.previews
        noise = history.preview("noise", step, before_last=judged and step is not None)
        if noise is None:
            return None
        name = "test_sources" if judged and step is None else "sources"
        before = history.previews[name].last
        return cls(noise.floats(), noise.high, before.floats(), before, noise)

    def sum(self, row: int, digit: int) -> np.ndarray:
        """Return a digit's image with a noise on it, clamped: [H, W]."""
        image: np.ndarray = np.clip(self.clean[digit] + self.noises[row], 0, 1)
        return image


async def _map(pane: "AdversarialPane") -> None:
    await pane.app.push_screen(screens.SuccessMap(pane))


MAP = Action["AdversarialPane"](
    id="look.map", keys="m", word="map", group="Looking", do=_map, reason=no_history,
    sentence="Show success by true digit and target",
)  # fmt: skip


class AdversarialPane(NetworkPane):
    """Section 2: ten target labels."""

    section = "adversarial"
    close_up = "NoiseView"
    ACTIONS: ClassVar[tuple[Action[Any], ...]] = with_action(NetworkPane.ACTIONS, MAP, after=OPEN)
    kind = AdversarialConfig
    config: AdversarialConfig

    targets = getters.query_one("#label-list", Rows)
    attacked = getters.query_one("#attacked", Picture)
    noise = getters.query_one("#noise-panel", Room)
    grid = getters.query_one("#infused", Room)

    def compose(self) -> ComposeResult:
        """Lay out labels, noise and curves, infused images."""
        with VerticalScroll(id="labels", classes="column panel list", can_focus=False) as labels:
            labels.border_title = "Target labels"
            yield Rows(*(Text(str(label)) for label in range(CLASSES)), id="label-list")
            yield Picture(id="attacked")
        with Vertical(id="middle", classes="column"):
            noise = Room("noise", id="noise-panel", classes="panel")
            noise.border_title = "Noise"
            yield noise
            with Horizontal():
                for name in CURVES:
                    chart = Chart(id=f"noise-{name}", classes="panel")
                    chart.border_title = name.capitalize()
                    yield chart
        infused = Room("infused-grid", id="infused", classes="column panel")
        infused.border_title = "With the noise"
        yield infused

    def on_mount(self) -> None:
        """Choose the first label."""
        self.targets.highlighted = 0

    def configs_of_choice(self) -> Commands:
        """Return the noises of the marked labels, or of the highlighted one."""
        return [[replace(self.config, labels=tuple(sorted(self.marked) or [self.row]))]]

    def configs_of_all(self) -> Commands:
        """Return all ten noises, crafted together."""
        return [[self.config]]

    @on(OptionList.OptionHighlighted, "#label-list")
    def _choose(self) -> None:
        self.refresh_pictures()

    def has_pictures(self) -> bool:
        """Tell whether the shown run has a noise for the chosen label."""
        task = self.shown
        return (
            task is not None
            and "noise" in task.history.previews
            and (self.index_of(self.row) is not None)
        )

    def index_of(self, label: int) -> int | None:
        """Return the label's place among the shown task's targets."""
        if self.shown is None:
            return None
        labels = labels_of(self.shown)
        return labels.index(label) if label in labels else None

    def refresh_text(self) -> None:
        """Write each label's success as a bar and a number, and whose network is attacked."""
        self.shown = self.shown or self.newest(self.looks_at_choice)
        self.write_list(lambda width: [self._label_line(n, width) for n in range(CLASSES)])
        words = self.network_words("attacks")
        if self.shown is None:
            one, all_ = self.keys.name("run.choice"), self.keys.name("run.all")
            invites = self.invitation(f"{all_} crafts all ten\n{one} the chosen one")
            words.append("\n\n").append_text(invites)
        else:
            words.append("\n\n").append_text(self.about_shown())
            epsilon = config_of(self.shown, AdversarialConfig).epsilon
            if epsilon is not None:
                words.append(f"\nbudget ε {epsilon:g}", "$text-muted")
        self.attacked.show(words)

    def _label_line(self, label: int, width: int) -> Text:
        index = self.index_of(label)
        history = self.shown.history if self.shown else None
        if index is None or history is None or "success" not in history.curves:
            return Text(f"{label}  ")
        values = history.curves["success"].values[:, index]
        rate = float(values[-1])
        if history.finished:
            rate = history.finished.results["targets"][index]["success"]["rate"]
        room = max(width - SPARK - RATE - 5, 2)  # of the bar: mark, label and spaces take 5
        return Text.assemble(
            f"{label} ", bar(rate, room, "$good"), " ",
            (spark(values, SPARK, limits=(0, 1)), LINE),
            f"{rate:>{RATE}.1%}",
        )  # fmt: skip

    def refresh_pictures(self) -> None:
        """Draw the chosen label's noise, curves and infused images."""
        noise, grid = self.noise, self.grid
        label, index = self.row, self.index_of(self.row)
        infused = Infused.at(self.shown, self.cursor) if self.shown else None
        if self.shown is None or index is None or infused is None:
            words = "The noise grows here: red adds ink, blue takes it away."
            if self.shown is not None and index is None:
                crafts = f"{self.keys.name('run.choice')} crafts it"
                words = f"This run has no noise for {label}; {crafts}."
            noise.draw(partial(hint, words))
            words = "Nine images, each read as the target once the noise is on it."
            grid.draw(partial(hint, words))
            grid.legends = ()
            noise.border_title = "Noise"
            for name in CURVES:
                self.query_one(f"#noise-{name}", Chart).show_nothing(name.capitalize())
            return
        noise.draw(partial(self._draw_noise, infused, index))
        noise.border_title = f"Noise for {label}{self.when()}  ±{infused.bound:.2f}"
        for name in CURVES:
            self._draw_curve(self.shown, name, index)
        grid.draw(partial(self._draw_infused, infused, index, label))
        grid.legends = LEGENDS

    def _draw_curve(self, task: Task, name: str, index: int) -> None:
        chart = self.query_one(f"#noise-{name}", Chart)
        curve = task.history.curves.get(name)
        if curve is None:
            chart.plot = Plot()
            return
        one = type(curve)(curve.steps, curve.values[:, index])
        lines = self.lines(one, LINE)
        if name == "loss":
            log = self.look.logarithm
            low = None if log else 0.0
            plot = Plot(lines, low=low, log=log, last_step=task.steps, cursor=self.cursor)
        else:
            plot = Plot(
                lines, low=0.0, high=1.0, last_step=task.steps, cursor=self.cursor,
                label_y=lambda value: f"{value:.0%}",
            )  # fmt: skip
        chart.plot = plot
        value = self.at_cursor(one)
        chart.border_title = name.capitalize()
        chart.border_subtitle = f"{value:.1%}" if name == "success" else f"{value:.3f}"

    def _draw_noise(self, infused: Infused, index: int, room: Size) -> Text:
        size = max(2, min(room.width, 2 * room.height) // 2 * 2)
        image = infused.noises[index]
        if size < SIDE:
            image = shrink(image, size, size)
        image = enlarge(image, max(1, size // SIDE))
        return draw_signed(image, infused.bound, self.look.shades)

    def _draw_infused(self, infused: Infused, index: int, label: int, room: Size) -> Text:
        size = fitting_size(CLASSES - 1, room.width, room.height)
        pictures = []
        for digit in [digit for digit in range(CLASSES) if digit != label]:
            image = infused.sum(index, digit)[MARGIN:-MARGIN, MARGIN:-MARGIN]
            picture = draw_grey(shrink(image, size, size), self.look.shades)
            after = infused.after.values["after"][index][digit]
            fooled = after == label
            words = f"{digit} → {after}{'' if fooled else ' ✗'}"
            pictures.append((picture, Text(words, "" if fooled else WRONG)))
        return thumbnails(pictures, min(size, len(image)), room.width)


def labels_of(task: Task) -> tuple[int, ...]:
    """Return a run's target labels; all of them while its dataset is not known."""
    labels = config_of(task, AdversarialConfig).labels
    return tuple(range(CLASSES)) if labels is None else labels
