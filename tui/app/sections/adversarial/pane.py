"""Adversarial: target labels, the noise of the chosen one, and images with it."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
from rich.text import Text
from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.geometry import Size
from textual.widgets import OptionList

from engine.data.classes import class_noun, numbered
from engine.sections.adversarial.config import AdversarialConfig
from tui.app.colours import style_of
from tui.app.keys.action import Action, with_action
from tui.app.sections.adversarial.infused import Infused, InfusedGrid, legends
from tui.app.sections.base import Commands, config_of, hint
from tui.app.sections.glances import draw_success
from tui.app.sections.judged import MAP, MISTAKES, not_judged
from tui.app.sections.network import NetworkPane
from tui.app.sections.shared_actions import OPEN
from tui.app.widgets.bar import bar
from tui.app.widgets.chart import Chart
from tui.app.widgets.picture import Picture
from tui.app.widgets.room import Room, Rows
from tui.drawing.pixels import draw_signed
from tui.drawing.plot import Plot
from tui.drawing.spark import spark
from tui.drawing.thumbnails import centred
from tui.live.task import Task
from tui.words import cut, widest

FEW = 10  # classes, whose list need not scroll by itself
CURVES = ("loss", "success")
SHADES = 24  # of a replayed image, from black to white
SPARK, RATE, BAR = 4, 7, 2  # cells of a label's line; of the bar at least
HIGHEST = 8 / 7  # of sparks: full blocks would be one with those of the next line


class AdversarialPane(NetworkPane):
    """Section 2: target labels."""

    section = "adversarial"
    close_up = "NoiseView"
    mistakes: ClassVar[str] = "Resisting"  # the screen that shows them
    ACTIONS: ClassVar[tuple[Action[Any], ...]] = with_action(
        with_action(NetworkPane.ACTIONS, MISTAKES, after=OPEN), MAP, after=OPEN
    )
    kind = AdversarialConfig
    config: AdversarialConfig

    targets = getters.query_one("#label-list", Rows)
    attacked = getters.query_one("#attacked", Picture)
    noise = getters.query_one("#noise-panel", Room)
    grid = getters.query_one("#infused", Room)
    success = getters.query_one("#success", Room)

    def __init__(self, *place: Any) -> None:
        super().__init__(*place)
        self._infused = InfusedGrid()

    def compose(self) -> ComposeResult:
        """Lay out labels, noise and curves, infused images."""
        with Vertical(id="targets", classes="column"):
            with VerticalScroll(id="labels", classes="panel list", can_focus=False) as labels:
                labels.border_title = "Target labels"
                yield Rows(id="label-list")
                yield Picture(id="attacked")
            success = Room("success-cells", id="success", classes="panel glance")
            success.border_title = "Resistance"
            yield success
        with Vertical(id="middle", classes="column"):
            noise = Room("noise", id="noise-panel", classes="panel")
            noise.border_title = "Noise"
            yield noise
            with Horizontal(id="noise-curves"):
                for name in CURVES:
                    chart = Chart(id=f"noise-{name}", classes="panel")
                    chart.border_title = name.capitalize()
                    yield chart
        infused = Room("infused-grid", id="infused", classes="column panel")
        infused.border_title = "With the noise"
        yield infused

    def on_mount(self) -> None:
        """Choose the first label."""
        self.write_labels()
        self.targets.highlighted = 0

    def configs_of_choice(self) -> Commands:
        """Return the noises of the marked labels, or of the highlighted one."""
        return [[replace(self.config, labels=tuple(sorted(self.marked) or [self.row]))]]

    def configs_of_all(self) -> Commands:
        """Return the noises of all labels, crafted together."""
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

    def why_no_mistakes(self) -> str | None:
        """Return why there are no images to show that resist the noise for the chosen label."""
        if (why := not_judged(self)) is not None or self.index_of(self.row) is not None:
            return why
        name = numbered(self.class_names, self.row)
        return f"This run has no noise for {name}; {self.keys.name('run.choice')} crafts it."

    def index_of(self, label: int) -> int | None:
        """Return the label's place among the shown task's targets."""
        if self.shown is None:
            return None
        labels = labels_of(self.shown)
        return labels.index(label) if label in labels else None

    def refresh_text(self) -> None:
        """Write each label's success as a bar and a number, and whose network is attacked."""
        self.shown = self.shown or self.newest(self.looks_at_choice)
        self.write_labels()
        words = self.network_words("attacks")
        if self.shown is None:
            one, all_ = self.keys.name("run.choice"), self.keys.name("run.all")
            invites = self.invitation(
                f"{all_} crafts all {len(self.class_names)}\n{one} the chosen one"
            )
            words.append("\n\n").append_text(invites)
        else:
            words.append("\n\n").append_text(self.about_shown())
            epsilon = config_of(self.shown, AdversarialConfig).epsilon
            if epsilon is not None:
                words.append(f"\nbudget ε {epsilon:g}", "$text-muted")
        self.attacked.show(words)

    def purpose(self) -> str:
        """Return what the section does."""
        return "One noise for each class makes a network read any image as that class."

    def first_key(self) -> tuple[str, str]:
        """Return the key that begins, and what it does."""
        return self.keys.name("run.all"), f"to craft all {len(self.class_names)}"

    def write_labels(self) -> None:
        """Write a row for each class of the dataset."""
        names = self.class_names
        self.marked = {row for row in self.marked if row < len(names)}
        self.targets.set_class(len(names) > FEW, "-long")
        self.write_list(
            lambda width: [self._label_line(names, n, width) for n in range(len(names))]
        )

    def _label_line(self, names: Sequence[str], label: int, width: int) -> Text:
        index = self.index_of(label)
        history = self.shown.history if self.shown else None
        if index is None or history is None or "success" not in history.curves:
            return Text(f"{cut(numbered(names, label), width - 2)} ")
        curve = history.curves["success"]
        values = curve.values[:, index]
        if self.cursor is not None:
            values = values[: np.searchsorted(curve.steps, self.cursor, "right")]
        rate = float(values[-1]) if len(values) else 0.0
        if history.finished and self.cursor is None:
            rate = history.finished.results["targets"][index]["success"]["rate"]
        name = min(widest(names), width - RATE - 2)
        line = Text(cut(numbered(names, label), name))
        room = width - name - RATE - 4  # the mark and spaces take 4
        if room - SPARK >= BAR:
            line = Text.assemble(
                line, " ", bar(rate, room - SPARK, "$good"), " ",
                (spark(values, SPARK, limits=(0, HIGHEST)), style_of(self.network()[0])),
            )  # fmt: skip
        elif room >= BAR:
            line = Text.assemble(line, " ", bar(rate, room, "$good"))
        return line.append(f"{rate:>{RATE}.1%}")

    def follow_cursor(self) -> None:
        """Write each label's success at the cursor, and draw."""
        self.write_labels()
        super().follow_cursor()

    def refresh_pictures(self) -> None:
        """Draw the chosen label's noise, curves and infused images."""
        noise, grid = self.noise, self.grid
        label, index = self.row, self.index_of(self.row)
        name = numbered(self.class_names, label)
        self._draw_curves(index)
        labels = labels_of(self.shown) if self.shown else ()
        draw_success(self, self.success, self.shown, labels)
        infused = Infused.at(self.shown, self.cursor) if self.shown else None
        if self.shown is None or index is None or infused is None:
            words = "The noise grows here: red adds ink, blue takes it away."
            if self.shown is not None and index is None:
                crafts = f"{self.keys.name('run.choice')} crafts it"
                words = f"This run has no noise for {name}; {crafts}."
            noise.draw(partial(hint, words))
            words = "Images, each read as the target once the noise is on it."
            grid.draw(partial(hint, words))
            grid.legends = ()
            noise.border_title = "Noise"
            return
        of = self.shown, infused.before, infused.after, index, self.player.playing
        noise.draw(partial(self._draw_noise, infused, index), of)
        title = f"Noise for {name}{self.when()}  ±{infused.bound:.2f}"
        noise.border_title = Text(title)
        places = [n for n, source in enumerate(infused.sources) if source != label]
        now = {places[turn] for turn in self.player.turn(len(places))}
        drawing = partial(
            self._infused.draw, self.shown, infused, index, label, now, self.look.shades,
            self._rounded,
        )  # fmt: skip
        grid.draw(drawing, of)
        grid.legends = legends(class_noun(self.class_names))

    def _draw_curves(self, index: int | None) -> None:
        for name in CURVES:
            if self.shown is None or index is None:
                self.query_one(f"#noise-{name}", Chart).show_nothing(
                    name.capitalize(), self.nothing
                )
            else:
                self._draw_curve(self.shown, name, index)

    def _draw_curve(self, task: Task, name: str, index: int) -> None:
        chart = self.query_one(f"#noise-{name}", Chart)
        curve = task.history.curves.get(name)
        if curve is None:
            chart.plot = Plot()
            return
        one = type(curve)(curve.steps, curve.values[:, index])
        share, log = name == "success", name == "loss" and self.look.logarithm
        line = self.line(one, style_of(self.network()[0]))
        chart.plot = self.plot(
            [line], low=None if log else 0.0, high=1.0 if share else None, log=log, share=share
        )
        chart.border_title = name.capitalize()

    def _draw_noise(self, infused: Infused, index: int, room: Size) -> Text:
        size = max(2, min(room.width, 2 * room.height) // 2 * 2)
        bound = infused.bound or 1.0
        noise = self._rounded(infused.noises[index] / bound) * bound
        return centred(draw_signed(noise, infused.bound, self.look.shades, size), room.width)

    def _rounded(self, image: np.ndarray) -> np.ndarray:
        """Return an image in fewer shades while it is replayed: less of it changes."""
        return np.round(image * SHADES) / SHADES if self.player.playing else image


def labels_of(task: Task) -> tuple[int, ...]:
    """Return a run's target labels; all of them while its dataset is not known."""
    labels = config_of(task, AdversarialConfig).labels
    return tuple(range(len(task.classes))) if labels is None else labels
