"""The terminal UI: four sections over the engine's tasks, a timer between the two.

A Textual thread worker runs the tasks (``Conductor.work``). It only puts events into the mailbox;
the timer empties that ten times a second for words and twice a second for charts and images, since
on a small machine every percent that the screen takes is taken from the training.
"""

import os
import signal
from typing import ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.events import Resize
from textual.widgets import ContentSwitcher, Footer, Static

from engine.config import RunConfig, options_of
from engine.errors import MnistTuiError
from tui.conductor import Conductor, Task
from tui.dialogs import Help, Leave
from tui.panes.adversarial import AdversarialPane
from tui.panes.base import Pane
from tui.panes.runs import RunsPane
from tui.panes.train import TrainPane
from tui.panes.visualize import VisualizePane
from tui.signals import CAUGHT, exit_code
from tui.words import clock

TEXT_INTERVAL = 0.1  # seconds
PICTURE_TICKS = 5  # text intervals between two drawings of charts and images
SECTIONS = (TrainPane, AdversarialPane, VisualizePane, RunsPane)
TITLES = {"train": "Train", "adversarial": "Adversarial", "visualize": "Visualize", "runs": "Runs"}
SMALLEST = (60, 18)
OWN_ACTIONS = (
    "show",
    "next_section",
    "run_choice",
    "run_all",
    "pause",
    "stop",
    "filter",
    "leave",
    "help",
)


class MnistTui(App[None]):
    """The app. ``shared`` holds the options of the command line for the runs that it starts."""

    CSS_PATH = "app.tcss"
    TITLE = "mnist-tui"
    HORIZONTAL_BREAKPOINTS: ClassVar = [(0, "-narrow"), (110, "-normal"), (160, "-wide")]
    BINDINGS: ClassVar = [
        Binding("1", "show('train')", "Train", id="show.train", show=False),
        Binding("2", "show('adversarial')", "Adversarial", id="show.adversarial", show=False),
        Binding("3", "show('visualize')", "Visualize", id="show.visualize", show=False),
        Binding("4", "show('runs')", "Runs", id="show.runs", show=False),
        Binding(
            "tab", "next_section(1)", "Next section", id="section.next", show=False, priority=True
        ),
        Binding(
            "shift+tab",
            "next_section(-1)",
            "Last section",
            id="section.last",
            show=False,
            priority=True,
        ),
        Binding("r", "run_choice", "run", id="run.choice", tooltip="Run what is chosen"),
        Binding("a", "run_all", "all", id="run.all", tooltip="Run all of this section"),
        Binding("space", "pause", "pause", id="run.pause", tooltip="Pause, or go on"),
        Binding("s", "stop", "stop", id="run.stop", tooltip="Stop and keep what was done"),
        Binding("slash", "filter", "filter", id="runs.filter", key_display="/"),
        Binding("question_mark", "help", "help", id="app.help", key_display="?"),
        Binding("q", "leave", "quit", id="app.quit"),
        Binding("ctrl+q", "leave", "quit", id="app.quit.too", show=False),
    ]

    def __init__(self, shared: RunConfig, *, plain: bool = False) -> None:
        super().__init__()
        self.plain = plain
        self.current = "train"
        self.conductor = Conductor()
        self.notice = ""
        self.leaving = False
        self.ended_by: str | None = None  # a signal's name
        self._ticks = 0
        self._last_words = Text()
        self._stale: set[str] = set()
        options = {name: getattr(shared, name) for name in options_of(RunConfig)}
        self.panes: dict[str, Pane] = {
            pane.section: pane(self.conductor, shared.artifacts, options, plain=plain)
            for pane in SECTIONS
        }

    def compose(self) -> ComposeResult:
        """Lay out the bar of sections, the sections, the line of progress and the keys."""
        yield Static(id="bar")
        with ContentSwitcher(initial="train", id="sections"):
            yield from self.panes.values()
        yield Static(id="too-small")
        yield Static(id="progress")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Start the engine's thread and the timer."""
        for number in CAUGHT:
            signal.signal(number, self._on_signal)
        self.run_worker(self.conductor.work, thread=True, name="engine", exit_on_error=False)
        self.set_interval(TEXT_INTERVAL, self._tick)
        self.call_after_refresh(self.action_show, self.current)

    def _on_signal(self, number: int, frame: object) -> None:
        """Only set a flag: the timer, or whoever reads the control, does the rest."""
        self.ended_by = signal.Signals(number).name
        if self.ended_by == "SIGHUP":
            self.conductor.abandoned = exit_code(self.ended_by)
        self.leaving = True
        self.conductor.stop_all(self.ended_by)

    def _tick(self) -> None:
        for task in self.conductor.collect():
            if self.panes[task.section].shown is not task and task.state == "running":
                self.panes[task.section].show_task(task)
            self._stale.add(task.section)
        while not self.conductor.notices.empty():
            self.notice = self.conductor.notices.get()
        self._ticks += 1
        pane = self.panes[self.current]
        if self.current in self._stale:
            pane.refresh_text()
            if self._ticks % PICTURE_TICKS == 0:
                pane.refresh_pictures()
                self._stale.discard(self.current)
        words = self._progress()
        if words != self._last_words:  # an update is sent to the terminal, changed or not
            self._last_words = words
            self.query_one("#progress", Static).update(words)
        if self.leaving and self.conductor.running is None:
            self.exit()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the keys to a question while one is asked."""
        return len(self.screen_stack) == 1 or action not in OWN_ACTIONS

    def on_resize(self, event: Resize) -> None:
        """Say so where the terminal is too small for anything else."""
        width, height = event.size
        small = width < SMALLEST[0] or height < SMALLEST[1]
        self.screen.set_class(small, "-too-small")
        words = f"mnist-tui needs {SMALLEST[0]}x{SMALLEST[1]} cells; this is {width}x{height}."
        self.query_one("#too-small", Static).update(words)
        self._stale.update(self.panes)

    def _bar(self) -> str:
        """Return the section titles as markup, the present one reversed, each to be clicked."""
        titles = ["[b] mnist-tui [/]"]
        for number, (section, title) in enumerate(TITLES.items(), 1):
            look = "reverse b" if section == self.current else "not reverse"
            titles.append(f"[{look}][@click=app.show('{section}')] {number} {title} [/][/]")
        return " ".join(titles)

    def _progress(self) -> Text:
        task = self.conductor.running
        if task is None:
            ended = [task for task in self.conductor.tasks if task.message]
            if ended and not self.notice:
                return Text(f" {ended[-1].message}", "bold red")
            return Text(f" {self.notice}" if self.notice else " ready", "dim")
        waiting = sum(task.state == "queued" for task in self.conductor.tasks)
        if not task.steps:
            return Text(f" starting {task.section} {task.config.title} … {self.notice}", "dim")
        share = task.step / task.steps
        filled = round(share * 24)
        full, rest = ("#", "-") if self.plain else ("━", "─")
        text = Text.assemble(
            f" {task.config.title}  ", (full * filled, "green"), (rest * (24 - filled), "dim"),
            f"  step {task.step:,}/{task.steps:,}",
        )  # fmt: skip
        if task.control.paused:
            text.append("  paused: space goes on", "bold yellow")
        elif task.rate:
            batch = getattr(task.config, "batch_size", None)
            if batch:
                text.append(f"  {task.rate * batch:,.0f} img/s")
            text.append(f"  {clock((task.steps - task.step) / task.rate)} left")
        if waiting:
            text.append(f"  {waiting} waiting", "dim")
        dataset = task.history.started.dataset["name"]
        return text.append(f"  {'MNIST' if dataset == 'mnist' else dataset}", "dim")

    def action_show(self, section: str) -> None:
        """Go to a section."""
        self.current = section
        self.query_one("#bar", Static).update(self._bar())
        self.query_one(ContentSwitcher).current = section
        pane = self.panes[section]
        if isinstance(pane, RunsPane):
            pane.fill()
        pane.refresh_text()
        pane.refresh_pictures()
        focusable = pane.query("OptionList, DataTable")
        if focusable:
            focusable.first().focus()

    def action_next_section(self, by: int) -> None:
        """Go to the next section, or the one before."""
        names = list(TITLES)
        self.action_show(names[(names.index(self.current) + by) % len(names)])

    def action_run_choice(self) -> None:
        """Queue what is chosen in the section."""
        self._start(lambda pane: [pane.config_of_choice()])

    def action_run_all(self) -> None:
        """Queue everything of the section."""
        self._start(lambda pane: pane.configs_of_all())

    def _start(self, configs) -> None:
        pane = self.panes[self.current]
        if isinstance(pane, RunsPane):
            self.notify("Go to 1, 2 or 3 to start a run.")
            return
        try:
            tasks = [self.conductor.start(config) for config in configs(pane)]
        except MnistTuiError as error:
            self.notify(str(error), severity="error")
            return
        self.notice = ""
        if self.conductor.running is tasks[0]:
            pane.show_task(tasks[0])

    def action_help(self) -> None:
        """Show every key, from the same list that binds them."""
        self.push_screen(Help(self.BINDINGS))

    def action_pause(self) -> None:
        """Hold what runs, or let it go on."""
        task = self.conductor.running
        if task is None:
            self.notify("Nothing runs.")
            return
        task.control.paused = not task.control.paused

    def action_stop(self) -> None:
        """Stop what runs and keep what was done; what waits goes on."""
        task = self.conductor.running
        if task is None:
            self.notify("Nothing runs.")
            return
        task.control.stop("user")

    def action_filter(self) -> None:
        """Filter the runs."""
        self.action_show("runs")
        self.panes["runs"].show_filter()

    def on_runs_pane_chosen(self, message: RunsPane.Chosen) -> None:
        """Open a run in its section, from its files alone."""
        known = [task for task in self.conductor.tasks if _is_run(task, message.run.id)]
        try:
            task = known[0] if known else self.conductor.open(message.run)
        except MnistTuiError as error:
            self.notify(str(error), severity="error")
            return
        self.action_show(task.section)
        self.panes[task.section].show_task(task)

    def action_leave(self) -> None:
        """Leave; ask first where something runs."""
        if self.conductor.running is None:
            self.conductor.close()
            self.exit()
            return
        self.push_screen(Leave(), self._answered)

    def _answered(self, stop: bool | None) -> None:
        if stop:
            self.leaving = True
            self.conductor.stop_all("user")

    def on_unmount(self) -> None:
        """Let the engine's thread end."""
        self.conductor.stop_all("user")
        self.conductor.close()


def _is_run(task: Task, run: str) -> bool:
    return task.history.started is not None and task.history.started.run == run


def plain_terminal() -> bool:
    """Tell whether images must be drawn in plain ASCII: no colour wanted, or no UTF-8 there."""
    import locale

    utf8 = "utf" in (locale.getpreferredencoding(False) or "").lower()
    return bool(os.environ.get("NO_COLOR")) or not utf8
