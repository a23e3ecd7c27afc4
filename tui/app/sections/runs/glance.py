"""What the preview of a run shows, read from its files: for a thread."""

from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from engine import sections
from engine.config import RunConfig
from engine.errors import EngineError, MnistTuiError, Unsound
from engine.options import options_of, several_of
from engine.runs.follow import Follower
from engine.runs.queue import Request
from engine.runs.run import Run
from engine.runs.summary import Summary
from tui.live.task import Task

KEPT = 16  # runs that were read
# What the preview says elsewhere, and what is of the machine rather than of the experiment.
ELSEWHERE = ("dataset", "model", "run", "offline", "device", "precision", "threads")


@dataclass(frozen=True, slots=True, eq=False)
class Glance:
    """A run as its files are: a task to be drawn, unless ``fault`` says why there is none."""

    task: Task | None
    fault: str = ""


class Glances:
    """Reads runs, and keeps the last few as long as they stay the same."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[Summary, Glance]] = OrderedDict()

    def known(self, summary: Summary) -> Glance | None:
        """Return what was read of a run that has not changed since."""
        before, glance = self._kept.get(summary.run, (None, None))
        return glance if before == summary else None

    def keep(self, summary: Summary, glance: Glance) -> None:
        """Keep what was read of a run that nothing drives."""
        self._kept.pop(summary.run, None)
        if summary.status != "running":
            self._kept[summary.run] = summary, glance
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)


def read(run: Run, given_up: Callable[[], bool]) -> Glance | None:
    """Read a run; None where nobody waits for it any longer."""
    try:
        info = run.read_info()
        task = Task(run.read_config(), Request(info["command"], []), follower=Follower(run))
        for event in run.events():
            task.add(event)
            if given_up():
                return None
        if task.active:  # its journal has no end
            task.state = run.read_status()
        task.message = info.get("message", "")
        return Glance(task, run.find_damage())
    except MnistTuiError as error:
        return Glance(None, str(error))


def changed_settings(config: RunConfig) -> dict[str, Any]:
    """Return the settings of a run that are not its recipe's, by name."""
    kind = sections.find(config.section).asked
    usual: dict[str, Any] = {}
    with suppress(EngineError, Unsound):  # an impossible network has no defaults
        usual = config.defaults
    found = {}
    for name, rules in (options_of(kind) | several_of(kind)).items():
        value = getattr(config, name)
        default = usual.get(name, kind.__dataclass_fields__[name].default)
        if value != default and not rules.path and name not in ELSEWHERE:
            found[name] = value
    return found
