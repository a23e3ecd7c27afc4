"""Train: the networks by dataset, their curves, sixteen validation images."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from rich.text import Text
from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.widgets import OptionList

from engine.config import RunConfig
from engine.errors import MnistTuiError
from engine.networks.architectures import ARCHITECTURES
from engine.runs.run import Run
from engine.sections.train.config import TrainConfig
from tui.app.keys.action import Action, with_action
from tui.app.sections.base import Commands, ExperimentPane, hint
from tui.app.sections.glances import draw_confusion
from tui.app.sections.judged import CONFUSION, MISTAKES, not_judged
from tui.app.sections.shared_actions import OPEN
from tui.app.sections.train.curves import draw_accuracy, draw_loss, short_name
from tui.app.sections.train.layers import made_of
from tui.app.sections.train.samples import draw_samples, labels_and_answers
from tui.app.sections.train.trainings import Training, groups_of, lines_of
from tui.app.widgets.chart import Chart
from tui.app.widgets.picture import Picture
from tui.app.widgets.room import Heading, Room, Row, Rows
from tui.live.task import Task
from tui.words import cut

HEADING = "bold $text-muted"
SAMPLES_HINT = "Sixteen validation images will show here, each with the answer."


class TrainPane(ExperimentPane):
    """Section 1: networks."""

    section = "train"
    close_up = "SampleView"
    mistakes: ClassVar[str] = "Mistakes"  # the screen that shows them
    ACTIONS: ClassVar[tuple[Action[Any], ...]] = with_action(
        with_action(ExperimentPane.ACTIONS, MISTAKES, after=OPEN), CONFUSION, after=OPEN
    )
    kind = TrainConfig
    config: TrainConfig

    models = getters.query_one("#model-list", Rows)
    about = getters.query_one("#about", Picture)
    loss = getters.query_one("#loss", Chart)
    accuracy = getters.query_one("#accuracy", Chart)
    samples = getters.query_one("#samples", Room)
    confusion = getters.query_one("#confusion", Room)

    def compose(self) -> ComposeResult:
        """Lay out models, curves and samples."""
        with Vertical(id="networks", classes="column"):
            with VerticalScroll(id="models", classes="panel list", can_focus=False) as models:
                models.border_title = "Models"
                models.border_subtitle = Text(f"{self.keys.name('run.dataset')} dataset")
                yield Rows(id="model-list")
                yield Picture(id="about")
            confusion = Room("confusion-cells", id="confusion", classes="panel glance")
            confusion.border_title = "Confusion"
            yield confusion
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

    def __init__(self, *place: Any) -> None:
        super().__init__(*place)
        self._listed: list[Training] = []  # the rows
        self._headings: dict[int, str] = {}  # datasets, by the row that they stand before
        self._loading = True  # whether more runs may be read than the rows know of
        self._looked = False  # whether there is anything that was trained

    def on_mount(self) -> None:
        """Choose the first network."""
        self.write_models()
        self.models.choose(0)

    @property
    def training(self) -> Training:
        """The highlighted row."""
        return self._listed[min(self.row, len(self._listed) - 1)]

    @property
    def model(self) -> str:
        """The highlighted network."""
        return self.training.model

    def _chosen(self) -> list[Training]:
        """Return the marked rows, or else the highlighted one."""
        return [self._listed[row] for row in sorted(self.marked) or [self.row]]

    def configs_of_choice(self) -> Commands:
        """Return the trainings of the marked networks, or of the highlighted one.

        A list for each dataset.
        """
        by_dataset: dict[str, list[TrainConfig]] = {}
        for row in self._chosen():
            dataset = row.dataset or self.config.dataset
            config = replace(self.config, model=row.model, dataset=dataset)
            by_dataset.setdefault(dataset, []).append(config)
        return list(by_dataset.values())

    def configs_of_all(self) -> Commands:
        """Return the trainings of the course report's networks."""
        return [[replace(self.config, model=model) for model in ARCHITECTURES]]

    def edit(self, commands: Commands) -> None:
        """Take over the form's options; another network than what was chosen takes its place."""
        before = {row.identity for row in self._chosen()}
        super().edit(commands)
        self.write_models()
        models = {model_of(config) for configs in commands for config in configs}
        after = [
            row
            for row in self._listed
            if row.model in models and row.dataset == self.config.dataset
        ]
        if {row.identity for row in after} != before:
            self.marked.clear()
            self._highlight(after)

    def has_pictures(self) -> bool:
        """Tell whether the shown run has samples."""
        return self.shown is not None and "samples" in self.shown.history.previews

    def why_no_mistakes(self) -> str | None:
        """Return why there are no mistakes to show."""
        return not_judged(self)

    def show_task(self, task: Task) -> None:
        """Show a task and highlight its network."""
        self.shown = task  # before the highlight's message, which looks for the newest
        self.write_models()
        self._highlight(row for row in self._listed if task in row.tasks)
        super().show_task(task)

    def use_dataset(self, dataset: str) -> None:
        """Work on another dataset from now on; the same network stays chosen."""
        super().use_dataset(dataset)
        model, self.shown = self.model, None
        self.write_models()
        first = [row for row in self._listed if row.key == self._listed[0].key]
        self._highlight(sorted(first, key=lambda row: row.model != model))
        self._choose()

    def _highlight(self, rows: Iterable[Training]) -> None:
        """Highlight the first of some rows, if there are any."""
        for row in rows:
            self.models.choose(self._listed.index(row))
            return

    @on(OptionList.OptionHighlighted, "#model-list")
    def _choose(self) -> None:
        row = self.training
        if self.shown is None or self.shown not in row.tasks:
            self.moved = self.moved or self.shown is not None
            self.shown = row.task or self._opened(row)
            self.cursor = None
        self.refresh_text()
        self.refresh_pictures()

    def _opened(self, row: Training) -> Task | None:
        """Return the newest run of a network, which is not open while there are very many."""
        if row.summary is not None:
            with suppress(MnistTuiError):  # removed meanwhile
                return self.conductor.open(Run(Path(self.artifacts) / row.summary.run))
        return None

    def refresh_text(self) -> None:
        """Write the networks and what the highlighted one is made of."""
        self.write_models()
        if not self._looked and not self._loading:
            self._looked = True  # once: a network that was trained is worth more than the first
            if self.shown is None and self.row == 0:
                self._highlight(row for row in self._listed if row.task is not None)
        self.shown = self.shown or self.training.task
        about = Text.assemble(
            "\n", made_of(self.training, self.shown, self.dataset, len(self.class_names)), "\n"
        )
        if self.shown is None:
            one, all_ = self.keys.name("run.choice"), self.keys.name("run.all")
            about.append_text(
                self.invitation(f"{one} trains it\n{all_} trains the course report's three")
            )
        else:
            about.append_text(self.about_shown())
        self.about.show(about)

    def purpose(self) -> str:
        """Return what the section does."""
        return "A network learns to read these images, and you watch it learn."

    def first_key(self) -> tuple[str, str]:
        """Return the key that begins, and what it does."""
        return self.keys.name("run.choice"), f"to train {short_name(self.model)}"

    def write_models(self) -> None:
        """Write a row for each network, below its dataset; choice and marks stay on theirs."""
        # Asked before the rows are made: a thread may read the last run meanwhile.
        self._loading = self.conductor.shelf.loading
        groups = groups_of(self.conductor, self.config)
        before = self._listed
        self._listed, self._headings = [], {}
        for group in groups:
            same = sum(other.title == group.title for other in groups)
            digest = f" {group.key[1][:8]}" if same > 1 and group.key[1] else ""
            self._headings[len(self._listed)] = group.title + digest
            self._listed += group.rows()
        places = {row.identity: number for number, row in enumerate(self._listed)}
        if [row.identity for row in before] != list(places):
            chosen = before[min(self.row, len(before) - 1)] if before else None
            marked = (before[row].identity for row in self.marked)
            self.marked = {places[one] for one in marked if one in places}
            self.write_list(self._lines)
            if chosen is not None:
                # A file gets its network's name when its run begins: then the row is another one.
                own = [row for row in self._listed if self.shown in row.tasks]
                alike = [row for row in self._listed if row.model == chosen.model]
                self._highlight([*own, *sorted(alike, key=lambda row: row.key != chosen.key)])
        else:
            self.write_list(self._lines)

    def _lines(self, width: int) -> list[Row]:
        lines: list[Row] = []
        for place, row in enumerate(self._listed):
            if place in self._headings:
                lines.append(Heading(Text(cut(self._headings[place], width).rstrip(), HEADING)))
            shown = self.shown in row.tasks
            task, cursor = (self.shown, self.cursor) if shown else (row.task, None)
            signed = self.look.uncoloured
            lines.append(lines_of(row, task, self._loading, width, cursor, signed=signed))
        return lines

    def follow_cursor(self) -> None:
        """Write how the shown run stood at the cursor, and draw."""
        self.write_list(self._lines)
        super().follow_cursor()

    def refresh_pictures(self) -> None:
        """Draw the curves and the sixteen samples."""
        if self.shown is None:
            self.loss.show_nothing("Loss", self.nothing)
            self.accuracy.show_nothing("Validation accuracy", self.nothing)
        else:
            draw_loss(self, self.shown)
            draw_accuracy(self, self.shown, self._listed)
        draw_confusion(self, self.confusion, self.shown)
        answers = self.shown.history.preview("samples", self.cursor) if self.shown else None
        if self.shown is None or answers is None:
            self.samples.draw(partial(hint, SAMPLES_HINT))
            self.samples.border_subtitle = ""
            return
        images = self.shown.history.images("samples")
        drawing = partial(draw_samples, self.shown, images, answers, self.look.shades)
        self.samples.draw(drawing, of=(self.shown, answers))
        right = sum(a == b for a, b in zip(*labels_and_answers(answers), strict=True))
        self.samples.border_subtitle = f"{right}/{len(images)} correct"


def model_of(config: RunConfig) -> str:
    """Return which network a training is of."""
    assert isinstance(config, TrainConfig)
    return config.model
