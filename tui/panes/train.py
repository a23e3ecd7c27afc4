"""Train: three networks, their curves, sixteen validation images."""

from dataclasses import replace

import numpy as np
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.geometry import Size
from textual.widgets import OptionList, Static

from engine.architectures import ARCHITECTURES
from engine.config import TrainConfig
from engine.events import Preview
from tui.conductor import Task
from tui.panes.base import Pane, hint
from tui.widgets.chart import Chart, Line, Plot, spark
from tui.widgets.pixels import draw_grey, shrink
from tui.widgets.thumbnails import WRONG, fitting_size, thumbnails
from tui.words import MARKS, PLAIN_MARKS

MARGIN = 4  # empty pixels around an MNIST digit, not worth cells
TRAIN, VALIDATION = "#56B4E9", "#E69F00"


class TrainPane(Pane):
    """Section 1 of the report."""

    section = "train"

    def compose(self) -> ComposeResult:
        """Lay out models, curves and samples."""
        with Vertical(id="models", classes="column panel") as models:
            models.border_title = "Models"
            yield OptionList(*(Text(name) for name in ARCHITECTURES), id="model-list")
            yield Static(id="about")
        with Vertical(id="curves", classes="column"):
            loss = Chart(id="loss", classes="panel")
            loss.border_title = "Loss"
            yield loss
            accuracy = Chart(id="accuracy", classes="panel")
            accuracy.border_title = "Validation accuracy"
            yield accuracy
        with VerticalScroll(id="samples", classes="column panel") as samples:
            samples.border_title = "Samples"
            yield Static(id="sample-grid")

    def on_mount(self) -> None:
        """Choose the first model."""
        self.query_one(OptionList).highlighted = 0
        for chart in self.query(Chart):
            chart.plain = self.plain

    @property
    def model(self) -> str:
        """The highlighted model."""
        return list(ARCHITECTURES)[self.query_one(OptionList).highlighted or 0]

    def config_of_choice(self) -> TrainConfig:
        """Return the highlighted model's training."""
        return TrainConfig(**self.shared, model=self.model)

    def configs_of_all(self) -> list[TrainConfig]:
        """Return all three trainings."""
        return [replace(self.config_of_choice(), model=model) for model in ARCHITECTURES]

    def show_task(self, task: Task) -> None:
        """Show a task and highlight its model."""
        names = list(ARCHITECTURES)
        self.query_one(OptionList).highlighted = names.index(task.config.model)
        super().show_task(task)

    @on(OptionList.OptionHighlighted, "#model-list")
    def _choose(self) -> None:
        self.shown = self.newest(lambda config: config.model == self.model)
        self.refresh_text()
        self.refresh_pictures()

    def refresh_text(self) -> None:
        """Write the model list and what the highlighted model is made of."""
        models = self.query_one(OptionList)
        for index, name in enumerate(ARCHITECTURES):
            models.replace_option_prompt_at_index(index, self._model_line(name))
        architecture = ARCHITECTURES[self.model]
        chain = " → ".join(architecture.chain)
        about = Text.assemble(
            "\n", chain, "\n", (f"{architecture.parameters:,} parameters", "dim"), "\n\n",
            (f"the report: {architecture.reported_accuracy:.2%}", "dim"),
        )  # fmt: skip
        if self.shown is None:
            about.append_text(Text("\n\nr trains it\na trains all three", style="bold"))
        elif self.shown.history.started:
            about.append(f"\n\n{self.shown.history.started.run}", "dim")
        if self.shown is not None and self.shown.message:
            about.append_text(Text(f"\n\n{self.shown.message}", style="bold red"))
        self.query_one("#about", Static).update(about)

    def _model_line(self, name: str) -> Text:
        task = self.newest(lambda config: config.model == name)
        marks = PLAIN_MARKS if self.plain else MARKS
        if task is None:
            return Text.assemble(("  ", ""), name)
        line = Text.assemble(marks[task.state], " ", name.ljust(12))
        curve = task.history.curves.get("validation_accuracy")
        if task.history.finished:
            line.append(f"{task.history.finished.figures['test']['accuracy']:.1%}", "bold green")
        elif curve is not None:
            line.append(spark(curve.values, 7, plain=self.plain), VALIDATION)
        return line

    def refresh_pictures(self) -> None:
        """Draw the curves and the sixteen samples."""
        task = self.shown or self.newest(lambda config: config.model == self.model)
        self.shown = task
        loss, accuracy = self.query_one("#loss", Chart), self.query_one("#accuracy", Chart)
        grid = self.query_one("#sample-grid", Static)
        samples = self.query_one("#samples", VerticalScroll)
        if task is None:
            loss.plot = accuracy.plot = Plot()
            grid.update(hint("Sixteen validation images will show here, with the answers."))
            samples.border_title = "Samples"
            return
        curves = task.history.curves
        lines = [
            Line(curve.steps, curve.values, style, name)
            for key, style, name in (
                ("loss", TRAIN, "train"), ("validation_loss", VALIDATION, "validation"),
            )
            if (curve := curves.get(key)) is not None
        ]  # fmt: skip
        loss.plot = Plot(lines, log=True, last_step=task.steps)
        loss.border_title = f"Loss  [{TRAIN}]train[/] [{VALIDATION}]validation[/]"
        held_out = curves.get("validation_accuracy")
        if held_out is not None:
            shown = Line(held_out.steps, held_out.values, VALIDATION)
            low = float(np.nanquantile(held_out.values, 0.1)) if len(held_out.values) > 10 else 0.0
            accuracy.plot = Plot(
                [shown], low=max(0.0, low - (1 - low) * 0.3), high=1.0, last_step=task.steps,
                label_y=lambda value: f"{value:.1%}",
            )  # fmt: skip
            accuracy.border_title = f"Validation accuracy  {held_out.values[-1]:.2%}"
        previews = task.history.previews.get("samples", [])
        if previews:
            right, drawn = draw_samples(previews, samples.content_size, self.plain)
            grid.update(drawn)
            samples.border_title = f"Samples  {right} of {len(previews[-1].values['label'])} right"


def draw_samples(previews: list[Preview], room: Size, plain: bool) -> tuple[int, Text]:
    """Return how many samples are right, and all of them as thumbnails with their answers."""
    images = next(p.images for p in previews if p.images is not None)
    values = previews[-1].values
    size = fitting_size(len(images), room.width, room.height)
    right = 0
    pictures = []
    for image, label, answer, probability in zip(
        images, values["label"], values["prediction"], values["probability"], strict=True
    ):
        inner = image[MARGIN:-MARGIN, MARGIN:-MARGIN] / 255
        picture = draw_grey(shrink(inner, size, size), plain=plain)
        good = bool(label == answer)
        right += good
        cross = "x" if plain else "✗"
        words = (
            f"{answer} {probability:.0%}" if good else f"{answer}{cross}{label} {probability:.0%}"
        )
        pictures.append((picture, Text(words, "" if good else WRONG)))
    return right, thumbnails(pictures, min(size, len(inner)), room.width)
