"""The curves of trainings: loss, and validation accuracy with that of the other networks."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from engine.files.text import visible
from tui.app.colours import style_of
from tui.app.sections.train.trainings import Training
from tui.drawing.plot import Line
from tui.live.task import Task
from tui.words import cut_middle

if TYPE_CHECKING:
    from tui.app.sections.train.pane import TrainPane

NAME = 16  # cells of a network's name in a chart at most


def draw_loss(pane: "TrainPane", task: Task) -> None:
    """Draw training and validation loss, the lowest of the latter marked."""
    curves = task.history.curves
    train, held_out = curves.get("loss"), curves.get("validation_loss")
    if train is None:
        pane.loss.show_nothing("Loss")
        return
    style = style_of(pane.model)
    lines = [pane.line(train, style, "train")]
    if held_out is not None:
        steps, values = held_out.steps, held_out.values
        lines.append(Line(steps, values, style, "validation", best="low", thick=True))
    pane.loss.plot = pane.plot(lines, log=pane.look.logarithm)
    pane.loss.border_title = f"Loss{pane.when()}"


def draw_accuracy(pane: "TrainPane", task: Task, listed: Sequence[Training]) -> None:
    """Draw validation accuracy, the other models' newest behind it."""
    chart = pane.accuracy
    curve = task.history.curves.get("validation_accuracy")
    if curve is None:
        chart.show_nothing("Validation accuracy")
        return
    lines, own = [], pane.training
    for row in listed:
        if (
            row.key != own.key
            or row is own
            or row.task is None
            or not _same_dataset(row.task, task)
        ):
            continue
        if (behind := row.task.history.curves.get("validation_accuracy")) is not None:
            lines.append(
                Line(
                    behind.steps,
                    behind.values,
                    style_of(row.model),
                    short_name(row.model),
                    behind=True,
                )
            )
    lines.append(
        Line(curve.steps, curve.values, style_of(pane.model), short_name(pane.model), best="high")
    )
    late = np.concatenate([line.values[len(line.values) // 10 :] for line in lines])
    late = late[np.isfinite(late)]
    low = float(late.min()) if len(late) else 0.0
    floor = max(0.0, low - (1 - low) * 0.3)
    chart.plot = pane.plot(lines, low=floor, high=1.0, share=True)
    chart.border_title = f"Validation accuracy{pane.when()}"


def short_name(model: str) -> str:
    """Return a network's name as there is room for in a chart."""
    return cut_middle(visible(model), NAME)


def _same_dataset(a: Task, b: Task) -> bool:
    one, other = a.history.started, b.history.started
    if one is None or other is None:
        return False
    return bool(one.dataset["sha256"] == other.dataset["sha256"])
