"""The terminal UI: four sections over the engine's tasks, a timer between the two.

A Textual thread worker runs the tasks (``Conductor.work``). It only puts events into the mailbox;
the timer empties that five times a second for the line of progress, and for the rest as often as
``Pace`` allows.
"""

import gc
import os
import signal
import time
from collections.abc import Iterable
from typing import Any, ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult, SystemCommand
from textual.containers import Horizontal
from textual.events import Resize
from textual.screen import Screen
from textual.widgets import ContentSwitcher, Static

from engine.config import RunConfig
from engine.errors import EngineError
from engine.options import options_of
from engine.runs.run import Run
from tui.app.actions import ACTIONS, ANYWHERE, BY_ID, BY_NAME
from tui.app.guard import GuardedApp
from tui.app.keymap import Keymap
from tui.app.look import Look
from tui.app.look_actions import LookActions
from tui.app.machine import Machine
from tui.app.pace import Pace
from tui.app.palette import Palette
from tui.app.preferences import Preferences, preferences_path, remember_theme
from tui.app.reasons import reason_against
from tui.app.run_actions import RunActions
from tui.app.sections.adversarial import AdversarialPane
from tui.app.sections.base import ExperimentPane
from tui.app.sections.runs import RunsPane
from tui.app.sections.train import TrainPane
from tui.app.sections.visualize import VisualizePane
from tui.app.widgets.keybar import key_line, title_line
from tui.app.widgets.picture import Picture
from tui.app.widgets.status import status_line
from tui.live.conductor import Conductor
from tui.live.signals import exit_code
from tui.live.task import Task, where_words

TEXT_INTERVAL = 0.2  # seconds
LOAD_INTERVAL = 2.0  # seconds between two readings of CPU, memory and GPU
FOLLOW_INTERVAL = 0.5  # seconds between two looks at the journals of others
SMALLEST = (60, 18)
FULL_WIDTH = 76  # cells; below, each section leaves out its right column


class Links(Picture):
    """Words to be clicked that look like words."""

    auto_links = False


class MnistTui(RunActions, LookActions, GuardedApp):
    """The app. ``shared`` holds the options that all runs share."""

    CSS_PATH = "app.tcss"
    TITLE = "mnist-tui"
    HORIZONTAL_BREAKPOINTS: ClassVar = [(0, "-narrow"), (110, "-normal"), (160, "-wide")]
    VERTICAL_BREAKPOINTS: ClassVar = [(0, "-short"), (34, "-tall"), (54, "-high")]
    BINDINGS: ClassVar = [action.binding() for action in ACTIONS]

    def __init__(
        self,
        shared: RunConfig,
        *,
        plain: bool = False,
        preferences: Preferences | None = None,
        conductor: Conductor | None = None,
        machine: Machine | None = None,
        run: Run | None = None,
    ) -> None:
        """``run`` is one to open at once."""
        super().__init__()
        self.shared = shared
        self.look = Look(plain=plain)
        self.preferences = preferences or Preferences()
        self.keys = Keymap(self.preferences.keys)
        self._bindings = self.keys.rebound(self._bindings)
        self.machine = machine
        self.current = "train"
        self.conductor = conductor or Conductor()
        self.last: str | Task = ""  # what happened last: a notice, or a run that ended
        self.ended_by: str | None = None  # a signal's name
        self.left = False  # because the user wanted to
        self._to_open = run
        self._pace = Pace()
        self._load = Text()
        self._looked_around = 0.0
        self._stale: set[str] = set()
        self._begun: set[Task] = set()
        self._remembered = ""  # the theme that need not be written down
        self._states: dict[Task, str] = {}  # at the last look
        self.refused: dict[str, str] = {}
        options = self._options()
        place = self.conductor, self.look, shared.artifacts
        self.experiments: dict[str, ExperimentPane] = {
            pane.section: pane(*place, options)
            for pane in (TrainPane, AdversarialPane, VisualizePane)
        }
        self.panes = self.experiments | {"runs": RunsPane(*place)}

    def _options(self) -> dict[str, Any]:
        """Return the user's defaults for the sections, with the options that all runs share."""
        shared = {name: getattr(self.shared, name) for name in options_of(RunConfig)}
        return dict(self.preferences.defaults) | shared

    def compose(self) -> ComposeResult:
        """Lay out the bar of sections, the sections, the line of progress and the keys."""
        with Horizontal(id="bar"):
            yield Links(id="titles")
            yield Picture(id="where")
        with ContentSwitcher(initial="train", id="sections"):
            yield from self.panes.values()
        yield Static(id="too-small")
        with Horizontal(id="status"):
            yield Picture(id="progress")
            yield Picture(id="load")
        yield Links(id="keys")

    def on_mount(self) -> None:
        """Start the engine's thread and the timers."""
        if self.preferences.theme in self.available_themes:
            self.theme = self.preferences.theme
        self._remembered = self.theme
        self.theme_changed_signal.subscribe(self, lambda theme: self._remember(theme.name))
        self.set_interval(TEXT_INTERVAL, self._tick)
        self.set_interval(LOAD_INTERVAL, self._read_load)
        self.set_interval(FOLLOW_INTERVAL, self._follow_others)
        self.action_show(self.current)
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        """Do what the first frame should not wait for."""
        gc.enable()
        self.conductor.start_thread()
        self.conductor.prepare(self.shared)
        if self._to_open is not None:
            self.open_run(self._to_open)
        self._open_newest()

    @work(thread=True, exit_on_error=False)
    def _open_newest(self) -> None:
        self.conductor.shelf.open_newest(self.shared.artifacts)
        self._stale.update(self.experiments)
        going_on = self.conductor.shelf.look_for_driven(self.shared.artifacts)
        if going_on and self._to_open is None:  # as it was left
            self._to_open = Run(going_on[0].path)
            self.call_later(self.open_run, self._to_open)

    @work(thread=True, group="follow", exclusive=True, exit_on_error=False)
    def _follow_others(self) -> None:
        """Read along in the runs that other processes drive, and look for new ones."""
        self.conductor.shelf.follow()
        if time.monotonic() - self._looked_around > LOAD_INTERVAL:
            self._looked_around = time.monotonic()
            if self.conductor.shelf.look_for_driven(self.shared.artifacts):
                self._stale.update(self.panes)

    def _remember(self, theme: str) -> None:
        """Write down the theme, if it is another than before."""
        if theme == self._remembered:
            return
        self._remembered = theme
        try:
            remember_theme(preferences_path(), theme)
        except EngineError as error:
            self.tell(f"The theme cannot be remembered: {error}")
        except OSError as error:
            self.tell(f"The theme cannot be remembered ({error.strerror}: {error.filename}).")

    def on_signal(self, number: int, frame: object) -> None:
        """Only set flags: the timer, or whoever reads the control, does the rest."""
        self.ended_by = signal.Signals(number).name
        self.conductor.abandoned = exit_code(self.ended_by)
        if self.ended_by == "SIGHUP":  # the line dropped: nobody asked for an end
            self.conductor.hand_over()
        self.conductor.stop_all(self.ended_by)
        self.conductor.close()

    def _tick(self) -> None:
        if not self.query("#progress"):  # not yet, or no longer
            return
        if self.ended_by:
            self.exit()
        while not self.conductor.notices.empty():
            self.tell(self.conductor.notices.get())
        for task in self.conductor.collect():
            self._follow(task)
            self._stale.add(task.section)
            if task.step == 0 or not task.active:
                self._stale.add("runs")
            if task.state != self._states.get(task) and not task.active:
                self.last = task
            self._states[task] = task.state
        if self.current in self._stale and len(self.screen_stack) == 1 and self._pace.due():
            self._pace.drew()
            self._stale.discard(self.current)
            self.panes[self.current].redraw()
        self._write(
            "#progress",
            status_line(
                self.conductor,
                self.last,
                self.keys,
                chosen=chosen.id if (chosen := self.chosen_run) is not None else "",
                plain=self.look.plain,
                width=self.size.width,
            ),
        )
        self._write("#load", self._load)
        self._write("#where", Text(self._where(), "dim"))
        self.write_keys()

    def write_keys(self) -> None:
        """Write the line of keys, and keep what cannot be done now."""
        self.refused = {a.id: why for a in ACTIONS if (why := reason_against(a.name, self))}
        self._write("#keys", key_line(self.current, self.refused, self.keys, self.size.width))

    def _follow(self, task: Task) -> None:
        """Show a task when it begins, unless the user looks at something else in its section."""
        pane = self.experiments[task.section]
        if task.state == "running" and task not in self._begun:
            self._begun.add(task)
            nothing_chosen = pane.shown is None and not pane.moved
            if nothing_chosen or (pane.shown is not None and pane.shown is pane.followed):
                pane.show_task(task)
        if pane.shown is task:
            pane.followed = task

    def tell(self, line: str) -> None:
        """Say what happened, in the status line until something newer does."""
        self.last = line
        self.notify(line, timeout=12)

    def told_fault(self, line: str) -> None:
        """Keep an error of the screen in the status line."""
        self.last = line

    def _write(self, selector: str, words: Text) -> None:
        self.query_one(selector, Picture).show(words)

    def _where(self) -> str:
        """Return dataset, device and precision: of what is shown, or else of the next run."""
        pane = self.experiments.get(self.current)
        if pane is not None and pane.shown is not None and pane.shown.history.started is not None:
            started = pane.shown.history.started
            return where_words(started.dataset, started.environment)
        return self.conductor.where

    @work(thread=True, exit_on_error=False)
    def _read_load(self) -> None:
        """Leave a reading for the timer: a thread that waits for the screen could wait for ever."""
        self.machine = self.machine or Machine()
        self._load = Text(self.machine.read().words(), "dim")

    def on_resize(self, event: Resize) -> None:
        """Say so where the terminal is too small for anything else."""
        width, height = event.size
        small = width < SMALLEST[0] or height < SMALLEST[1]
        sections = self.screen_stack[0]  # not what is open over them
        if sections.has_class("-too-small") != small:
            sections.set_class(small, "-too-small")
            self._focus_list()
        sections.set_class(width < FULL_WIDTH, "-tiny")
        words = f"mnist-tui needs {SMALLEST[0]}x{SMALLEST[1]} cells; this is {width}x{height}."
        self.query_one("#too-small", Static).update(words)
        self._stale.update(self.panes)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the keys to what is open over the sections, or to who types."""
        if action != "choose" and (action not in BY_NAME or action in ANYWHERE):
            return True
        return len(self.screen_stack) == 1

    async def run_action(self, action, default_namespace=None, namespaces=None) -> bool:
        """Run an action, or say why it cannot be done now."""
        name = action if isinstance(action, str) else action[1]
        name = name.removeprefix("app.").partition("(")[0]
        here = len(self.screen_stack) == 1
        reason = reason_against(name, self) if here else None
        if reason is not None:
            self.notify(reason)
            return True
        return await super().run_action(action, default_namespace, namespaces)

    def get_system_commands(self, screen: Screen) -> Iterable[SystemCommand]:
        """Offer every action in the palette, beside Textual's own."""
        for action in ACTIONS:
            if action.name in ("command_palette", "leave"):
                continue
            reason = reason_against(action.name, self)
            key = f"{action.id}, key {self.keys.shown(action.id)}"
            yield SystemCommand(
                action.sentence,
                f"not now: {reason}" if reason else key,
                lambda name=action.action: self.call_later(self.do, name),
            )
        for command in super().get_system_commands(screen):
            if command.title not in ("Quit", "Keys", "Maximize", "Minimize"):
                yield command
        key = f"key {self.keys.shown('app.quit')}"
        yield SystemCommand("Leave", key, lambda: self.call_later(self.do, "leave"))

    def deliver_screenshot(
        self, filename: str | None = None, path: str | None = None, time_format: str | None = None
    ) -> None:
        """Save a picture of the screen in the current folder."""
        try:
            saved = self.save_screenshot(filename, path, time_format)
            self.tell(f"Screenshot saved: {os.path.abspath(saved)}")
        except OSError as error:
            self.tell(f"No screenshot could be saved here ({error.strerror}).")

    async def do(self, action: str) -> None:
        """Run an action by its name, where it can be done now."""
        await self.run_action(action)

    def action_command_palette(self) -> None:
        """Open the palette, unless it is open."""
        if not Palette.is_open(self):
            self.push_screen(Palette())

    async def action_choose(self, ids: str) -> None:
        """Run that of the actions on one key which belongs to this section."""
        actions = [BY_ID[id] for id in ids.split()]
        here = [action for action in actions if self.current in action.sections]
        await self.do([*here, *actions][0].action)

    def push_screen(self, screen, *arguments, **options):
        """Open a screen over the sections, with the user's own keys."""
        if isinstance(screen, Screen):
            screen._bindings = self.keys.rebound(screen._bindings)
        return super().push_screen(screen, *arguments, **options)

    def action_show(self, section: str) -> None:
        """Go to a section."""
        self.current = section
        self._write("#titles", title_line(section, self.keys))
        self.query_one(ContentSwitcher).current = section
        pane = self.panes[section]
        pane.redraw(pictures=False)
        self.call_after_refresh(pane.redraw)
        self._focus_list()
        self.write_keys()

    def _focus_list(self) -> None:
        """Give the focus to the section's list, but to none while the terminal is too small.

        At once, not by focus(), which keys that were typed ahead would overtake.
        """
        sections = self.screen_stack[0]
        shown = not sections.has_class("-too-small")
        lists = self.panes[self.current].query("OptionList, DataTable")
        sections.set_focus(lists.first() if shown else None)

    def on_unmount(self) -> None:
        """Let the engine's thread end where nobody else sees to it: in tests."""
        if self.is_headless:
            self.conductor.stop_all("user")
            self.conductor.close()
            self.conductor.join(30)
