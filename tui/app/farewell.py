"""What is said on the restored terminal of the run that was active when the app was left."""

from contextlib import suppress

from engine.errors import MnistTuiError
from engine.hints import hint
from engine.runs.queue import read_queue
from engine.runs.run import Run
from tui.live.conductor import Conductor
from tui.live.task import Task


def fate(conductor: Conductor) -> str:
    """Return what became of it and what waits behind it; "" where no run was active."""
    if (run := conductor.handed_over) is not None:
        resumed = " (it was paused: now it runs)" if conductor.resumed_by_it else ""
        waiting = sum(task.state == "queued" for task in conductor.tasks)
        more = f", then {waiting} more" if waiting else ""
        attach = hint(run.path.parent, "attach", run.id)
        return f"{run.id} continues in the background{resumed}{more}; {attach} shows it"
    task = conductor.left_off
    if task is None or conductor.not_handed_over:
        return ""
    return _stopped(task)


def _stopped(task: Task) -> str:
    if not task.run:
        return "" if task.state == "failed" else "stopped before the run had begun"
    run, waiting = Run(task.path), 0
    with suppress(MnistTuiError):
        waiting = sum(len(request.configs) for request in read_queue(run))
    resumes = hint(run.path.parent, "resume", run.id)
    if task.state == "finished":
        done = f"{run.id} finished"
        return f"{done}; {resumes} starts the {waiting} queued behind it" if waiting else done
    if task.state != "stopped":  # a failure has been told; the rest was not waited for
        return ""
    more = f", then {waiting} more queued behind it" if waiting else ""
    return f"{run.id} stopped at step {task.step:,}; {resumes} resumes it{more}"
