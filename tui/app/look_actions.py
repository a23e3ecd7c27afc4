"""What the app's keys do about looking: sections, close looks, the step cursor, axes, help."""

from collections.abc import Mapping

from textual import on
from textual.app import App
from textual.events import Click

from engine.errors import MnistTuiError
from engine.runs.run import Run
from tui.app import screens
from tui.app.actions import EVERYWHERE
from tui.app.look import Look
from tui.app.preferences import Preferences
from tui.app.sections.base import ExperimentPane, Pane
from tui.app.sections.runs import RunsPane
from tui.live.conductor import Conductor


class LookActions(App[None]):
    """Mixed into the app."""

    conductor: Conductor
    experiments: Mapping[str, ExperimentPane]
    panes: Mapping[str, Pane]
    current: str
    look: Look
    preferences: Preferences

    def action_next_section(self, by: int) -> None:
        """Go to the next section, or the one before."""
        index = EVERYWHERE.index(self.current) + by
        self.action_show(EVERYWHERE[index % len(EVERYWHERE)])

    async def action_open(self) -> None:
        """Look closely at what is chosen, or open the run."""
        if self.current == "runs":
            self.open_run(self.panes["runs"].chosen)
        else:
            view = getattr(screens, screens.CLOSE_UPS[self.current])
            await self.push_screen(view(self.experiments[self.current]))

    @on(Click, "ExperimentPane OptionList")
    def _click(self, event: Click) -> None:
        """A click chooses a row, a double click looks closely."""
        if event.chain == 2:
            self.call_later(self.do, "open")

    async def action_map(self) -> None:
        """Show success by true digit and target."""
        await self.push_screen(screens.SuccessMap(self.experiments[self.current]))

    def action_step(self, by: int) -> None:
        """Move the step cursor."""
        self.experiments[self.current].move_cursor(by)

    def action_live(self) -> None:
        """Return to the latest step."""
        if self.current in self.experiments:
            self.experiments[self.current].cursor = None
            self.panes[self.current].refresh_pictures()

    def action_cursor(self, where: str) -> None:
        """Move in the list or table that has the focus."""
        move = getattr(self.focused, f"action_cursor_{where}", None)
        if move is not None:
            move()

    def action_scroll_panels(self, by: int) -> None:
        """Scroll what the section's panels cannot show at once."""
        self.experiments[self.current].scroll_panels(by)

    def action_logarithm(self) -> None:
        """Draw losses on a logarithmic axis, or a linear one."""
        self.look.logarithm = not self.look.logarithm
        self.panes[self.current].refresh_pictures()

    def action_smoothing(self) -> None:
        """Take the next smoothing."""
        self.look.smooth_more()
        self.panes[self.current].refresh_pictures()
        share = self.look.smoothing
        self.notify(f"smoothed over {share:.1%} of the steps" if share else "not smoothed")

    def action_mark_run(self) -> None:
        """Mark the run under the cursor, or take its mark away."""
        self.panes["runs"].mark()

    async def action_compare(self) -> None:
        """Hold the marked runs against each other."""
        from engine.analysis.compare import compare

        try:
            comparison = compare(self.panes["runs"].marked_runs)
        except MnistTuiError as error:
            self.notify(str(error), severity="error")
            return
        await self.push_screen(screens.Compare(comparison, self.look))

    async def action_files(self) -> None:
        """Show where the run's files are."""
        await self.push_screen(screens.Files(self.chosen_run))

    def action_filter(self) -> None:
        """Filter the runs."""
        self.panes["runs"].show_filter()

    def on_runs_pane_chosen(self, message: RunsPane.Chosen) -> None:
        """Open the run that was chosen in the table."""
        self.open_run(message.run)

    def open_run(self, run: Run) -> None:
        """Open a run in its section, from its files alone where it was not started here."""
        try:
            task = self.conductor.open(run)
        except MnistTuiError as error:
            self.notify(f"{run.id} cannot be opened: {error}", severity="error")
            return
        self.action_show(task.section)
        self.call_after_refresh(self.experiments[task.section].show_task, task)

    async def action_help(self) -> None:
        """Show every key."""
        self.write_keys()  # what is refused now, not at the timer's last look
        await self.push_screen(screens.Help(self.keys, self.refused))
