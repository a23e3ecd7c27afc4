"""The line of progress: what runs, how far it is, how fast and how long it will take."""

from rich.text import Text

from tui.conductor import Conductor
from tui.task import Task
from tui.widgets.bar import bar
from tui.words import clock

BAR, SHORT_BAR = 24, 10  # cells
ROOMY = 110  # cells, from here on there is room for more than the most important
GOOD, WAITING, BAD = "#009E73", "bold #E69F00", "bold #D55E00"


def status_line(conductor: Conductor, notice: str, *, plain: bool, width: int) -> Text:
    """Return the line for what runs now, or else the last word of what ran or was noticed."""
    task = conductor.running
    if task is None:
        return _idle(conductor, notice)
    if not task.steps:
        return Text(f" starting {task.section} {task.config.title} …  {notice}", "dim")
    share = task.step / task.steps
    roomy = width >= ROOMY
    text = Text.assemble(
        f" {_title(task)}  ", bar(share, BAR if roomy else SHORT_BAR, GOOD, plain=plain),
        f"  {_epoch(task) if roomy else ''}step {task.step:,}/{task.steps:,}",
    )  # fmt: skip
    if task.control.stop_reason:
        text.append("  stopping", WAITING)
    elif task.control.paused:
        text.append("  paused: space goes on", WAITING)
    elif task.doing or task.step == task.steps:
        text.append(f"  {task.doing or 'judging'}")
    elif task.rate:
        batch = getattr(task.config, "batch_size", None)
        if batch and task.section == "train":
            text.append(f"  {task.rate * batch:,.0f} img/s")
        text.append(f"  {clock((task.steps - task.step) / task.rate)} left")
    if waiting := conductor.waiting:
        text.append(f"  {waiting} waiting", "dim")
    if task.elsewhere:
        text.append("  in another process" if roomy else "  elsewhere", "dim")
    return text


def _title(task: Task) -> str:
    return task.config.title if task.section == "train" else f"{task.section} {task.config.title}"


def _epoch(task: Task) -> str:
    epochs = getattr(task.config, "epochs", None)
    if not epochs:
        return ""
    epoch = min(task.step * epochs // task.steps + 1, epochs)
    return f"epoch {epoch}/{epochs}  "


def _idle(conductor: Conductor, notice: str) -> Text:
    ended = [task for task in conductor.tasks if not task.active]
    if notice:
        return Text(f" {notice}", "dim")
    if ended and ended[-1].message:
        return Text(f" {ended[-1].message}", BAD)
    if ended:
        return Text(f" {_title(ended[-1])} {ended[-1].state}", "dim")
    return Text(" ready", "dim")
