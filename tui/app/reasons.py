"""Why an action cannot be done now: one sentence each, or None where it can."""

from typing import Protocol

from engine.runs.run import Run
from tui.app.actions import BY_NAME
from tui.app.keymap import Keymap, titled
from tui.app.sections.base import ExperimentPane
from tui.live.conductor import Conductor
from tui.live.task import Task


class Situation(Protocol):
    """What the reasons look at."""

    current: str
    conductor: Conductor
    experiments: dict[str, ExperimentPane]
    keys: Keymap

    @property
    def running(self) -> Task | None:
        """The run that pause and stop are about."""

    @property
    def marked_runs(self) -> list[Run]:
        """The runs that are marked in the table."""

    @property
    def chosen_state(self) -> str:
        """The state of the run that is shown, or chosen in the table."""


def reason_against(action: str, app: Situation) -> str | None:
    """Return why an action, by its name without parameters, cannot be done now."""
    known = BY_NAME.get(action)
    if known is None:
        return None
    if app.current not in known.sections and action != "live":
        where = " or ".join(titled(section, app.keys) for section in known.sections)
        return f"That is of {where}."
    running = app.running
    if action in ("pause", "stop") and running is None:
        return "Nothing runs."
    if action == "pause" and running.elsewhere:
        return "Another process drives this run: it can be stopped from here, not paused."
    if action == "detach" and app.conductor.own is None:
        return "Nothing runs here" + (
            "; what another process drives goes on without this app." if running else "."
        )
    if action == "files" and not app.chosen_state:
        return "There is no run here."
    if action == "mark_run" and not app.chosen_state:
        return "There is no run to mark yet."
    if action == "compare" and len(app.marked_runs) < 2:
        return f"Mark two runs or more with {app.keys.name('runs.mark')} first."
    if action == "go_on" and app.conductor.own is not None:
        return "Another run goes on here; this one can when that has ended."
    if action == "go_on" and app.chosen_state not in ("stopped", "interrupted", "failed"):
        return f"This run is {app.chosen_state}." if app.chosen_state else "There is no run here."
    if action == "pause" and not running.active:
        return "The steps are done; only the figures are left."
    if action == "open" and app.current == "runs" and not app.chosen_state:
        return "There is no run to open."
    pane = app.experiments.get(app.current)
    if pane is None:
        return None
    history = pane.shown.history if pane.shown else None
    if action in ("step", "map") and not (history and history.event_steps):
        return f"There is no run to look at yet; {app.keys.name('run.choice')} starts one."
    if action == "open" and not (history and _pictures(app.current, pane)):
        starts = f"{app.keys.name('run.choice')} starts a run."
        return f"There is nothing to look at closely yet; {starts}"
    return None


def _pictures(section: str, pane: ExperimentPane) -> bool:
    """Tell whether the shown run has pictures of what is chosen."""
    previews = pane.shown.history.previews
    match section:
        case "train":
            return "samples" in previews
        case "adversarial":
            return "noise" in previews and pane.row in pane.shown.config.labels
        case _:
            rows = pane.rows_of_layer()
            targets = [pane.shown.config.targets[row] for row in rows]
            return (
                "images" in previews and bool(rows) and (not pane.neuron or pane.neuron in targets)
            )
