"""The status line: the active run, its progress, speed and remaining time."""

from collections.abc import Iterator
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from engine.files.text import visible
from tui.app.keymap import Keymap
from tui.app.widgets.bar import bar
from tui.live.conductor import Conductor
from tui.live.task import Task
from tui.words import clock

BAR, SHORT_BAR = 24, 10  # cells
ROOMY = 110  # cells, from here on there is room for more than the most important
GOOD, WAITING, BAD = "$good", "bold $waiting", "bold $bad"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the line; where there is no room, the highest rank is left out first, whole."""

    rank: int
    words: str | Text
    style: str = ""
    gap: str = "  "  # before it


def status_line(
    conductor: Conductor,
    last: str | Task,
    keys: Keymap,
    *,
    chosen: str = "",
    width: int,
    room: int | None = None,
) -> Text:
    """Return the line for the active run, or else ``last``, the latest message.

    ``chosen`` is the run that the keys are about now, ``width`` the screen's, and ``room`` what the
    line can have of it.
    """
    task = conductor.running
    if task is None:
        return _idle(last, keys, chosen)
    if not task.steps:
        words = f" starting {task.section} {task.config.title} …"
        return Text(f"{words}  {last}" if isinstance(last, str) else words, "$text-muted")
    share = task.step / task.steps
    roomy = width >= ROOMY
    bars = [bar(share, cells, GOOD) for cells in (BAR, SHORT_BAR)[not roomy :]]
    parts = [
        *([Part(6, _epoch(task))] if roomy else []),
        Part(0, f"step {task.step:,}/{task.steps:,}"),
        *_doing(task, keys),
    ]
    if waiting := conductor.waiting:
        parts.append(Part(2, f"{waiting} waiting", "$text-muted"))
    if task.elsewhere:
        parts.append(Part(4, "in another process" if roomy else "elsewhere", "$text-muted"))
    return _fitting(run_title(task), bars, parts, width if room is None else room)


def _doing(task: Task, keys: Keymap) -> Iterator[Part]:
    if task.control.stop_reason:
        yield Part(0, "stopping", WAITING)
    elif task.control.paused:
        yield Part(0, "paused", WAITING)
        yield Part(1, f"{keys.name('run.pause')} resumes", WAITING, " · ")
    elif task.doing or task.step == task.steps:
        yield Part(1, task.doing or "judging")
    elif task.rate:
        batch = getattr(task.config, "batch_size", None)
        if batch and task.section == "train":
            yield Part(5, f"{task.rate * batch:,.0f} img/s")
        yield Part(1, f"{clock((task.steps - task.step) / task.rate)} left")


def _fitting(title: str, bars: list[Text], parts: list[Part], room: int) -> Text:
    """Return the line with what there is room for; the bar gets shorter before all else."""
    while True:
        drawn = [Part(0, title, gap=" "), *(Part(3, bar) for bar in bars[:1]), *parts]
        line = Text()
        for part in drawn:
            if part.words:
                line.append(part.gap, part.style).append_text(Text.assemble(_styled(part)))
        if line.cell_len <= room:
            return line
        least = max(drawn, key=lambda part: part.rank)
        if len(bars) > 1 or least.words in bars:
            del bars[0]
        elif least.rank:
            parts.remove(least)
        else:
            return line


def _styled(part: Part) -> Text | tuple[str, str]:
    return part.words if isinstance(part.words, Text) else (part.words, part.style)


def fitting_parts(words: str, room: int) -> str:
    """Return words that a dot parts, without the last where there is no room for all."""
    parts = words.split(" · ")
    while parts and cell_len(" · ".join(parts)) > room:
        parts.pop()
    return " · ".join(parts)


def run_title(task: Task) -> str:
    """Return what a run is called in a sentence."""
    title = visible(task.config.title)
    return title if task.section == "train" else f"{task.section} {title}"


def _epoch(task: Task) -> str:
    epochs = getattr(task.config, "epochs", None)
    if not epochs:
        return ""
    epoch = min(task.step * epochs // task.steps + 1, epochs)
    return f"epoch {epoch}/{epochs}"


def _idle(last: str | Task, keys: Keymap, chosen: str) -> Text:
    if isinstance(last, str):
        return Text(f" {last or 'ready'}", "$text-muted")
    if last.state == "failed":
        return Text(f" {run_title(last)} failed: {last.message}", BAD)
    if last.state in ("stopped", "interrupted") and last.run:
        resumes = f" · {keys.name('run.go_on')} resumes" if last.run == chosen else ""
        return Text(f" {run_title(last)} {last.state} at step {last.step:,}{resumes}", WAITING)
    if last.warning:
        return Text(f" {run_title(last)} {last.warning}", BAD)
    return Text(f" {run_title(last)} {last.message or last.state}", "$text-muted")
