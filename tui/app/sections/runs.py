"""Runs: what was run, newest first; enter opens one in its section from its files alone."""

from pathlib import Path
from typing import Any, ClassVar

from rich.style import Style
from rich.text import Text
from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import Key
from textual.message import Message
from textual.widgets import DataTable, Input, Static

from engine.errors import MnistTuiError
from engine.runs.run import Run
from engine.runs.store import list_runs
from tui.app import screens
from tui.app.action import Action
from tui.app.look import Look
from tui.app.sections.base import BAD, Pane
from tui.app.sections.shared_actions import FILES, LIVE, MOVES, OPEN, RESUME, STOP
from tui.live.conductor import Conductor
from tui.summary import remark_of, run_cells
from tui.words import MARKED, MARKS

COLUMNS = ("run", "result", "status", "recipe", "dataset", "seed")


async def _compare(pane: "RunsPane") -> None:
    from engine.analysis.compare import compare

    try:
        comparison = compare(pane.marked_runs)
    except MnistTuiError as error:
        pane.notify(str(error), severity="error")
        return
    await pane.app.push_screen(screens.Compare(comparison, pane.look))


def _no_compare(pane: "RunsPane") -> str | None:
    if len(pane.marked_runs) >= 2:
        return None
    return f"Mark two or more runs with {pane.keys.name('runs.mark')} first."


MARK = Action["RunsPane"](
    id="runs.mark", keys="space", word="mark", group="Runs", shown_key="space",
    sentence="Mark the run, to compare several", do=lambda pane: pane.mark(),
    reason=lambda pane: None if pane.chosen_state else "There is no run to mark yet.",
)  # fmt: skip
COMPARE = Action["RunsPane"](
    id="runs.compare", keys="c", word="compare", group="Runs", do=_compare, reason=_no_compare,
    sentence="Compare the marked runs",
)  # fmt: skip
FILTER = Action["RunsPane"](
    id="runs.filter", keys="slash", word="filter", group="Looking", shown_key="/",
    sentence="Filter the runs by words", do=lambda pane: pane.show_filter(),
)  # fmt: skip


class RunsPane(Pane):
    """The table of runs."""

    section = "runs"
    ACTIONS: ClassVar[tuple[Action[Any], ...]] = (
        STOP, RESUME, OPEN, LIVE, *MOVES, MARK, COMPARE, FILES, FILTER,
    )  # fmt: skip

    table = getters.query_one("#run-table", DataTable)
    box = getters.query_one("#filter", Input)
    empty = getters.query_one("#no-runs", Static)
    panel = getters.query_one(Vertical)

    class Chosen(Message):
        """A run was chosen to be opened."""

        def __init__(self, run: Run) -> None:
            super().__init__()
            self.run = run

    def __init__(self, conductor: Conductor, look: Look, artifacts: str) -> None:
        super().__init__(conductor, look, artifacts)
        self._states: dict[str, str] = {}  # by run
        self._marked: set[str] = set()

    def compose(self) -> ComposeResult:
        """Lay out the filter and the table."""
        with Vertical(classes="panel") as panel:
            panel.border_title = "Runs"
            yield Input(placeholder="words that the runs must contain", id="filter")
            yield DataTable(cursor_type="row", id="run-table")
            yield Static(id="no-runs")

    def on_mount(self) -> None:
        """Write the table's header."""
        self.table.add_columns(*COLUMNS)

    def refresh_text(self) -> None:
        """Reread the artifacts folder; the cursor stays on its run."""
        table, empty = self.table, self.empty
        words = self.box.value.lower().split()
        here = table.coordinate_to_cell_key(table.cursor_coordinate).row_key if table.rows else None
        table.clear()
        self._states.clear()
        try:
            runs = list_runs(Path(self.artifacts))
        except MnistTuiError as error:
            empty.display = True
            empty.update(Text(str(error), BAD))
            self.panel.border_title = "Runs"
            return
        for run in runs:
            cells = run_cells(run)
            self._states[run.id] = cells[2]
            remark = remark_of(run)
            if all(word in " ".join([*cells, remark]).lower() for word in words):
                id, _, status, dataset, recipe, seed, result = cells
                mark = MARKS.get(status, "?")
                chosen = MARKED if run.id in self._marked else " "
                name = Text.assemble((chosen, self._style("bold $marked")), id)
                words_of_result = Text(f"{result} {remark}".rstrip(), justify="right")
                if remark:
                    words_of_result.stylize(self._style(BAD))
                # All as Text: in a string, brackets would be markup.
                others = map(Text, (f"{mark} {status}", recipe, dataset))
                table.add_row(
                    name, words_of_result, *others, Text(seed, justify="right"), key=run.id
                )
        self._marked.intersection_update(self._states)  # some may have been removed elsewhere
        if here in table.rows:
            table.move_cursor(row=table.get_row_index(here))
        keys = self.keys
        press = f"go to {keys.name('section.train')} and press {keys.name('run.choice')}"
        nothing = f"No runs in {self.artifacts} yet; {press}."
        if runs and not table.rows:
            nothing = "No run matches the filter; escape clears it."
        empty.display = not table.rows
        empty.update(Text(nothing, "italic $text-muted"))
        self.panel.border_title = f"Runs  {len(table.rows)} of {len(runs)}"

    def _style(self, style: str) -> Style:
        """Return a style with the theme's colours, which a table does not look up by itself."""
        drawn: Style = self.app.stylesheet.parse_style(style).rich_style
        return drawn

    @property
    def chosen(self) -> Run | None:
        """The run under the cursor."""
        table = self.table
        if not table.rows:
            return None
        key = table.coordinate_to_cell_key(table.cursor_coordinate).row_key
        return Run(Path(self.artifacts) / (key.value or ""))

    async def open(self) -> None:
        """Open the run under the cursor in its section."""
        if self.chosen is not None:
            self.post_message(self.Chosen(self.chosen))

    def why_not_open(self) -> str | None:
        """Return why there is no run to open."""
        return None if self.chosen_state else "There is no run to open."

    @property
    def marked_runs(self) -> list[Run]:
        """The marked runs, the newest first."""
        return [Run(Path(self.artifacts) / name) for name in sorted(self._marked, reverse=True)]

    def mark(self) -> None:
        """Mark or unmark the run under the cursor and go to the next."""
        if self.chosen is None:
            return
        self._marked ^= {self.chosen.id}
        self.refresh_text()
        self.table.action_cursor_down()

    @property
    def chosen_state(self) -> str:
        """Its status when the folder was last read."""
        chosen = self.chosen
        return self._states.get(chosen.id, "") if chosen else ""

    def show_filter(self) -> None:
        """Let the user type what the shown runs must contain."""
        box = self.box
        box.add_class("-shown")
        self.screen.set_focus(box)

    def on_key(self, event: Key) -> None:
        """Leave the filter by enter, or by escape, which shows all runs again."""
        box = self.box
        # At once, and not when the box tells of it: what is typed next is for the table.
        if event.key == "enter" and self.screen.focused is box:
            self.screen.set_focus(self.table)
            event.stop()
        if event.key == "escape" and box.has_class("-shown"):
            box.value = ""
            box.remove_class("-shown")
            self.screen.set_focus(self.table)
            event.stop()

    @on(Input.Changed)
    def _filter(self) -> None:
        self.refresh_text()

    @on(DataTable.RowSelected)
    def _open(self, event: DataTable.RowSelected) -> None:
        self.post_message(self.Chosen(Run(Path(self.artifacts) / (event.row_key.value or ""))))
