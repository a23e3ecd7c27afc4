"""Runs: what was run, newest first; enter opens one in its section from its files alone."""

from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import Key
from textual.message import Message
from textual.widgets import DataTable, Input, Static

from engine.errors import MnistTuiError
from engine.store import Run, list_runs
from tui.panes.base import Pane
from tui.tables import run_cells

COLUMNS = ("run", "section", "status", "dataset", "recipe", "seed", "result")


class RunsPane(Pane):
    """The table of runs."""

    section = "runs"

    class Chosen(Message):
        """A run was chosen to be opened."""

        def __init__(self, run: Run) -> None:
            super().__init__()
            self.run = run

    def compose(self) -> ComposeResult:
        """Lay out the filter and the table."""
        with Vertical(classes="panel") as panel:
            panel.border_title = "Runs"
            yield Input(placeholder="filter", id="filter")
            yield DataTable(cursor_type="row", id="run-table")
            yield Static(id="no-runs")

    def on_mount(self) -> None:
        """Write the head of the table."""
        self.query_one(DataTable).add_columns(*COLUMNS)

    def fill(self) -> None:
        """Read the artifacts folder again."""
        table = self.query_one(DataTable)
        words = self.query_one(Input).value.lower()
        table.clear()
        try:
            runs = list_runs(Path(self.artifacts))
        except MnistTuiError as error:
            self.query_one("#no-runs", Static).update(str(error))
            return
        for run in runs:
            row = run_cells(run)
            if words in " ".join(row).lower():
                table.add_row(*row, key=run.id)
        empty = "" if runs else f"No runs in {self.artifacts} yet; go to 1 and press r."
        self.query_one("#no-runs", Static).update(empty)

    def show_filter(self) -> None:
        """Let the user type what the shown runs must contain."""
        box = self.query_one(Input)
        box.add_class("-shown")
        box.focus()

    def on_key(self, event: Key) -> None:
        """Leave the filter by escape, and show all runs again."""
        box = self.query_one(Input)
        if event.key == "escape" and box.has_class("-shown"):
            box.value = ""
            box.remove_class("-shown")
            self.query_one(DataTable).focus()
            event.stop()

    @on(Input.Changed)
    def _filter(self) -> None:
        self.fill()

    @on(Input.Submitted)
    def _filtered(self) -> None:
        self.query_one(DataTable).focus()

    @on(DataTable.RowSelected)
    def _open(self, event: DataTable.RowSelected) -> None:
        self.post_message(self.Chosen(Run(Path(self.artifacts) / event.row_key.value)))
