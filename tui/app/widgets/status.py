"""The status line: the active run, its progress, speed and remaining time."""

from rich.text import Text

from tui.app.keymap import Keymap
from tui.app.widgets.bar import bar
from tui.live.conductor import Conductor
from tui.live.task import Task
from tui.words import clock

BAR, SHORT_BAR = 24, 10  # cells
ROOMY = 110  # cells, from here on there is room for more than the most important
GOOD, WAITING, BAD = "$good", "bold $waiting", "bold $bad"


def status_line(
    conductor: Conductor,
    last: str | Task,
    keys: Keymap,
    *,
    chosen: str = "",
    width: int,
) -> Text:
    """Return the line for the active run, or else ``last``, the latest message.

    ``chosen`` is the run that the keys are about now.
    """
    task = conductor.running
    if task is None:
        return _idle(last, keys, chosen)
    if not task.steps:
        words = f" starting {task.section} {task.config.title} …"
        return Text(f"{words}  {last}" if isinstance(last, str) else words, "$text-muted")
    share = task.step / task.steps
    roomy = width >= ROOMY
    text = Text.assemble(
        f" {_title(task)}  ", bar(share, BAR if roomy else SHORT_BAR, GOOD),
        f"  {_epoch(task) if roomy else ''}step {task.step:,}/{task.steps:,}",
    )  # fmt: skip
    if task.control.stop_reason:
        text.append("  stopping", WAITING)
    elif task.control.paused:
        text.append(f"  paused · {keys.name('run.pause')} resumes", WAITING)
    elif task.doing or task.step == task.steps:
        text.append(f"  {task.doing or 'judging'}")
    elif task.rate:
        batch = getattr(task.config, "batch_size", None)
        if batch and task.section == "train":
            text.append(f"  {task.rate * batch:,.0f} img/s")
        text.append(f"  {clock((task.steps - task.step) / task.rate)} left")
    if waiting := conductor.waiting:
        text.append(f"  {waiting} waiting", "$text-muted")
    if task.elsewhere:
        text.append("  in another process" if roomy else "  elsewhere", "$text-muted")
    return text


def _title(task: Task) -> str:
    return task.config.title if task.section == "train" else f"{task.section} {task.config.title}"


def _epoch(task: Task) -> str:
    epochs = getattr(task.config, "epochs", None)
    if not epochs:
        return ""
    epoch = min(task.step * epochs // task.steps + 1, epochs)
    return f"epoch {epoch}/{epochs}  "


def _idle(last: str | Task, keys: Keymap, chosen: str) -> Text:
    if isinstance(last, str):
        return Text(f" {last or 'ready'}", "$text-muted")
    if last.state == "failed":
        return Text(f" {_title(last)} failed: {last.message}", BAD)
    if last.state in ("stopped", "interrupted") and last.run:
        resumes = f" · {keys.name('run.go_on')} resumes" if last.run == chosen else ""
        return Text(f" {_title(last)} {last.state} at step {last.step:,}{resumes}", WAITING)
    if last.warning:
        return Text(f" {_title(last)} {last.warning}", BAD)
    return Text(f" {_title(last)} {last.message or last.state}", "$text-muted")
