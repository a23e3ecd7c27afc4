"""The actions that sections share: starting and driving runs, and looking at them.

A pane lists those that it has in its ``ACTIONS``, beside its own.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from engine.errors import MnistTuiError
from tui.app import screens, sections
from tui.app.keys.action import Action
from tui.app.keys.keymap import titled

if TYPE_CHECKING:
    from tui.app.sections.base import Commands, ExperimentPane
    from tui.app.sections.pane import Pane


# Starting runs.


def run_choice(pane: "ExperimentPane") -> None:
    """Run what is marked, or else what is highlighted; then nothing is marked."""
    pane.main.start(pane.configs_of_choice())
    pane.marked.clear()


def _run_all(pane: "ExperimentPane") -> None:
    pane.main.start(pane.configs_of_all())


async def _edit(pane: "ExperimentPane") -> None:
    def edited(answer: "tuple[Commands, bool] | None") -> None:
        if answer is not None:
            commands, run = answer
            pane.edit(commands)
            if run:  # what the form showed
                pane.main.start(commands)
                pane.marked.clear()

    await pane.app.push_screen(screens.Edit(pane.configs_of_choice()), edited)


RUN = Action["ExperimentPane"](
    id="run.choice", keys="r", word="run", group="Runs",
    sentence="Run the selection, or everything marked", do=run_choice,
)  # fmt: skip
RUN_ALL = Action["ExperimentPane"](
    id="run.all", keys="a", word="all", group="Runs",
    sentence="Run everything in this section", do=_run_all,
)  # fmt: skip
MARK = Action["ExperimentPane"](
    id="run.mark", keys="x", word="mark", group="Runs", footer=False,
    sentence="Mark the selection, to run several", do=lambda pane: pane.mark(),
)  # fmt: skip
EDIT = Action["ExperimentPane"](
    id="run.edit", keys="e", word="edit", group="Runs",
    sentence="Edit the next run's options, copy its command", do=_edit,
)  # fmt: skip


async def _dataset(pane: "ExperimentPane") -> None:
    def chosen(dataset: str | None) -> None:
        if dataset is not None:
            pane.main.use_dataset(dataset)

    files = pane.conductor.files
    await pane.app.push_screen(screens.ChooseDataset(pane.config, files), chosen)


DATASET = Action["ExperimentPane"](
    id="run.dataset", keys="i", word="dataset", group="Runs", footer=False,
    sentence="Choose the dataset of the next runs", do=_dataset,
)  # fmt: skip


# Driving the active run.


def _pause(pane: "Pane") -> None:
    assert pane.running is not None
    control = pane.running.control
    control.paused = not control.paused


def _no_pause(pane: "Pane") -> str | None:
    task = pane.running
    if task is None:
        return "No run is active."
    if task.elsewhere:
        return "Another process drives this run: you can stop it from here, but not pause it."
    return None if task.active else "All steps are done; only the figures are left."


def _stop(pane: "Pane") -> None:
    assert pane.running is not None
    try:
        pane.conductor.stop(pane.running, "user")
    except MnistTuiError as error:
        pane.notify(str(error), severity="error")


def _resume(pane: "Pane") -> None:
    run, idle = pane.chosen, pane.conductor.own is None
    assert run is not None
    try:
        task = pane.conductor.resume(run)
    except MnistTuiError as error:
        pane.notify(f"{run.id} cannot be resumed: {error}", severity="error")
        return
    if idle:
        pane.main.show_task(task)


def _no_resume(pane: "Pane") -> str | None:
    if pane.conductor.own is not None:
        return "Another run is active; resume this one when it has ended."
    state = pane.chosen_state
    if state in ("stopped", "interrupted", "failed"):
        return None
    if state or pane.section == sections.RUNS:
        return f"This run is {state}." if state else "There is no run here."
    return f"No run here; stopped ones are in {titled(sections.RUNS, pane.keys)}."


PAUSE = Action["Pane"](
    id="run.pause", keys="space", word="pause", group="Runs", shown_key="space",
    sentence="Pause or resume the active run", do=_pause, reason=_no_pause,
)  # fmt: skip
STOP = Action["Pane"](
    id="run.stop", keys="s", word="stop", group="Runs",
    sentence="Stop the active run and keep its progress", do=_stop,
    reason=lambda pane: None if pane.running else "No run is active.",
)  # fmt: skip
RESUME = Action["Pane"](
    id="run.go_on", keys="g", word="resume", group="Runs", footer=False,
    sentence="Resume a stopped, interrupted or failed run", do=_resume, reason=_no_resume,
)  # fmt: skip


# Looking.


def no_history(pane: "ExperimentPane") -> str | None:
    """Return what to do if there is no run to look at."""
    if pane.shown is not None and pane.shown.history.event_steps:
        return None
    return f"There is no run to look at yet; {pane.keys.name('run.choice')} starts one."


def looking(
    id: str,
    keys: str,
    word: str,
    key: str,
    sentence: str,
    do: Callable[["ExperimentPane"], object],
    reason: Callable[["ExperimentPane"], str | None] = no_history,
) -> Action["ExperimentPane"]:
    """Return an action that looks at the shown run in another way; the key bar leaves it out."""
    return Action(
        id=id, keys=keys, word=word, group="Looking", footer=False, shown_key=key,
        sentence=sentence, do=do, reason=reason,
    )  # fmt: skip


async def _files(pane: "Pane") -> None:
    assert pane.chosen is not None
    await pane.app.push_screen(screens.Files(pane.chosen))


OPEN = Action["Pane"](
    id="look.open", keys="enter", word="open", group="Looking", shown_key="enter",
    sentence="Look closer, or open the run", do=lambda pane: pane.open(),
    reason=lambda pane: pane.why_not_open(),
    priority=True,  # or the lists would keep it
)  # fmt: skip
CURSOR = (
    looking("look.back", "left,h", "back", "← h", "Move the step cursor back",
            lambda pane: pane.move_cursor(-1)),
    looking("look.on", "right,l", "forward", "→ l", "Move the step cursor forward",
            lambda pane: pane.move_cursor(1)),
    looking("look.far_back", "shift+left,H", "far back", "shift+←", "Move it back by ten events",
            lambda pane: pane.move_cursor(-10)),
    looking("look.far_on", "shift+right,L", "far forward", "shift+→",
            "Move it forward by ten events", lambda pane: pane.move_cursor(10)),
)  # fmt: skip
LIVE = Action["Pane"](
    id="look.live", keys="escape", word="live", group="Looking", footer=False, shown_key="escape",
    sentence="Return to the latest step", do=lambda pane: pane.back(),
)  # fmt: skip
MOVES = (
    Action["Pane"](
        id="look.up", keys="k", word="up", group="Looking", footer=False, shown_key="↑ k",
        sentence="Move up", do=lambda pane: pane.move("up"),
    ),
    Action["Pane"](
        id="look.down", keys="j", word="down", group="Looking", footer=False, shown_key="↓ j",
        sentence="Move down", do=lambda pane: pane.move("down"),
    ),
)  # fmt: skip
SCROLLING = (
    Action["ExperimentPane"](
        id="look.scroll_down", keys="shift+down,J", word="scroll down", group="Looking",
        footer=False, shown_key="shift+↓", do=lambda pane: pane.scroll_panels(3),
        sentence="Scroll the panels down",
    ),
    Action["ExperimentPane"](
        id="look.scroll_up", keys="shift+up,K", word="scroll up", group="Looking",
        footer=False, shown_key="shift+↑", do=lambda pane: pane.scroll_panels(-3),
        sentence="Scroll the panels up",
    ),
)  # fmt: skip
FILES = Action["Pane"](
    id="runs.files", keys="o", word="files", group="Looking", footer=False,
    sentence="Show where the run's files are, to copy them", do=_files,
    reason=lambda pane: None if pane.chosen_state else "There is no run here.",
)  # fmt: skip

# In the order in which key bar and help show them.
OF_EXPERIMENTS: tuple[Action[Any], ...] = (
    RUN, RUN_ALL, MARK, EDIT, DATASET, PAUSE, STOP, RESUME,
    OPEN, *CURSOR, LIVE, *MOVES, *SCROLLING, FILES,
)  # fmt: skip
