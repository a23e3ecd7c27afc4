"""The status line: what is active, what is queued, what has ended, and what happened last."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from rich.cells import cell_len
from rich.text import Text

from engine.files.text import visible
from tui.app.keys.keymap import Keymap
from tui.app.widgets.bar import bar
from tui.live.conductor import Conductor
from tui.live.task import Task
from tui.words import clock

BAR, SHORT_BAR = 24, 10  # cells
ROOMY = 110  # cells, from here on there is room for more than the most important
LEAST_WORDS = 16  # cells of the last message, or it is left out
GOOD, WAITING, BAD, MUTED = "$good", "bold $waiting", "bold $bad", "$text-muted"
QUEUED, ACTIVE, PAUSED = "⋯", "▶", "▷"
ENDED = {"finished": ("✓", GOOD, 5), "stopped": ("■", WAITING, 5), "failed": ("✗", BAD, 4)}


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the line; where there is no room, the highest rank is left out first, whole."""

    rank: int
    words: str | Text
    style: str = ""
    gap: str = "  "  # before it
    shorter: Text | None = None  # before anything is left out


def status_line(
    conductor: Conductor,
    last: str | Task,
    keys: Keymap,
    *,
    chosen: str = "",
    width: int,
    room: int | None = None,
) -> Text:
    """Return the line: what is active, queued and ended, and ``last``, which happened last.

    ``chosen`` is the run that the keys are about now, ``width`` the screen's, and ``room`` what the
    line can have of it.
    """
    room = width if room is None else room
    task = conductor.running
    told = _told(last, keys, chosen)
    ended = list(_ended(conductor))
    if task is None:
        if sum(count for *_, count in ended) < 2:  # which is told
            ended = []
        ready = Text(f"{conductor.doing} …" if conductor.doing else "ready", MUTED)
        return _fitting([Part(0, told or ready, gap=" "), *map(_counted, ended)], room)
    paused = task.control.paused and not task.control.stop_reason
    mark = (PAUSED, WAITING) if paused else (ACTIVE, GOOD)
    parts = [Part(0, Text.assemble(mark, f" {run_title(task)}"), gap=" ")]
    if task.steps:
        long, short = (bar(task.step / task.steps, cells, GOOD) for cells in (BAR, SHORT_BAR))
        parts += [
            Part(7, _epoch(task)),
            Part(3, long if width >= ROOMY else short, shorter=short),
            Part(0, f"{task.step:,}/{task.steps:,}"),
            *_doing(task, keys),
        ]
    else:
        parts.append(Part(1, f"{conductor.doing or 'starting'} …", MUTED))
    if waiting := conductor.waiting:
        parts.append(Part(2, f"{QUEUED} {waiting:,} queued", MUTED))
    parts += map(_counted, ended)
    if task.elsewhere:
        words = "in another process" if width >= ROOMY else "elsewhere"
        parts.append(Part(4, words, MUTED))
    line = _fitting(parts, room)
    left = room - line.cell_len - len("  ")
    if told and left >= min(LEAST_WORDS, told.cell_len):
        told.truncate(left, overflow="ellipsis")
        line.append("  ").append_text(told)
    return line


def _ended(conductor: Conductor) -> Iterator[tuple[str, str, int, int]]:
    """Yield how many runs have ended in which way, with mark, style and rank."""
    newest = {task.run or id(task): task for task in conductor.tasks}  # a run may be resumed
    states = Counter(task.state for task in newest.values())
    for state, kind in ENDED.items():
        if count := states[state]:
            yield (*kind, count)


def _counted(ended: tuple[str, str, int, int]) -> Part:
    mark, style, rank, count = ended
    return Part(rank, Text.assemble((mark, style), (f" {count:,}", MUTED)))


def _doing(task: Task, keys: Keymap) -> Iterator[Part]:
    if task.control.stop_reason:
        yield Part(0, "stopping", WAITING)
    elif task.control.paused:
        yield Part(0, "paused", WAITING)
        yield Part(1, Text(f"· {keys.name('run.pause')} resumes", WAITING), gap=" ")
    elif task.doing or task.step == task.steps:
        yield Part(1, task.doing or "judging")
    elif task.rate:
        batch = getattr(task.config, "batch_size", None)
        if batch and task.section == "train":
            yield Part(6, f"{task.rate * batch:,.0f} img/s")
        yield Part(1, f"{clock((task.steps - task.step) / task.rate)} left")


def _fitting(parts: list[Part], room: int) -> Text:
    """Return the line with what there is room for; the bar gets shorter before all else."""
    kept = [part for part in parts if part.words]
    cells = sum(map(_cells, kept))
    if cells > room:
        kept = [replace(part, words=part.shorter or part.words) for part in kept]
        cells = sum(map(_cells, kept))
    while cells > room and (least := max(kept, key=lambda part: part.rank)).rank:
        kept.remove(least)
        cells -= _cells(least)
    line = Text()
    for part in kept:
        line.append(part.gap)
        if isinstance(part.words, Text):
            line.append_text(part.words)
        else:
            line.append(part.words, part.style)
    return line


def _cells(part: Part) -> int:
    words = part.words
    return len(part.gap) + (words.cell_len if isinstance(words, Text) else cell_len(words))


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


def _told(last: str | Task, keys: Keymap, chosen: str) -> Text:
    """Return what happened last: a message, or how a run has ended."""
    if isinstance(last, str):
        return Text(last, MUTED)
    title = run_title(last)
    if last.state == "failed":
        return Text(f"{title} failed: {last.message}", BAD)
    if last.state in ("stopped", "interrupted") and last.run:
        resumes = f" · {keys.name('run.go_on')} resumes" if last.run == chosen else ""
        return Text(f"{title} {last.state} at step {last.step:,}{resumes}", WAITING)
    if last.warning:
        return Text(f"{title} {last.warning}", BAD)
    return Text(f"{title} {last.message or last.state}", MUTED)
