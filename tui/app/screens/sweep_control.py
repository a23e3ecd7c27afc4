"""Stopping a sweep, or one of its runs, and resuming it in the background."""

import subprocess
from typing import Any

from engine.errors import MnistTuiError
from engine.files.log import log_path, open_log
from engine.runs.lock import is_driven
from engine.sweeps.states import ACTIVE, FINISHED, RunState
from engine.sweeps.sweep import Sweep
from engine.sweeps.watch import Seen
from tui.app.guard import GuardedDialog
from tui.app.widgets.sweep_rows import SweepRows
from tui.live.hand_over import start_process


class Controlled(GuardedDialog):
    """Mixed in before the screen of a sweep."""

    sweep: Sweep
    seen: Seen | None
    rows: SweepRows
    _process: subprocess.Popen[Any] | None = None  # that resumes the sweep

    async def action_stop(self) -> None:
        """Ask what is to be stopped, and stop it."""
        from tui.app import screens

        if not is_driven(self.sweep.path):
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
                self.sweep.ask_to_stop()
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

    def action_go_on(self) -> None:
        """Have another process resume the sweep."""
        if self.seen is None or self._process is not None:
            return
        if is_driven(self.sweep.path):
            self._say("This sweep is running.")
        elif self.seen.status == FINISHED:
            self._say("This sweep has finished; there is nothing to resume.")
        else:
            self.guarded(self._go_on)

    def _go_on(self) -> None:
        words = ["sweep", "resume", self.sweep.id, "--artifacts", str(self.sweep.artifacts)]
        nothing = subprocess.DEVNULL
        with open_log() as log:
            self._process = start_process(
                [*words, "--quiet"], stdin=nothing, stdout=nothing, stderr=log
            )
        self._say("Resuming it in the background; it goes on without this app.")

    def mind_process(self) -> None:
        """Say so where the process that was to resume the sweep could not."""
        if self._process is None:
            return
        code = self._process.poll()
        if code is None and not is_driven(self.sweep.path):
            return  # it is importing torch
        self._process = None
        if code and self.seen is not None and self.seen.counts[FINISHED] < len(self.seen.states):
            self._say(f"It could not be resumed, or runs failed; see {log_path()}.", bad=True)

    def _say(self, words: str, *, bad: bool = False) -> None:
        self.app.notify(words, severity="error" if bad else "information")
