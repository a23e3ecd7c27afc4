"""Runs: what was run, newest first; enter opens one in its section from its files alone."""

from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

from rich.style import Style
from rich.text import Text
from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.coordinate import Coordinate
from textual.events import Key
from textual.message import Message
from textual.widgets import DataTable, Input, Static

from engine.errors import MnistTuiError
from engine.runs.filter import words_of
from engine.runs.index import summaries
from engine.runs.run import Run
from engine.runs.store import list_runs
from engine.runs.summary import Summary
from engine.sections.table import dataset_title
from tui.app import screens
from tui.app.action import Action
from tui.app.guard import Guarded
from tui.app.look import Look
from tui.app.sections.base import BAD, Pane
from tui.app.sections.shared_actions import FILES, LIVE, MOVES, OPEN, RESUME, STOP
from tui.live.conductor import Conductor
from tui.words import MARKED, MARKS, cut_middle

AT_ONCE = 200  # runs that may be read while the screen waits
AHEAD = 200  # rows written beyond the cursor
COLUMNS = ("run", "result", "dataset", "status", "recipe", "seed")
RUN, OTHERS = 44, 62  # cells of a run's id at least, and of all that stands beside it
DATASET = 18  # cells of a dataset's name at most


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


class RunTable(Guarded, DataTable[Text]):
    """A table of which Home and End are the first and the last row, not the first column."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("home", "scroll_top", show=False),
        Binding("end", "scroll_bottom", show=False),
    ]


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
        self._runs: list[Summary] = []  # the newest first
        self._shown: list[Summary] = []  # those that the filter lets pass
        self._marked: set[str] = set()
        self._indexed = False  # whether many runs have been read once

    def compose(self) -> ComposeResult:
        """Lay out the filter and the table."""
        with Vertical(classes="panel") as panel:
            panel.border_title = "Runs"
            yield Input(placeholder="words that the runs must contain", id="filter")
            yield RunTable(cursor_type="row", id="run-table")
            yield Static(id="no-runs")

    def on_mount(self) -> None:
        """Write the table's header."""
        self.table.add_columns(*COLUMNS)

    def refresh_text(self) -> None:
        """List the artifacts folder again; the cursor stays on its run."""
        try:
            if not self._indexed and len(list_runs(Path(self.artifacts))) > AT_ONCE:
                self._say("Reading the runs …")
                self._index()
                return
            self._runs, self._indexed = summaries(Path(self.artifacts)), True
        except MnistTuiError as error:
            self._runs = []
            self.table.clear()
            self._say(str(error), BAD)
            return
        self._marked.intersection_update(run.run for run in self._runs)  # some may be gone
        self.write_rows()

    @work(thread=True, exclusive=True, exit_on_error=False)
    def _index(self) -> None:
        """Read many runs for the first time, which takes seconds."""
        try:
            with suppress(MnistTuiError):  # told when the folder is listed
                summaries(Path(self.artifacts))
        finally:
            self._indexed = True
            self.call_later(self.redraw)

    @property
    def _room(self) -> int:
        """The cells of a run's id: a network's name may be long."""
        return max(RUN, self.size.width - OTHERS)

    def on_resize(self) -> None:
        """Write the rows for the new width."""
        self.write_rows()

    def write_rows(self) -> None:
        """Write a row for each run that the filter lets pass, from memory."""
        table = self.table
        words = self.box.value.lower().split()
        here = self._here
        self._shown = [
            run for run in self._runs if not words or all(word in words_of(run) for word in words)
        ]
        place = next((n for n, run in enumerate(self._shown) if run.run == here), 0)
        table.clear()
        self._write_until(place + AHEAD)
        if table.rows:
            table.move_cursor(row=place)
        if self._shown:
            self.empty.display = False
            self.panel.border_title = f"Runs  {len(self._shown):,} of {len(self._runs):,}"
            return
        press = f"go to {self.keys.name('section.train')} and press {self.keys.name('run.choice')}"
        nothing = f"No runs in {self.artifacts} yet; {press}."
        if self._runs:
            nothing = "No run matches the filter; escape clears it."
        self._say(nothing, "italic $text-muted")
        self.panel.border_title = f"Runs  0 of {len(self._runs):,}"

    def _say(self, words: str, style: str = "") -> None:
        """Show words in place of the rows."""
        self.empty.display = True
        self.empty.update(Text(words, style))
        self.panel.border_title = "Runs"

    def _write_until(self, end: int) -> None:
        """Write rows up to a place: a terminal shows a few of ten thousand."""
        for run in self._shown[len(self.table.rows) : end]:
            self.table.add_row(*self._cells(run), key=run.run)

    def _cells(self, run: Summary) -> list[Text]:
        """Return a run's row. All as Text: in a string, brackets would be markup."""
        result = Text(f"{run.result} {run.remark}".strip(), justify="right")
        if run.remark:
            result.stylize(self._style(BAD))
        own = self.conductor.own
        paused = own is not None and own.run == run.run and own.control.paused
        status = f"{MARKS.get(run.status, '?')} {'paused' if paused else run.status}"
        return [
            self._named(run.run),
            result,
            *map(Text, (cut_middle(dataset_title(run.dataset), DATASET), status, run.recipe)),
            Text(run.seed, justify="right"),
        ]

    def _named(self, run: str) -> Text:
        mark = MARKED if run in self._marked else " "
        return Text.assemble((mark, self._style("bold $marked")), cut_middle(run, self._room))

    @on(DataTable.RowHighlighted)
    def _write_ahead(self, event: DataTable.RowHighlighted) -> None:
        """Write more rows as the cursor comes near the last one."""
        if event.cursor_row + AHEAD // 2 > len(self.table.rows):
            self._write_until(event.cursor_row + AHEAD)

    @property
    def _here(self) -> str:
        """The id of the run under the cursor, "" if there is none."""
        table = self.table
        if not table.rows:
            return ""
        return table.coordinate_to_cell_key(table.cursor_coordinate).row_key.value or ""

    def _style(self, style: str) -> Style:
        """Return a style with the theme's colours, which a table does not look up by itself."""
        drawn: Style = self.app.stylesheet.parse_style(style).rich_style
        return drawn

    @property
    def chosen(self) -> Run | None:
        """The run under the cursor."""
        here = self._here
        return Run(Path(self.artifacts) / here) if here else None

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
        if not (here := self._here):
            return
        self._marked ^= {here}
        self.table.update_cell_at(Coordinate(self.table.cursor_row, 0), self._named(here))
        self.table.action_cursor_down()

    @property
    def chosen_state(self) -> str:
        """Its status when the folder was last read."""
        row = self.table.cursor_row
        return self._shown[row].status if self._here and row < len(self._shown) else ""

    def show_filter(self) -> None:
        """Let the user type what the shown runs must contain."""
        box = self.box
        box.add_class("-shown")
        self.screen.set_focus(box)

    def on_key(self, event: Key) -> None:
        """Leave the filter by enter, or by escape, which shows all runs again."""
        box = self.box
        if event.key == "end" and self.screen.focused is self.table:
            self._write_until(len(self._shown))
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
        self.write_rows()

    @on(DataTable.RowSelected)
    def _open(self, event: DataTable.RowSelected) -> None:
        self.post_message(self.Chosen(Run(Path(self.artifacts) / (event.row_key.value or ""))))
