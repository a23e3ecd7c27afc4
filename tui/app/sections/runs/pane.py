"""Runs: what was run, newest first; enter opens one in its section from its files alone."""

import time
from collections.abc import Sequence
from functools import cache
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

from engine.runs.filter import Filter, parse
from engine.runs.run import Run
from engine.runs.summary import Summary
from tui.app.keys.action import Action
from tui.app.keys.focus import PANELS
from tui.app.look import Look
from tui.app.sections.inviting import Inviting
from tui.app.sections.pane import BAD
from tui.app.sections.runs.actions import OF_TABLE
from tui.app.sections.runs.columns import Columns, Drawing, columns_for
from tui.app.sections.runs.filter import TYPING, RunFilter
from tui.app.sections.runs.folds import fold_words
from tui.app.sections.runs.listing import Listing
from tui.app.sections.runs.names import form_for
from tui.app.sections.runs.order import Order, folded, grouped, sort
from tui.app.sections.runs.preview import RunPreview
from tui.app.sections.runs.table import SCROLLBAR, RunTable
from tui.app.sections.shared_actions import LIVE, MOVES, OPEN, RESUME, STOP
from tui.live.conductor import Conductor
from tui.live.task import Task

FOLLOW_INTERVAL = 1.0  # seconds between two looks at what is active
AGE_INTERVAL = 20.0  # seconds between two looks at how old the runs are
BESIDE, BELOW = (120, 20), (60, 34)  # cells of the section from which on there is a preview


class RunsPane(Listing, Inviting):
    """The table of runs, and a preview of the one under the cursor."""

    section = "runs"
    ACTIONS: ClassVar[tuple[Action[Any], ...]] = (
        STOP, RESUME, OPEN, LIVE, *MOVES, *PANELS, *OF_TABLE,
    )  # fmt: skip

    table = getters.query_one("#run-table", RunTable)
    box = getters.query_one("#filter", Input)
    mistake = getters.query_one("#filter-mistake", Static)
    filter_line = getters.query_one("#run-filter", RunFilter)
    empty = getters.query_one("#no-runs", Static)
    panel = getters.query_one("#runs-panel", Vertical)
    preview = getters.query_one("#run-preview", RunPreview)

    class Chosen(Message):
        """A run was chosen to be opened."""

        def __init__(self, run: Run) -> None:
            super().__init__()
            self.run = run

    def __init__(self, conductor: Conductor, look: Look, artifacts: str) -> None:
        super().__init__(conductor, look, artifacts)
        self.order: Order = Order()
        self._runs: list[Summary] = []  # the newest first
        self._sweeps: list[str] = []  # ids of the sweeps that there are, the newest first
        self._sorted: list[Summary] = []
        self._passing: list[Summary] = []  # the filter, sorted
        self._filter = Filter()
        self._marked: set[str] = set()
        self._columns: Columns = ()
        self._form = ""  # of ids

    def compose(self) -> ComposeResult:
        """Lay out the filter, the table and the preview."""
        with Vertical(id="runs-panel", classes="panel") as panel:
            panel.border_title = "Runs"
            yield RunFilter(id="run-filter")
            yield RunTable(id="run-table")
            yield Static(id="no-runs")
        yield RunPreview(self.look, self.artifacts, id="run-preview")

    def on_mount(self) -> None:
        """Follow what is active."""
        self.set_interval(FOLLOW_INTERVAL, self._follow)
        self.set_interval(AGE_INTERVAL, self._grow_older)

    # What there is.

    def show_list(self, found: list[Summary], sweeps: list[str], error: str = "") -> None:
        """Show the runs that there are, or why they cannot be listed."""
        self._runs, self._sweeps = found, sweeps
        self._sorted = sort(found, self.order, time.time())
        empty = not (found or sweeps or error)
        self.set_class(empty, "-inviting")
        self.invite(empty=empty, dataset=self.main.app.shared.dataset, inside=self.panel)
        if error:
            self._write([], time.time())
            self.say(error, BAD)
            return
        self._marked.intersection_update(run.run for run in found)  # some may be gone
        self.write_rows()

    def purpose(self) -> str:
        """Return what the section does."""
        return "Every run is kept here, to be found, compared and opened again."

    def first_key(self) -> tuple[str, str]:
        """Return the key that goes to where runs begin."""
        return self.keys.name("section.train"), "to go to Train"

    # The rows.

    def on_resize(self) -> None:
        """Write the rows for the new width, where there is room with a preview."""
        wide = self.size.width >= BESIDE[0] and self.size.height >= BESIDE[1]
        high = not wide and self.size.width >= BELOW[0] and self.size.height >= BELOW[1]
        self.set_class(wide, "-beside")
        self.set_class(high, "-below")
        self.call_after_refresh(self.write_rows)

    def write_rows(self) -> None:
        """Write a row for each run that the filter lets pass, from memory."""
        now = time.time()
        self._passing = passing = [r for r in self._sorted if self._filter.passes(r, now)]
        self._write(passing, now)
        self._say_count(passing)

    def _write(self, runs: list[Summary], now: float) -> None:
        columns = columns_for(self._room, runs or self._runs)
        self._form = form_for((run.run for run in runs), dict(columns)["run"] - 1)
        drawing = self._drawing(columns, now)
        if self.order.group or self.box.value:  # single runs are looked for
            items = grouped(runs, self.order.group)
        else:
            items = folded(runs, self._sweeps)
        self.table.show_items(items, drawing, self.order)
        self._preview()

    @property
    def _room(self) -> int:
        """The cells that the table has for its columns."""
        return max(self.panel.scrollable_content_region.width - SCROLLBAR, 0)

    def _drawing(self, columns: Columns, now: float) -> Drawing:
        self._columns = columns
        return Drawing(columns, cache(self._style), self._marked, self._live(), now, self._form)

    def _live(self) -> dict[str, Task]:
        """Return the tasks that are active, here or elsewhere, by the ids of their runs."""
        tasks = [*self.conductor.shelf.tasks, *self.conductor.tasks]
        return {task.run: task for task in tasks if task.run and task.state == "running"}

    def _say_count(self, shown: list[Summary]) -> None:
        """Say how many runs are shown and marked, or why there are none."""
        words = f"Runs  {len(shown):,} of {len(self._runs):,}"
        if self.order.column != Order().column or self.order.backwards:
            words += f" · {self.order.words}"
        if self._marked:
            hidden = len(self._marked.difference(run.run for run in shown))
            words += f" · {len(self._marked):,} marked"
            words += f" ({hidden:,} hidden)" if hidden else ""
        nothing_shown = not self.table.items
        if nothing_shown:
            nothing = f"No runs in {self.artifacts} yet."
            if self._runs:
                nothing = "No run matches the filter; escape clears it."
            self.say(nothing, "italic $text-muted")
        self.empty.display = nothing_shown
        self.panel.border_title = words

    def say(self, words: str, style: str = "") -> None:
        """Show words in place of the rows."""
        self.empty.display = True
        self.empty.update(Text(words, style))
        self.panel.border_title = "Runs"

    @on(DataTable.RowHighlighted)
    def _moved(self, event: DataTable.RowHighlighted) -> None:
        """Write more rows, and preview the run."""
        self.table.write_ahead()
        if event.cursor_row <= 1:
            self.table.scroll_to(y=0, animate=False)  # the heading above the first run
        self._preview()

    def _style(self, style: str) -> Style:
        """Return a style with the theme's colours, which a table does not look up by itself."""
        drawn: Style = self.app.stylesheet.parse_style(style).rich_style
        return drawn

    def _preview(self) -> None:
        """Preview the run under the cursor, where there is room for it."""
        if not (self.has_class("-beside") or self.has_class("-below")):
            return
        if (fold := self.table.fold) is not None:
            words = fold_words(fold, self._live(), self.keys.name("look.open"))
            self.preview.show_words(fold.sweep, words)
        else:
            self.preview.rest_on(self.table.run, self._live().get(self.table.run_id))

    def _follow(self) -> None:
        """Update the rows of what is active, and its preview."""
        live = self._live() if self.is_on_screen else {}
        if not live or not self.table.row_count:
            return
        self.table.now(self._drawing(self._columns, time.time()), live)
        if self.table.run_id in live:
            self._preview()

    def _grow_older(self) -> None:
        """Update the ages in the rows that were drawn."""
        if self.is_on_screen and self.table.row_count:
            self.table.now(self._drawing(self._columns, time.time()), None)

    # What the keys do.

    @property
    def chosen(self) -> Run | None:
        """The run under the cursor."""
        here = self.table.run_id
        return Run(Path(self.artifacts) / here) if here else None

    @property
    def chosen_state(self) -> str:
        """Its status when the folder was last read."""
        return self.table.run.status if self.table.run is not None else ""

    async def open(self) -> None:
        """Open the run under the cursor in its section, or its sweep's screen."""
        if self.table.fold is not None:
            await self.open_sweep()
        elif self.chosen is not None:
            self.post_message(self.Chosen(self.chosen))

    def why_not_open(self) -> str | None:
        """Return why there is no run to open."""
        if self.chosen_state or self.table.fold is not None:
            return None
        return "There is no run to open."

    @property
    def sweep(self) -> str:
        """The id of the sweep under the cursor, or that the run there is of; "" where none is."""
        if self.table.fold is not None:
            return self.table.fold.sweep
        return self.table.run.sweep if self.table.run is not None else ""

    async def open_sweep(self) -> None:
        """Open the screen of the sweep under the cursor."""
        await self.main.open_sweep(Path(self.artifacts) / self.sweep)

    @property
    def marked_runs(self) -> list[Run]:
        """The marked runs, the newest first, those that the filter hides too."""
        return [Run(Path(self.artifacts) / name) for name in sorted(self._marked, reverse=True)]

    def mark(self) -> None:
        """Mark or unmark the run under the cursor and go to the next."""
        if not (here := self.table.run_id):
            return
        self._marked ^= {here}
        self.table.draw_again([self.table.cursor_row])
        self.table.action_cursor_down()
        self._say_count(self._passing)

    def sort_by(self, column: str = "") -> None:
        """Sort by a column, the other way round if by that already; without one, by the next."""
        self._reorder(self.order.by(column) if column else self.order.next_column())

    def group(self) -> None:
        """Group by the next thing."""
        self._reorder(self.order.next_group())

    def _reorder(self, order: Order) -> None:
        self.order = order
        self._sorted = sort(self._runs, order, time.time())
        self.write_rows()

    @on(DataTable.HeaderSelected)
    def _sort_by_header(self, event: DataTable.HeaderSelected) -> None:
        column = event.column_key.value or ""
        self.sort_by({"run": "age", "course": "result"}.get(column, column))

    def show_filter(self) -> None:
        """Let the user type what the shown runs must contain."""
        self.filter_line.open()
        self.main.look_around()

    @property
    def typing(self) -> Sequence[tuple[str, str]]:
        """What keys do while the filter is typed."""
        return TYPING if self.screen.focused is self.box else ()

    def on_key(self, event: Key) -> None:
        """Leave the filter by enter, or by escape, which shows all runs again."""
        if event.key == "end" and self.screen.focused is self.table:
            self.table.write_until(len(self.table.items))
        # At once, and not when the box tells of it: what is typed next is for the table.
        entered = event.key == "enter" and self.screen.focused is self.box
        closed = event.key == "escape" and self.filter_line.is_open
        if closed:
            self.filter_line.close()
        if entered or closed:
            self.screen.set_focus(self.table)
            self.main.look_around()
            event.stop()

    @on(Input.Changed)
    def _filter_changed(self) -> None:
        self._filter = parse(self.box.value)
        self.filter_line.tell(self._filter.mistake)
        self.write_rows()

    @on(DataTable.RowSelected)
    async def _open(self) -> None:
        await self.open()
