"""Stopping a sweep, or one of its runs, and resuming it in the background."""

import subprocess
from typing import Any

from engine.errors import MnistTuiError
from engine.files.log import log_path, open_log
from engine.sweeps.states import ACTIVE, FINISHED, SLURM, SUBMITTED, RunState
from engine.sweeps.sweep import Sweep
from engine.sweeps.watch import Seen
from tui.app.guard import GuardedDialog
from tui.app.widgets.sweep_rows import SweepRows
from tui.live.hand_over import start_process


class Controlled(GuardedDialog):
    """Mixed in before the screen of a sweep."""

    sweep: Sweep
    rows: SweepRows
    # Processes that were started here, until they have done it.
    _resuming: subprocess.Popen[Any] | None = None
    _stopping: subprocess.Popen[Any] | None = None

    @property
    def seen(self) -> Seen | None:
        """The sweep as it was at the last look."""
        raise NotImplementedError

    async def action_stop(self) -> None:
        """Ask what is to be stopped, and stop it."""
        from tui.app import screens

        if not self._goes_on:
            self._say("Nothing drives this sweep now.")
            return
        chosen = self.rows.chosen
        state = chosen if chosen is not None and chosen.status == ACTIVE else None
        words = None if state is None else state.planned.run_id

        def answered(answer: str | None) -> None:
            self.guarded(self._stop, answer, state)

        name = self.sweep.id.partition("-sweep-")[2]
        await self.app.push_screen(screens.StopSweep(name, words), answered)

    def _stop(self, answer: str | None, state: RunState | None) -> None:
        try:
            if answer == "sweep":
                self._stop_all()
                self._say("The sweep stops at its runs' next steps.")
            elif answer == "run" and state is not None:
                self.sweep.run(state.planned).ask_to_stop()
                self._say(f"{state.planned.run_id} stops at its next step.")
            elif answer == "run":
                self._say("The run under the cursor is not active.")
        except OSError as error:
            self._say(f"It cannot be stopped from here ({error.strerror}).", bad=True)
        except MnistTuiError as error:
            self._say(str(error), bad=True)

    @property
    def _goes_on(self) -> bool:
        """Whether anything drove the sweep at the last look, or SLURM has tasks of it."""
        return self.seen is not None and self.seen.status in (ACTIVE, SUBMITTED)

    def _stop_all(self) -> None:
        if self.sweep.plan.executor == SLURM:  # whose queue is asked by a command
            self._stopping = self._start("stop")
        else:
            self.sweep.ask_to_stop()

    def action_go_on(self) -> None:
        """Have another process resume the sweep."""
        if self.seen is None or self._resuming is not None:
            return
        if self._goes_on:
            self._say(f"This sweep is {self.seen.status}.")
        elif self.seen.status == FINISHED:
            self._say("This sweep has finished; there is nothing to resume.")
        else:
            self.guarded(self._go_on)

    def _go_on(self) -> None:
        self._resuming = self._start("resume", "--quiet")
        self._say("Resuming it in the background; it does not need this app.")

    def _start(self, command: str, *options: str) -> subprocess.Popen[Any]:
        """Start a command about this sweep in a process of its own."""
        words = ["sweep", command, self.sweep.id, "--artifacts", str(self.sweep.artifacts)]
        nothing = subprocess.DEVNULL
        with open_log() as log:
            return start_process([*words, *options], stdin=nothing, stdout=nothing, stderr=log)

    def mind_processes(self) -> None:
        """Say so where a process could not resume the sweep, or stop it."""
        if self._stopping is not None and (code := self._stopping.poll()) is not None:
            self._stopping = None
            if code:
                self._say(f"The sweep could not be stopped; see {log_path()}.", bad=True)
        if self._resuming is None:
            return
        code = self._resuming.poll()
        if code is None and not self._goes_on:
            return  # it is importing torch
        self._resuming = None
        if code and self.seen is not None and self.seen.counts[FINISHED] < len(self.seen.states):
            self._say(f"It could not be resumed, or runs failed; see {log_path()}.", bad=True)

    def _say(self, words: str, *, bad: bool = False) -> None:
        self.app.notify(words, severity="error" if bad else "information")
