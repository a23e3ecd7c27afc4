"""The terminal UI: a main screen over the engine's tasks.

A thread runs the tasks (``Conductor.work``). It only puts events into the mailbox; the main
screen's timer empties that five times a second for the status line, and draws the section as often
as ``Pace`` allows.
"""

import gc
import os
import signal
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.app import SystemCommand
from textual.binding import BindingsMap
from textual.command import CommandPalette
from textual.events import Resize
from textual.screen import Screen
from textual.theme import Theme

from engine.config import RunConfig
from engine.errors import EngineError
from engine.options import options_of
from engine.runs.run import Run
from tui.app import colours, screens, sections
from tui.app.guard import GuardedApp, GuardedDialog
from tui.app.keys.keymap import Keymap
from tui.app.keys.main_actions import TRY
from tui.app.look import Look
from tui.app.machine import Machine
from tui.app.main_screen import MainScreen
from tui.app.palette import ActionCommands, Palette, RunCommands, SweepCommands
from tui.app.panels import BREAKPOINTS
from tui.app.preferences import Preferences, preferences_path, remember
from tui.app.terminal.filters import IN_ASCII
from tui.app.terminal.screenshot import Screenshots
from tui.drawing.placing import Placing
from tui.images import AUTO
from tui.live.conductor import Conductor
from tui.live.signals import exit_code
from tui.live.task import Task

if TYPE_CHECKING:
    from engine.sweeps.sweep import Sweep

LOAD_INTERVAL = 2.0  # seconds between two readings of CPU, memory and GPU
FOLLOW_INTERVAL = 0.5  # seconds between two looks at the journals of others


class MnistTui(Screenshots, GuardedApp):
    """The app. ``shared`` holds the options that all runs share."""

    CSS_PATH = "app.tcss"
    TITLE = "mnist-tui"
    # Instance variables in Textual's eyes, so no ClassVars here.
    HORIZONTAL_BREAKPOINTS = [(least, f"-{name}") for least, name in BREAKPOINTS]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (34, "-tall"), (54, "-high")]  # noqa: RUF012
    ENABLE_COMMAND_PALETTE = False  # under Textual's key: ours is an action like any other
    COMMANDS: ClassVar = {*GuardedApp.COMMANDS, ActionCommands, RunCommands, SweepCommands}

    def __init__(
        self,
        shared: RunConfig,
        *,
        plain: bool = False,
        preferences: Preferences | None = None,
        conductor: Conductor | None = None,
        machine: Machine | None = None,
        run: Run | None = None,
        sweep: "Sweep | None" = None,
        pad: bool = False,
        images: str = AUTO,
    ) -> None:
        """``plain`` draws in ASCII, ``images`` as they say; ``run``, ``sweep`` or the pad opens."""
        super().__init__()
        if plain:
            self.filters.append(IN_ASCII)
        look = Look.of(images, plain=plain, uncoloured=plain or self.no_color)
        if isinstance(look.shades, Placing):
            self.show_images(look.shades)
        self.shared = shared
        self.preferences = preferences or Preferences()
        self.keys = Keymap(self.preferences.keys)
        anywhere = [action.binding() for action in self.keys.actions.all if action.anywhere]
        ours = self.keys.rebound(BindingsMap(anywhere))
        self._bindings = BindingsMap.from_keys(
            self._bindings.key_to_bindings | ours.key_to_bindings
        )
        self.machine = machine
        self.conductor = conductor or Conductor()
        self.last: str | Task = ""  # what happened last: a notice, or a run that ended
        self.load = ""  # of the machine
        self.ended_by: str | None = None  # a signal's name
        self.left = False  # because the user wanted to
        self.conductor.shelf.look(shared.artifacts)
        shares = self.preferences.panels
        self.main = MainScreen(
            self.conductor, look, self.keys, shared.artifacts, self._options(), shares
        )
        self._to_open = run
        self._sweep = sweep
        self._to_try = pad
        self._looked_around = 0.0
        self._remembered = ""  # the theme that need not be written down

    def _options(self) -> dict[str, Any]:
        """Return the user's defaults for the sections, with the options that all runs share."""
        shared = {name: getattr(self.shared, name) for name in options_of(RunConfig)}
        return dict(self.preferences.defaults) | shared

    def get_css_variables(self) -> dict[str, str]:
        """Return the theme's variables, legible, and our own."""
        generated = super().get_css_variables()
        self.theme_variables = generated | colours.variables(self.current_theme, generated)
        return self.theme_variables

    def get_default_screen(self) -> Screen[None]:
        """Return the screen under all others."""
        return self.main

    def on_mount(self) -> None:
        """Start the engine's thread and the timers."""
        if self.preferences.theme in self.available_themes:
            self.theme = self.preferences.theme
        self._remembered = self.theme
        self.theme_changed_signal.subscribe(self, self._changed_theme)
        self.set_interval(LOAD_INTERVAL, self._read_load)
        self.set_interval(FOLLOW_INTERVAL, self._follow_others)
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        """Do what need not delay the first frame."""
        gc.enable()
        self.conductor.start_thread()
        self.conductor.prepare(self.shared)
        if self._to_open is not None:
            self.main.open_run(self._to_open)
        if self._sweep is not None:
            self.main.show(sections.RUNS)
            self.call_later(self.main.open_sweep, self._sweep.path)
        if self._to_try:
            self.call_later(self.main.perform, TRY)
        self._open_newest()

    @work(thread=True, exit_on_error=False)
    def _open_newest(self) -> None:
        self.conductor.shelf.open_newest(self.shared.artifacts)
        self.main.stale.update(self.main.experiments)
        going_on = self.conductor.shelf.look_for_driven(self.shared.artifacts)
        if going_on and self._to_open is None and self._sweep is None:  # as it was left
            self._to_open = Run(going_on[0].path)
            self.call_later(self.main.open_run, self._to_open)

    @work(thread=True, group="follow", exclusive=True, exit_on_error=False)
    def _follow_others(self) -> None:
        """Follow the runs that other processes drive, and look for new ones."""
        self.conductor.shelf.follow()
        if time.monotonic() - self._looked_around > LOAD_INTERVAL:
            self._looked_around = time.monotonic()
            if self.conductor.shelf.look_for_driven(self.shared.artifacts):
                self.main.stale.update(self.main.panes)

    @work(thread=True, exit_on_error=False)
    def _read_load(self) -> None:
        """Leave a reading for the timer: a thread must never wait for the screen."""
        self.machine = self.machine or Machine()
        self.machine.device = self.conductor.device or self.shared.device
        self.load = self.machine.read().words()

    def _changed_theme(self, theme: Theme) -> None:
        """Draw what does not follow the theme by itself: the cells of a table."""
        self.main.stale.update(self.main.panes)
        self._remember(theme.name)

    def _remember(self, theme: str) -> None:
        """Save the theme if it has changed."""
        if theme == self._remembered:
            return
        self._remembered = theme
        self.remember("theme", ("theme",), theme)

    def remember(self, what: str, entry: Sequence[str], value: str | float | None) -> None:
        """Write a setting into config.toml, or take it out; say so where that cannot be."""
        try:
            remember(preferences_path(), entry, value)
        except EngineError as error:
            self.tell(f"The {what} cannot be remembered: {error}")
        except OSError as error:
            self.tell(f"The {what} cannot be remembered ({error.strerror}: {error.filename}).")

    def on_resize(self, event: Resize) -> None:
        """Resize the main screen, whatever is open over it."""
        if self.main.is_mounted:
            self.main.fit(event.size)
            for screen in self.screen_stack:
                if isinstance(screen, GuardedDialog):
                    screen.fit(self.main.too_small_now)

    async def action_do(self, ids: str) -> None:
        """Do an action whose key works in dialogs too."""
        await self.main.action_do(ids)

    def tell(self, line: str) -> None:
        """Show a message in the status line until a newer one."""
        self.last = line
        self.notify(line, timeout=12)

    def told_fault(self, line: str) -> None:
        """Keep an error of the screen in the status line."""
        self.last = line

    def push_screen(self, screen: Any, *arguments: Any, **options: Any) -> Any:
        """Open a screen over the sections, with the user's own keys."""
        if isinstance(screen, Screen):
            screen._bindings = self.keys.rebound(screen._bindings)
            screen.set_class(self.main.too_small_now, "-too-small")
        return super().push_screen(screen, *arguments, **options)

    # The palette.

    def action_command_palette(self) -> None:
        """Open the palette, unless it is open."""
        if not isinstance(self.screen, CommandPalette):
            self.push_screen(Palette())

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Drop Textual's commands that ours replace."""
        for command in super().get_system_commands(screen):
            if command.title not in ("Quit", "Keys", "Maximize", "Minimize"):
                yield command
        quit_ = self.keys.actions.by_id["app.quit"]
        yield SystemCommand(
            "Leave", f"key {self.keys.shown(quit_.id)}",
            lambda: self.call_later(self.main.perform, quit_),
        )  # fmt: skip

    def deliver_screenshot(
        self, filename: str | None = None, path: str | None = None, time_format: str | None = None
    ) -> None:
        """Save a picture of the screen in the current folder."""
        try:
            saved = self.save_screenshot(filename, path, time_format)
            self.tell(f"Screenshot saved: {os.path.abspath(saved)}")
        except OSError as error:
            self.tell(f"No screenshot could be saved here ({error.strerror}).")

    # Leaving.

    def on_signal(self, number: int, frame: object) -> None:
        """Set flags only: the timer, or the reader of the control, does the rest."""
        self.ended_by = signal.Signals(number).name
        self.conductor.abandoned = exit_code(self.ended_by)
        if self.ended_by == "SIGHUP":  # the line dropped: nobody asked for an end
            self.conductor.hand_over()
        self.conductor.stop_all(self.ended_by)
        self.conductor.close()

    async def leave(self) -> None:
        """Quit; ask first if a run is active."""
        if self.conductor.own is None:
            self._leave("stop")
        else:
            await self.push_screen(screens.Leave(self.conductor, self.keys), self._leave)

    async def leave_anywhere(self) -> None:
        """Quit from anywhere; the second time, take the question's first answer."""
        if self.screen.get_selected_text():  # Ctrl-C means to copy it
            self.screen.action_copy_text()
            self.screen.clear_selection()
        elif isinstance(self.screen, screens.Leave):
            self.screen.dismiss("detach" if self.conductor.own is not None else "stop")
        else:
            await self.leave()

    def detach(self) -> None:
        """Quit, and let the active run continue in a process of its own."""
        self._leave("detach")

    def _leave(self, answer: str | None) -> None:
        if answer == "detach":
            self.conductor.hand_over()
        if answer in ("stop", "detach"):
            self.conductor.stop_all("user")
            self.conductor.close()
            self.left = True
            self.exit()

    def on_unmount(self) -> None:
        """End the engine's thread where nobody else does: in tests."""
        if self.is_headless:
            self.conductor.stop_all("user")
            self.conductor.close()
            self.conductor.join(30)
