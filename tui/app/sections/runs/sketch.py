"""What the preview of a run says and draws: words, the main curve, images."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from rich.cells import cell_len
from rich.text import Text
from textual.geometry import Size

from engine import sections
from engine.files.text import visible
from engine.runs.curves import Curve
from engine.runs.events import Preview
from engine.runs.filter import age, duration
from engine.runs.summary import Summary
from engine.sections.table import dataset_title
from tui.app.colours import style_of
from tui.app.look import Look
from tui.app.sections.pane import BAD
from tui.app.sections.runs.columns import age_words
from tui.app.sections.runs.glance import Glance, changed_settings
from tui.app.sections.train.samples import draw_samples
from tui.app.widgets.chart import Chart
from tui.drawing.pixels import Ink, draw_grey, draw_signed
from tui.drawing.plot import Line, Plot
from tui.drawing.thumbnails import fitting_size, thumbnails
from tui.live.task import Task
from tui.words import MARKS, clock, cut

MUTED = "$text-muted"
MOST_PICTURES = 64
SMALLEST_PICTURE = 8  # pixels a side
ENTRIES = 6  # of a list in one setting
PAIR, GAP = 27, 3  # cells of a name with its value at least; between two of them


def words_of(run: Summary, glance: Glance, now: float, width: int) -> Text:
    """Return what is said of a run: state and result, times, what went wrong, settings, results."""
    head = Text.assemble((f"{MARKS.get(run.status, '?')} {run.status}", "bold"))
    if run.result:
        head.append(f"  {run.result}", "bold $good")
    if run.remark:
        head.append(f"  {run.remark}", BAD)
    taken, old = duration(run, now), age_words(age(run, now))
    facts = [
        run.model, dataset_title(run.dataset) if run.dataset else "",
        clock(taken) if taken is not None else "", f"{old} ago" if old else "",
    ]  # fmt: skip
    lines = [head, *(Text(line, MUTED) for line in flowing(filter(None, facts), " · ", width))]
    task = glance.task
    said = [glance.fault, task.message if task else "", task.warning if task else ""]
    if run.status == "damaged" and not any(said):
        said = ["damaged"]
    lines += [Text(visible(line), BAD) for line in dict.fromkeys(filter(None, said))]
    if task is not None:
        changed = changed_settings(task.config)
        told = [f"{name.replace('_', ' ')} {_value(v)}" for name, v in changed.items()]
        told[:1] = [f"settings: {told[0] if told else 'those of the recipe'}"]
        lines += map(Text, flowing(told, ", ", width))
        lines += _columns(list(results_of(task)), width)
    return Text("\n").join(lines)


def flowing(parts: Iterable[str], between: str, width: int) -> list[str]:
    """Return parts one after another in lines of ``width`` cells, none of them broken."""
    lines: list[str] = []
    for part in map(visible, parts):
        if lines and cell_len(lines[-1] + between + part) <= width:
            lines[-1] += between + part
        else:
            lines.append(part)
    return lines


def _columns(pairs: Sequence[tuple[str, str]], width: int) -> list[Text]:
    """Return names and values, side by side where there is room."""
    across = max(1, (width + GAP) // (PAIR + GAP))
    cells = (width + GAP) // across - GAP
    lines = []
    for first in range(0, len(pairs), across):
        line = Text(no_wrap=True)
        for place, (name, value) in enumerate(pairs[first : first + across]):
            line.append(" " * (place * (cells + GAP) - line.cell_len))
            room = cells - cell_len(value) - 1
            line.append(cut(name, room) + " ", MUTED).append(value)
        lines.append(line)
    return lines


def _value(value: Any) -> str:
    if isinstance(value, (tuple, list)):
        more = f" and {len(value) - ENTRIES} more" if len(value) > ENTRIES else ""
        return " ".join(map(str, value[:ENTRIES])) + more
    return f"{value:g}" if isinstance(value, float) else str(value)


def results_of(task: Task) -> Iterator[tuple[str, str]]:
    """Yield the numbers that a finished run is ranked by, with their names."""
    if task.history.finished is None:
        return
    section = sections.find(task.section)
    for name, value in section.ranking(task.history).items():
        if np.isfinite(value):
            share = name.startswith((*_SHARES, *section.shares))
            yield name.replace("_", " "), f"{value:.2%}" if share else f"{value:.4g}"


_SHARES = ("test_accuracy", "validation", "success", "batch_success", "random_noise", "percentile")


def curves_of(task: Task) -> list[tuple[str, Curve]]:
    """Return the main curve of a task and another one, means of those of several lines.

    Of a run that failed the other one comes first: it shows why.
    """
    curves, section = task.history.curves, sections.find(task.section)
    names = [name for name in (section.headline_curve, *section.series) if name in curves]
    if task.state == "failed":
        names.reverse()
    found = []
    for name in dict.fromkeys(names or curves):
        curve = curves[name]
        if len(curve.steps):
            values = curve.values.reshape(len(curve.steps), -1).mean(1)
            found.append((name, Curve(curve.steps, values)))
    return found


def draw_curve(chart: Chart, task: Task, look: Look, name: str, curve: Curve) -> None:
    """Draw a curve of a task as its section would."""
    share, model = name in sections.find(task.section).shares, getattr(task.config, "model", "")
    late = curve.values[len(curve.values) // 10 :]
    finite = late[np.isfinite(late)]
    low = max(0.0, 1.3 * float(finite.min()) - 0.3) if share and len(finite) else None
    chart.plot = Plot(
        [Line(curve.steps, curve.values, style_of(model), best="high" if share else "")],
        low=low, high=1.0 if share else None, share=share, last_step=task.steps,
        log=name == "loss" and look.logarithm, plain=look.plain,
    )  # fmt: skip
    chart.border_title = f" {name.replace('_', ' ').capitalize()} "


Drawn = tuple[str, Any]  # a title, and what draws for shades and a room


def pictured(task: Task) -> Drawn | None:
    """Return the title of a task's images and what draws them; None where it has none."""
    previews: Mapping[str, Any] = task.history.previews
    answers = task.history.preview("samples")
    if answers is not None:
        images = task.history.images("samples")
        return "Samples", partial(_samples, task, images, answers)
    pictures = sections.find(task.section).pictured
    if pictures not in previews:
        pictures = next((n for n, found in previews.items() if found.last.images is not None), "")
    preview = task.history.preview(pictures) if pictures else None
    if preview is None or preview.images is None:
        return None
    names = [_short(task, name) for name in sections.find(task.section).row_names(task.config)]
    return pictures.capitalize(), partial(_pictures, preview, names)


def _short(task: Task, name: str) -> str:
    """Return what an image is of: a target by its class alone."""
    word, _, label = name.partition(" ")
    if word == "target" and label.isdecimal() and int(label) < len(task.classes):
        return task.classes[int(label)]
    return name


def _samples(task: Task, images: np.ndarray, answers: Preview, shades: Ink, room: Size) -> Text:
    """Draw samples, as many as there is room for."""
    most = most_pictures(room)
    few = {name: values[:most] for name, values in answers.values.items()}
    return draw_samples(task, images[:most], replace(answers, values=few), shades, room)


def _pictures(preview: Preview, names: list[str], shades: Ink, room: Size) -> Text:
    """Draw a preview's images [N, H, W]: signed ones around zero, others from black to white."""
    assert preview.images is not None
    images = preview.images[: min(MOST_PICTURES, most_pictures(room))]
    size = fitting_size(len(images), room.width, room.height)
    units = [image if image.ndim == 2 else image.mean(0) for image in images / 255]
    span = preview.high - preview.low
    signed = preview.low < 0 < preview.high
    drawn = [
        draw_signed(preview.low + unit * span, preview.high, shades, size)
        if signed
        else draw_grey(unit, shades, size)
        for unit in units
    ]
    captions = [Text(name, MUTED) for name in names[: len(drawn)]]
    return thumbnails(list(zip(drawn, captions, strict=False)), size, room.width)


def most_pictures(room: Size) -> int:
    """Return how many of the smallest pictures there is room for, whole rows of them."""
    across = (room.width + 1) // (SMALLEST_PICTURE + 1)
    return max(1, across * ((room.height + 1) // (SMALLEST_PICTURE // 2 + 1)))
