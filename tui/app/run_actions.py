"""What the app's keys do about runs: start, edit, pause, stop, go on, leave."""

from collections.abc import Mapping

from textual.app import App

from engine.config import RunConfig
from engine.errors import MnistTuiError
from engine.runs.run import Run
from tui.app import screens
from tui.app.sections.base import ExperimentPane, Pane
from tui.app.sections.network import NetworkPane
from tui.commands import command_line
from tui.live.conductor import Conductor
from tui.live.task import Task


class RunActions(App[None]):
    """Mixed into the app."""

    shared: RunConfig
    conductor: Conductor
    experiments: Mapping[str, ExperimentPane]
    panes: Mapping[str, Pane]
    current: str
    last: str | Task
    left: bool

    @property
    def running(self) -> Task | None:
        """The run that pause and stop are about: ours, or one of another process if it is shown."""
        pane = self.experiments.get(self.current)
        if pane is not None and pane.shown is not None and pane.shown.elsewhere:
            return pane.shown
        return self.conductor.running

    @property
    def chosen_run(self) -> Run | None:
        """The run that is shown, or chosen in the table."""
        if self.current == "runs":
            return self.panes["runs"].chosen
        shown = self.experiments[self.current].shown
        return Run(shown.path) if shown is not None and shown.run else None

    @property
    def marked_runs(self) -> list[Run]:
        """The runs that are marked in the table, the newest first."""
        return self.panes["runs"].marked_runs

    @property
    def chosen_state(self) -> str:
        """Its state as the screen shows it, "" where there is none."""
        if self.current == "runs":
            return self.panes["runs"].chosen_state
        shown = self.experiments[self.current].shown
        return shown.state if shown is not None and shown.run else ""

    def action_run_choice(self) -> None:
        """Queue what is marked or chosen in the section."""
        pane = self.experiments[self.current]
        self._start(pane.configs_of_choice())
        pane.marked.clear()

    def action_run_all(self) -> None:
        """Queue everything of the section."""
        self._start(self.experiments[self.current].configs_of_all())

    def _start(self, commands: list[list[RunConfig]]) -> None:
        idle = self.conductor.own is None
        started = [self.conductor.start(configs, command_line(configs)) for configs in commands]
        self.last = ""
        if idle:
            self.experiments[self.current].show_task(started[0][0])

    def action_mark(self) -> None:
        """Mark what is highlighted."""
        self.experiments[self.current].mark()

    async def action_edit(self) -> None:
        """Edit the options of the next runs."""
        pane = self.experiments[self.current]

        def edited(answer: tuple[list[list[RunConfig]], bool] | None) -> None:
            if answer is not None:
                commands, run = answer
                pane.edit(commands)
                if run:  # what the form showed
                    self._start(commands)
                    pane.marked.clear()

        await self.push_screen(screens.Edit(pane.configs_of_choice()), edited)

    async def action_network(self) -> None:
        """Choose the network to look at."""
        pane = self.experiments[self.current]
        assert isinstance(pane, NetworkPane)

        def chosen(answer: tuple[str | None] | None) -> None:
            if answer is not None:
                pane.choose_network(answer[0])

        await self.push_screen(
            screens.ChooseNetwork(self.shared.artifacts, pane.config.run), chosen
        )

    def action_pause(self) -> None:
        """Hold what runs, or let it go on."""
        control = self.running.control
        control.paused = not control.paused

    def action_stop(self) -> None:
        """Stop what runs and keep what was done; what waits goes on."""
        try:
            self.conductor.stop(self.running, "user")
        except MnistTuiError as error:
            self.notify(str(error), severity="error")

    def action_go_on(self) -> None:
        """Go on with the run that is shown or chosen, and with what was queued behind it."""
        idle = self.conductor.own is None
        try:
            task = self.conductor.resume(self.chosen_run)
        except MnistTuiError as error:
            self.notify(f"{self.chosen_run.id} cannot go on: {error}", severity="error")
            return
        if idle:
            self.action_show(task.section)
            self.experiments[task.section].show_task(task)

    async def action_leave(self) -> None:
        """Leave; ask first where something runs."""
        own = self.conductor.own
        if own is None:
            self._leave("stop")
        else:
            paused = own.control.paused
            await self.push_screen(screens.Leave(self.conductor.waiting, paused), self._leave)

    async def action_leave_anywhere(self) -> None:
        """Leave from wherever one is; asked for again, take the question's first answer."""
        if self.screen.get_selected_text():  # Ctrl-C means to copy it
            self.screen.action_copy_text()
            self.screen.clear_selection()
        elif isinstance(self.screen, screens.Leave):
            self.screen.dismiss("stop")
        else:
            await self.action_leave()

    def _leave(self, answer: str | None) -> None:
        if answer == "detach":
            self.conductor.hand_over()
        if answer in ("stop", "detach"):
            self.conductor.stop_all("user")
            self.conductor.close()
            self.left = True
            self.exit()

    def action_detach(self) -> None:
        """Leave, and let what runs go on in a process of its own."""
        self._leave("detach")
