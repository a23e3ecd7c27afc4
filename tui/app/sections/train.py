"""Train: three networks, their curves, sixteen validation images."""

from dataclasses import replace
from functools import partial

import numpy as np
from rich.text import Text
from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.geometry import Size
from textual.widgets import OptionList

from engine.config import RunConfig
from engine.networks.architectures import ARCHITECTURES
from engine.runs.events import Preview
from engine.sections.train.config import TrainConfig
from tui.app.sections.base import BAD, Commands, ExperimentPane, hint
from tui.app.widgets.chart import Chart, Line, Plot, spark
from tui.app.widgets.picture import Picture
from tui.app.widgets.room import Room, Rows
from tui.drawing.pixels import Shades, draw_grey, shrink
from tui.drawing.thumbnails import WRONG, fitting_size, thumbnails
from tui.live.task import Task
from tui.words import MARKS, number

MARGIN = 4  # empty pixels around an MNIST digit, not worth cells
TRAIN, VALIDATION, OTHERS = "$series-1", "$series-2", "$faint"
NAMES = tuple(ARCHITECTURES)
SPARK = 9
SAMPLES_HINT = "Sixteen validation images will show here, each with the answer."
ROOM_FOR_PROBABILITY = 14  # pixels a side


class TrainPane(ExperimentPane):
    """Section 1: three networks."""

    section = "train"
    close_up = "SampleView"
    kind = TrainConfig
    config: TrainConfig

    models = getters.query_one("#model-list", Rows)
    about = getters.query_one("#about", Picture)
    loss = getters.query_one("#loss", Chart)
    accuracy = getters.query_one("#accuracy", Chart)
    samples = getters.query_one("#samples", Room)

    def compose(self) -> ComposeResult:
        """Lay out models, curves and samples."""
        with VerticalScroll(id="models", classes="column panel list", can_focus=False) as models:
            models.border_title = "Models"
            yield Rows(*(Text(name) for name in NAMES), id="model-list")
            yield Picture(id="about")
        with Vertical(id="curves", classes="column"):
            loss = Chart(id="loss", classes="panel")
            loss.border_title = "Loss"
            yield loss
            accuracy = Chart(id="accuracy", classes="panel")
            accuracy.border_title = "Validation accuracy"
            yield accuracy
        samples = Room("sample-grid", id="samples", classes="column panel")
        samples.border_title = "Samples"
        yield samples

    def on_mount(self) -> None:
        """Choose the first model."""
        self.models.highlighted = 0

    @property
    def model(self) -> str:
        """The highlighted model."""
        return NAMES[self.row]

    def configs_of_choice(self) -> Commands:
        """Return the trainings of the marked models, or of the highlighted one."""
        rows = sorted(self.marked) or [self.row]
        return [[replace(self.config, model=NAMES[row]) for row in rows]]

    def configs_of_all(self) -> Commands:
        """Return all three trainings."""
        return [[replace(self.config, model=model) for model in NAMES]]

    def edit(self, commands: Commands) -> None:
        """Take over the form's options; another model than what was chosen takes its place."""
        rows = {NAMES.index(model_of(config)) for config in commands[0]}
        if rows != (self.marked or {self.row}):
            self.marked.clear()
            self.models.highlighted = min(rows)
        super().edit(commands)

    def has_pictures(self) -> bool:
        """Tell whether the shown run has samples."""
        return self.shown is not None and "samples" in self.shown.history.previews

    def show_task(self, task: Task) -> None:
        """Show a task and highlight its model."""
        self.shown = task  # before the highlight's message, which looks for the newest
        self.models.highlighted = NAMES.index(model_of(task.config))
        super().show_task(task)

    @on(OptionList.OptionHighlighted, "#model-list")
    def _choose(self) -> None:
        if self.shown is None or model_of(self.shown.config) != self.model:
            self.moved = self.moved or self.shown is not None
            self.shown = self._newest_of(self.model)
            self.cursor = None
        self.refresh_text()
        self.refresh_pictures()

    def _newest_of(self, model: str) -> Task | None:
        return self.newest(lambda config: model_of(config) == model)

    def refresh_text(self) -> None:
        """Write the model list and what the highlighted model is made of."""
        self.shown = self.shown or self._newest_of(self.model)
        self.write_list(lambda width: [self._model_lines(name) for name in NAMES])
        architecture = ARCHITECTURES[self.model]
        blocks = [f"{words} → pool →" for words in architecture.chain if "conv" in words]
        head = [words for words in architecture.chain if words.isdigit()]
        about = Text.assemble(
            "\n", "\n".join([*blocks, " → ".join(head)]),
            (f"\n{architecture.parameters:,} parameters", "$text-muted"),
            (f"\nreport {architecture.reported_accuracy:.2%}\n\n", "$text-muted"),
        )  # fmt: skip
        if self.shown is None:
            one, all_ = self.keys.name("run.choice"), self.keys.name("run.all")
            about.append_text(self.invitation(f"{one} trains it\n{all_} trains all three"))
        else:
            about.append_text(self.about_shown())
        self.about.show(about)

    def _model_lines(self, name: str) -> Text:
        task = self.shown
        if task is None or model_of(task.config) != name:
            task = self._newest_of(name)
        if task is None:
            words = "loading …" if self.conductor.shelf.loading else "not trained yet"
            return Text.assemble("  ", name, "\n  ", (words, "$text-muted"))
        lines = Text.assemble(MARKS[task.state], " ", name, "\n  ")
        curve = task.history.curves.get("validation_accuracy")
        if curve is not None and not task.warning:
            lines.append(spark(curve.values, SPARK), VALIDATION)
        if task.history.finished:
            accuracy = task.history.finished.results["test"]["accuracy"]
            # On a narrow terminal there is no room for a curve beside the words.
            if task.warning:
                lines.append(f"{accuracy:.2%} at chance", BAD)
            else:
                lines.append(f" {accuracy:.2%}", "bold")
        elif curve is not None:
            lines.append(f" {curve.values[-1]:.1%}", "$text-muted")
        else:
            lines.append(task.state, "$text-muted")
        return lines

    def refresh_pictures(self) -> None:
        """Draw the curves and the sixteen samples."""
        if self.shown is None:
            self.loss.show_nothing("Loss")
            self.accuracy.show_nothing("Validation accuracy")
        else:
            self._draw_loss(self.shown)
            self._draw_accuracy(self.shown)
        answers = self.shown.history.preview("samples", self.cursor) if self.shown else None
        if self.shown is None or answers is None:
            self.samples.draw(partial(hint, SAMPLES_HINT))
            self.samples.border_subtitle = ""
            return
        images = self.shown.history.images("samples")
        self.samples.draw(partial(draw_samples, images, answers, self.look.shades))
        right = sum(a == b for a, b in zip(*labels_and_answers(answers), strict=True))
        self.samples.border_subtitle = f"{right} of {len(images)} right"

    def _draw_loss(self, task: Task) -> None:
        curves = task.history.curves
        train, held_out = curves.get("loss"), curves.get("validation_loss")
        if train is None:
            self.loss.show_nothing("Loss")
            return
        lines = self.lines(train, TRAIN)
        legend = f"[{TRAIN}]train[/] {number(self.at_cursor(train, smooth=True))}"
        if held_out is not None:
            lines.append(Line(held_out.steps, held_out.values, VALIDATION))
            legend += f" [{VALIDATION}]validation[/] {number(self.at_cursor(held_out))}"
        self.loss.plot = Plot(
            lines, log=self.look.logarithm, last_step=task.steps, cursor=self.cursor
        )
        self.loss.border_title, self.loss.border_subtitle = f"Loss{self.when()}", legend

    def _draw_accuracy(self, task: Task) -> None:
        """Draw validation accuracy, the other models' newest behind it."""
        chart = self.accuracy
        curve = task.history.curves.get("validation_accuracy")
        if curve is None:
            chart.show_nothing("Validation accuracy")
            return
        lines = []
        for name in NAMES:
            other = self._newest_of(name)
            if name == self.model or other is None or not _same_dataset(other, task):
                continue
            if (behind := other.history.curves.get("validation_accuracy")) is not None:
                lines.append(Line(behind.steps, behind.values, OTHERS))
        lines.append(Line(curve.steps, curve.values, VALIDATION))
        late = np.concatenate([line.values[len(line.values) // 10 :] for line in lines])
        late = late[np.isfinite(late)]
        low = float(late.min()) if len(late) else 0.0
        chart.plot = Plot(
            lines, low=max(0.0, low - (1 - low) * 0.3), high=1.0, last_step=task.steps,
            label_y=lambda value: f"{value:.1%}", cursor=self.cursor,
        )  # fmt: skip
        chart.border_title = f"Validation accuracy{self.when()}"
        legend = f"[{VALIDATION}]{self.model}[/] {self.at_cursor(curve):.2%}"
        chart.border_subtitle = legend + (" others" if len(lines) > 1 else "")


def model_of(config: RunConfig) -> str:
    """Return which network a training is of."""
    assert isinstance(config, TrainConfig)
    return config.model


def _same_dataset(a: Task, b: Task) -> bool:
    one, other = a.history.started, b.history.started
    if one is None or other is None:
        return False
    return bool(one.dataset["sha256"] == other.dataset["sha256"])


def labels_and_answers(preview: Preview) -> tuple[list[int], list[int]]:
    """Return what the sample images are, and what the network says they are."""
    return [int(v) for v in preview.values["label"]], [int(v) for v in preview.values["prediction"]]


def draw_samples(images: np.ndarray, answers: Preview, shades: Shades | None, room: Size) -> Text:
    """Return sample images [N, H, W] in [0, 1] as thumbnails over the network's answers."""
    size = fitting_size(len(images), room.width, room.height)
    pictures = []
    for image, label, answer, probability in zip(
        images, *labels_and_answers(answers), answers.values["probability"], strict=True
    ):
        inner = image[MARGIN:-MARGIN, MARGIN:-MARGIN]
        picture = draw_grey(shrink(inner, size, size), shades)
        good = label == answer
        words = f"{answer}" if good else f"{answer}✗{label}"
        if size >= ROOM_FOR_PROBABILITY:
            words += f" {probability:.0%}"
        pictures.append((picture, Text(words, "" if good else WRONG)))
    return thumbnails(pictures, min(size, len(inner)), room.width)
