"""What the artifacts folder holds, listed without keeping the screen waiting where that is much."""

import os
from contextlib import suppress
from pathlib import Path

from textual import work

from engine.errors import MnistTuiError
from engine.runs.index import summaries
from engine.runs.summary import Summary
from tui.app.sections.pane import Pane

AT_ONCE = 200  # runs that may be read while the screen waits


class Listing(Pane):
    """A section that shows what the folder holds."""

    _indexed = False  # whether many runs have been read once
    _listing = _list_again = False

    def show_list(self, found: list[Summary], sweeps: list[str], error: str = "") -> None:
        """Show the runs, the newest first, and ids of sweeps; or why they cannot be listed."""
        raise NotImplementedError

    def say(self, words: str, style: str = "") -> None:
        """Show words in place of the runs."""
        raise NotImplementedError

    def refresh_text(self) -> None:
        """List the artifacts folder again; the cursor stays on its run."""
        if self._are_many():
            if not self._indexed:
                self.say("Reading the runs …")
            self._list_in_thread()
            return
        try:
            self._show(*self._list_all())
        except MnistTuiError as error:
            self._show([], [], str(error))

    def _show(self, found: list[Summary], sweeps: list[str], error: str = "") -> None:
        self._indexed = not error
        self.show_list(found, sweeps, error)

    def _list_all(self) -> tuple[list[Summary], list[str]]:
        """Return the runs and the ids of the sweeps. Raises MnistTuiError."""
        from engine.sweeps.sweep import list_sweeps  # the first frame does not need it

        folder = Path(self.artifacts)
        return summaries(folder), [sweep.id for sweep in list_sweeps(folder)]

    def _are_many(self) -> bool:
        """Tell whether listing takes longer than the screen may wait."""
        with suppress(OSError):  # it is told when they are listed
            return len(os.listdir(self.artifacts)) > AT_ONCE
        return False

    def _list_in_thread(self) -> None:
        """List many runs without keeping the screen waiting."""
        self._list_again = self._listing
        if not self._listing:
            self._listing = True
            self._list_many()

    @work(thread=True, group="list", exit_on_error=False)
    def _list_many(self) -> None:
        found: list[Summary] = []
        sweeps: list[str] = []
        error = ""
        try:
            found, sweeps = self._list_all()
        except MnistTuiError as told:
            error = str(told)
        finally:
            self.call_later(self._listed, found, sweeps, error)

    def _listed(self, found: list[Summary], sweeps: list[str], error: str) -> None:
        self._listing = False
        self._show(found, sweeps, error)
        if self._list_again:
            self._list_in_thread()
