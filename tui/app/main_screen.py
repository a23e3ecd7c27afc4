"""The main screen: the open section between the titles, the status line and the key bar."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from inspect import isawaitable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import BindingsMap
from textual.containers import Horizontal
from textual.events import Click
from textual.geometry import Size
from textual.reactive import reactive
from textual.screen import Screen
from textual.widgets import ContentSwitcher, Static

from engine.config import RunConfig
from engine.errors import MnistTuiError
from engine.files.text import enumerated
from engine.runs.run import Run
from tui.app import screens, sections
from tui.app.guard import Guarded
from tui.app.keys.action import Action
from tui.app.keys.keymap import Keymap, titled
from tui.app.look import Look
from tui.app.panels import Resizable, Shares, apply_shares, arrangement_of
from tui.app.sections.base import ExperimentPane
from tui.app.sections.pane import Pane
from tui.app.sections.runs.pane import RunsPane
from tui.app.sections.shared_actions import OPEN
from tui.app.surroundings import Surroundings
from tui.app.terminal.pace import Pace
from tui.app.widgets.keybar import Links, title_line
from tui.app.widgets.picture import Picture
from tui.commands import command_line
from tui.live.conductor import Conductor
from tui.live.task import Task

if TYPE_CHECKING:
    from tui.app.app import MnistTui

TEXT_INTERVAL = 0.2  # seconds
AROUND = 2  # ticks between looks at what stands around the section; after a change it is the next
SMALLEST = (60, 18)
FULL_WIDTH = 76  # cells; below, each section leaves out its right column


class MainScreen(Guarded, Surroundings, Screen[None]):
    """Holds the panes of all sections, and does what the keys say."""

    app: "MnistTui"
    current: reactive[str] = reactive("", init=False, always_update=True, repaint=False)

    too_small = getters.query_one("#too-small", Static)
    switcher = getters.query_one(ContentSwitcher)

    def __init__(
        self,
        conductor: Conductor,
        look: Look,
        keys: Keymap,
        artifacts: str,
        options: Mapping[str, Any],
        shares: Shares,
    ) -> None:
        """``options`` and ``shares`` are the user's: for the next runs, and sizes of panels."""
        super().__init__(id="_default")
        self.conductor = conductor
        self.keys = keys
        ours = BindingsMap([action.binding() for action in keys.actions.all if not action.anywhere])
        self._bindings = keys.rebound(BindingsMap.merge([self._bindings, ours]))
        place = conductor, look, artifacts
        self.experiments: dict[str, ExperimentPane] = {
            name: sections.experiment_pane(name)(*place, options) for name in sections.experiments()
        }
        self.runs = RunsPane(*place)
        self.panes: dict[str, Pane] = {**self.experiments, sections.RUNS: self.runs}
        self.set_reactive(MainScreen.current, next(iter(self.panes)))
        self._opened = asyncio.Event()  # keys that were typed ahead wait for it
        self._shares = dict(shares)
        self._arrangement = arrangement_of(0)
        self.stale: set[str] = set()  # sections that are to be drawn again
        self._pace = Pace()
        self._surveyed = 0  # datasets
        self._ticks = 0
        self._begun: set[Task] = set()
        self._only_in: dict[Action[Any], str] = {}  # where an action is, in words
        self._states: dict[Task, str] = {}  # at the last look

    def compose(self) -> ComposeResult:
        """Lay out the titles, the sections, the status line and the keys."""
        with Horizontal(id="bar"):
            yield Links(id="titles")
            yield Picture(id="where")
        with ContentSwitcher(initial=next(iter(self.panes)), id="sections"):
            yield from self.panes.values()
        yield Static(id="too-small")
        with Horizontal(id="status"):
            yield Picture(id="progress")
            yield Picture(id="load")
        yield Links(id="keys")

    def on_mount(self) -> None:
        """Open the first section and start following the runs."""
        try:
            self.set_interval(TEXT_INTERVAL, self._tick)
            self.fit(self.app.size)
            self.show(self.current)
        finally:
            self._opened.set()

    # Sections.

    @property
    def pane(self) -> Pane:
        """The open section's pane."""
        return self.panes[self.current]

    def show(self, section: str) -> None:
        """Go to a section."""
        self.current = section

    def watch_current(self) -> None:
        """Open the section."""
        self.titles.show(title_line(self.current, self.keys))
        self.switcher.current = self.current
        self.pane.redraw(pictures=False)
        self.call_after_refresh(self.pane.redraw)
        self._focus_list()
        self.look_around()

    def turn(self, by: int) -> None:
        """Go to the next section, or the one before."""
        names = list(self.panes)
        self.show(names[(names.index(self.current) + by) % len(names)])

    def _focus_list(self) -> None:
        """Focus the section's list or enlarged panel; nothing while the terminal is too small.

        At once, not by focus(), which keys that were typed ahead would overtake.
        """
        shown = not self.has_class("-too-small")
        self.set_focus(self.pane.home if shown else None)

    def fit(self, size: Size) -> None:
        """Adapt to the terminal's size; say so if it is too small."""
        if not self._there:
            return
        small = size.width < SMALLEST[0] or size.height < SMALLEST[1]
        if self.has_class("-too-small") != small:
            self.set_class(small, "-too-small")
            self._focus_list()
        self.set_class(size.width < FULL_WIDTH, "-tiny")
        needed = f"{SMALLEST[0]}x{SMALLEST[1]}"
        self.too_small.update(
            f"mnist-tui needs {needed} cells; this is {size.width}x{size.height}."
        )
        self._arrangement = arrangement_of(size.width)
        self.size_panels()
        self.call_after_refresh(self.size_panels)  # again, by the style sheet for this size
        self.stale.update(self.panes)

    def size_panels(self) -> None:
        """Give panels the sizes that the user has chosen, or ours."""
        for pane in self.panes.values():
            if pane.whole is None:
                apply_shares(pane, self._shares, self._arrangement)

    def on_resizable_resized(self, message: Resizable.Resized) -> None:
        """Give a panel its new size, and keep it once the mouse has let go."""
        place = f"{self._arrangement}.{message.panel}"
        if message.share is None:
            self._shares.pop(place, None)
        else:
            self._shares[place] = message.share
        self.size_panels()
        if message.settled:
            entry = ("panels", self._arrangement, message.panel)
            self.app.remember("size of the panel", entry, message.share)

    @property
    def too_small_now(self) -> bool:
        """Whether the terminal is smaller than the app takes."""
        return self.has_class("-too-small")

    # Actions.

    async def action_do(self, ids: str) -> None:
        """Of the actions on one key, do the one that the open section has."""
        await self._opened.wait()
        actions = [self.keys.actions.by_id[id] for id in ids.split()]
        here = [action for action in actions if self._has(action)]
        await self.perform([*here, *actions][0])

    async def perform(self, action: Action[Any]) -> None:
        """Do an action, or say why it cannot be done now."""
        if self.app.screen is not self and not action.anywhere:
            return
        if (why := self.reason_against(action)) is not None:
            self.notify(why)
            return
        done = action.do(self._owner(action))
        if isawaitable(done):
            await done
        self._ticks = 0  # what it changed is said at the next one

    def reason_against(self, action: Action[Any]) -> str | None:
        """Return why an action cannot be done now, None where it can."""
        if self._has(action):
            return action.reason(self._owner(action))
        if action not in self._only_in:
            places = [titled(name, self.keys) for name in self.keys.actions.sections_of(action)]
            self._only_in[action] = f"Only available in {enumerated(places)}."
        return self._only_in[action]

    def _has(self, action: Action[Any]) -> bool:
        return action in self.keys.actions.of_section(self.current)

    def _owner(self, action: Action[Any]) -> "MainScreen | Pane":
        return self if action in self.keys.actions.of_main else self.pane

    @on(Click, "ExperimentPane OptionList")
    async def _click(self, event: Click) -> None:
        """A click chooses a row, a double click looks closely."""
        if event.chain == 2:
            self.call_later(self.perform, OPEN)

    # Runs.

    def start(self, commands: Sequence[Sequence[RunConfig]]) -> None:
        """Queue runs, a list for each command line, and show the first if nothing is active."""
        idle = self.conductor.own is None
        started = [self.conductor.start(configs, command_line(configs)) for configs in commands]
        self.app.last = ""
        if idle:
            task = started[0][0]
            self.experiments[task.section].show_task(task)

    def use_dataset(self, dataset: str, *, but: ExperimentPane | None = None) -> None:
        """Work on another dataset from now on, in all sections but one that does already."""
        for pane in self.experiments.values():
            if pane is not but and pane.config.dataset != dataset:
                pane.use_dataset(dataset)
        self.app.shared = replace(self.app.shared, dataset=dataset)
        self.conductor.prepare(self.app.shared)
        self.stale.update(self.panes)

    def show_task(self, task: Task) -> None:
        """Go to a run's section and show it there."""
        self.show(task.section)
        self.experiments[task.section].show_task(task)

    def on_runs_pane_chosen(self, message: RunsPane.Chosen) -> None:
        """Open the run that was chosen in the table."""
        self.open_run(message.run)

    def open_run(self, run: Run) -> None:
        """Open a run in its section, from its files if it was not started here."""
        try:
            task = self.conductor.open(run)
        except MnistTuiError as error:
            self.notify(f"{run.id} cannot be opened: {error}", severity="error")
            return
        self.show(task.section)
        self.call_after_refresh(self.experiments[task.section].show_task, task)

    async def open_sweep(self, path: Path) -> None:
        """Open the screen of a sweep; a run that is chosen there is opened in its section."""
        from engine.sweeps.sweep import Sweep  # the first frame does not need it

        def chosen(run: Run | None) -> None:
            if run is not None:
                self.open_run(run)
            self.stale.add(sections.RUNS)

        await self.app.push_screen(screens.SweepView(Sweep(path), self.runs.look), chosen)

    # What changes as runs go on.

    def _tick(self) -> None:
        if not self._there:
            return
        if self.app.ended_by:
            self.app.exit()
        while not self.conductor.notices.empty():
            self.app.tell(self.conductor.notices.get())
            self._ticks = 0
        if self._surveyed != (surveyed := len(self.conductor.examples)):
            self._surveyed = surveyed  # a dataset is open now, with what its classes are called
            self.stale.update(self.panes)
        for task in self.conductor.collect():
            self._follow(task)
            self.stale.add(task.section)
            if task.step == 0 or not task.active:
                self.stale.add(sections.RUNS)
            if task.state != self._states.get(task):
                self._ticks = 0
                if not task.active:
                    self.app.last = task
            self._states[task] = task.state
        if self.current in self.stale and self.is_current and self._pace.due():
            self._pace.drew()
            self.stale.discard(self.current)
            self.pane.redraw()
        if self._ticks % AROUND == 0:
            self.look_around()
        self._ticks += 1

    def _follow(self, task: Task) -> None:
        """Show a task when it begins, unless the user looks at something else in its section."""
        pane = self.experiments[task.section]
        # A short run of ours may have ended since the last look.
        begun = task.state == "running" or (task.run and task in self.conductor.tasks)
        if begun and task not in self._begun:
            self._begun.add(task)
            nothing_chosen = pane.shown is None and not pane.moved
            if nothing_chosen or (pane.shown is not None and pane.shown is pane.followed):
                pane.show_task(task)
        if pane.shown is task:
            pane.followed = task
