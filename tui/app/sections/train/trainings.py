"""What Train lists: the networks by dataset, that of the next run first."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from rich.text import Text

from engine.config import DATASETS
from engine.files.text import visible
from engine.files.values import is_model
from engine.runs.summary import Summary
from engine.sections.table import dataset_title
from engine.sections.train.config import MODELS, TrainConfig
from tui.app.colours import style_of
from tui.app.sections.pane import BAD
from tui.drawing.labels import sign_of
from tui.drawing.spark import spark
from tui.live.conductor import Conductor
from tui.live.task import Task
from tui.words import MARKS, cut_middle

SPARK, SHORTEST = 9, 4  # cells
TEST, VALIDATION = " test", " val."  # what an accuracy was measured on
AROUND = len("›  100.00%") + len(TEST) + 1  # cells of a line beside the spark
MEANT_BY = {"auto": "mnist"}  # while it is not known whether there is any
Key = tuple[str, str]  # a dataset: its name, and the hash of the content where it is a file


@dataclass(slots=True)
class Training:
    """A row: a network on a dataset, and its runs."""

    key: Key
    dataset: str  # as a config names it
    model: str
    tasks: list[Task] = field(default_factory=list)  # those that are open, the newest first
    summary: Summary | None = None  # what a list says of the newest at the start

    @property
    def identity(self) -> tuple[Key, str]:
        """What stays the same while runs come and go."""
        return self.key, self.model

    @property
    def task(self) -> Task | None:
        """The newest run that is open; one that failed before it began hides no other."""
        begun = (task for task in self.tasks if task.run or task.active)
        return next(begun, self.tasks[0] if self.tasks else None)


@dataclass(slots=True)
class Group:
    """The networks of one dataset; ``dataset`` is "" where it is a file of unknown place."""

    key: Key
    dataset: str  # as a config names it
    trainings: dict[str, Training] = field(default_factory=dict)  # by model

    @property
    def title(self) -> str:
        """What the dataset is called."""
        return visible(dataset_title(self.key[0]))

    def add(self, model: str) -> Training:
        """Return the row of a network, a new one where there is none."""
        return self.trainings.setdefault(model, Training(self.key, self.dataset, model))

    def rows(self) -> list[Training]:
        """Return the rows, the known networks first."""
        known = [self.trainings[model] for model in MODELS if model in self.trainings]
        others = self.trainings.keys() - set(MODELS)
        return known + [self.trainings[model] for model in sorted(others)]


def lines_of(
    row: Training,
    task: Task | None,
    loading: bool,
    width: int,
    cursor: int | None = None,
    *,
    signed: bool = False,
) -> Text:
    """Return a network's two lines: its name, and how the run that is shown of it stands.

    At a step that is not the latest one, how it stood then. ``signed`` adds the sign that the
    network has in charts.
    """
    sign = f" {sign_of(style_of(row.model))}" if signed and task is not None else ""
    name = cut_middle(visible(row.model), width - 3 - len(sign))  # the list's mark and the run's
    cells = max(SHORTEST, min(width - AROUND, SPARK))
    if task is None:
        untrained = "not trained yet" if is_model(row.model) else "your file, as it is now"
        words, style = ("loading …" if loading else untrained), "$text-muted"
        if row.summary is not None:
            words = f"{row.summary.result} {row.summary.remark}".strip()
            style = BAD if row.summary.remark else "bold"
            of = "" if row.summary.remark or not row.summary.result else TEST
            return Text.assemble("  ", name, "\n  ", (words, style), (of, "$text-muted"))
        return Text.assemble("  ", name, "\n  ", (words, style))
    style = style_of(row.model)
    lines = Text.assemble((MARKS[task.state], style), " ", name, (sign, style), "\n  ")
    curve = task.history.curves.get("validation_accuracy")
    if curve is not None and cursor is not None:
        values = curve.values[: np.searchsorted(curve.steps, cursor, "right")]
        lines.append(spark(values, cells), style)
        return lines.append(f" {values[-1]:.1%}{VALIDATION}" if len(values) else "", "$text-muted")
    if curve is not None and not task.warning:
        lines.append(spark(curve.values, cells), style)
    if task.history.finished:
        accuracy = task.history.finished.results["test"]["accuracy"]
        # On a narrow terminal there is no room for a curve beside the words.
        if task.warning:
            lines.append(f"{accuracy:.2%} at chance", BAD)
        else:
            lines.append(f" {accuracy:.2%}", "bold").append(TEST, "$text-muted")
    elif curve is not None:
        lines.append(f" {curve.values[-1]:.1%}{VALIDATION}", "$text-muted")
    else:
        lines.append(task.state, "$text-muted")
    return lines


def newest_first(conductor: Conductor) -> Iterator[Task]:
    """Yield all tasks, those started here first, the newest of each first."""
    yield from reversed(conductor.tasks)
    yield from conductor.shelf.tasks


def groups_of(conductor: Conductor, config: TrainConfig) -> list[Group]:
    """Return the networks by dataset; first all known ones, on the dataset of the next run."""
    tasks = [task for task in newest_first(conductor) if isinstance(task.config, TrainConfig)]
    first = Group(_key_of(config.dataset, conductor, tasks), config.dataset)
    groups = {first.key: first}
    for model in dict.fromkeys((*MODELS, config.model)):  # the last may be a file of one's own
        first.add(model)
    for task in tasks:
        key = _key(task) or _key_of(task.config.dataset, conductor, tasks)
        group = groups.setdefault(key, Group(key, task.config.dataset))
        group.add(task.config.title).tasks.append(task)
    for summary in conductor.shelf.finished:
        if summary.section == TrainConfig.section:
            key = summary.dataset, summary.digest
            name = "" if summary.digest else summary.dataset
            row = groups.setdefault(key, Group(key, name)).add(summary.model)
            row.summary = row.summary or summary
    return list(groups.values())


def _key(task: Task) -> Key | None:
    """Return the dataset of a run; None where it has not begun."""
    if (started := task.history.started) is None:
        return None
    own_file = task.config.dataset not in DATASETS
    return started.dataset["name"], started.dataset["sha256"] if own_file else ""


def _key_of(dataset: str, conductor: Conductor, tasks: Sequence[Task]) -> Key:
    """Return the dataset that a config names."""
    known = conductor.datasets.get(dataset)
    if dataset in DATASETS:
        return (known["name"] if known else MEANT_BY.get(dataset, dataset)), ""
    if known:
        return known["name"], known["sha256"]
    of_runs = (_key(task) for task in tasks if task.config.dataset == os.path.abspath(dataset))
    return next(filter(None, of_runs), (Path(dataset).stem, ""))
