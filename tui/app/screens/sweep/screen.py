"""A sweep, live from its files whatever executes it: its runs, its settings, a heat map, curves."""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import ClassVar

from rich.text import Text
from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.events import Resize
from textual.screen import ModalScreen

from engine.errors import MnistTuiError
from engine.files.text import visible
from engine.runs.run import Run
from engine.sweeps.executors.worker import has_begun
from engine.sweeps.states import ACTIVE, FINISHED, RunState
from engine.sweeps.sweep import Sweep
from engine.sweeps.watch import Seen, Watch
from tui.app.colours import style_of
from tui.app.keys.dialogs import DIALOGS
from tui.app.look import Look
from tui.app.screens.sweep.control import Controlled
from tui.app.screens.sweep.head import head_of, keys_of
from tui.app.screens.sweep.panels import Panels
from tui.app.screens.sweep.reading import Reading, Wanted, read, told_of
from tui.app.sections.pane import BAD
from tui.app.widgets.chart import Chart
from tui.app.widgets.picture import Picture
from tui.app.widgets.room import CORNERS, Room
from tui.app.widgets.sweep_rows import SweepRows
from tui.drawing.sweep_rows import Columns, columns_of, heading, row_of

LOOK_INTERVAL = 0.5  # seconds between two looks at the files
WIDE, HIGH = 100, 36  # cells and lines of the screen from which on there are two columns, and all
SHOWN: Mapping[str, Callable[[RunState], bool]] = {
    "all": lambda state: True,
    "active": lambda state: state.status == ACTIVE,
    "unfinished": lambda state: state.status not in (ACTIVE, FINISHED),
    "finished": lambda state: state.status == FINISHED,
}
VIEWS = {
    "one": ("runs", "settings", "map", "curves"), "two": ("settings", "map", "curves"),
    "all": ("all", "settings", "map", "curves"),
}  # fmt: skip


class SweepView(Controlled, ModalScreen[Run | None]):
    """Returns a run to be opened in its section, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [*DIALOGS["sweep"]]

    rows = getters.query_one("#sweep-rows", SweepRows)
    head = getters.query_one("#sweep-head", Picture)
    dialog = getters.query_one("#sweep-dialog", Vertical)

    def __init__(self, sweep: Sweep, look: Look) -> None:
        super().__init__()
        self.sweep, self._look = sweep, look
        self.found = Reading()
        self._watch = Watch(sweep)
        self._looking = False
        self._filter = "all"
        self._columns: Columns | None = None
        self._arrangement, self._view = "one", 0
        self.panels = Panels(look)

    def compose(self) -> ComposeResult:
        """Lay out a line on the whole over the runs and what came of them."""
        with Vertical(classes="dialog sweep", id="sweep-dialog"):
            yield Picture(id="sweep-head")
            with Horizontal(id="sweep-panels"):
                yield SweepRows(id="sweep-rows")
                with Vertical(id="sweep-right"):
                    yield Room("sweep-ranked", id="sweep-settings", classes="panel")
                    yield Room("sweep-heat", id="sweep-map", classes="panel")
                    yield Chart(id="sweep-curves", classes="panel")

    def on_mount(self) -> None:
        """Begin to look."""
        self.dialog.border_title = Text(visible(f"Sweep {self.sweep.id}"))
        self.head.show(Text("reading …", "italic $text-muted"))
        self.set_interval(LOOK_INTERVAL, self._look_again)
        self._arrange()
        self._look_again()

    @property
    def seen(self) -> Seen | None:
        """The sweep as it was at the last look."""
        return self.found.seen

    # Looking: in a thread, one look at a time.

    def _look_again(self) -> None:
        self.mind_processes()
        if not self._looking and self.is_attached:
            self._looking = True
            wanted = None if self.seen is None else self._wanted(self.seen)
            self._read(self.rows.in_view, wanted)

    @work(thread=True, group="sweep", exit_on_error=False)
    def _read(self, in_view: Sequence[RunState], wanted: Wanted | None) -> None:
        found, fault = self.found, None
        try:
            found = read(
                self._watch,
                found,
                lambda seen: in_view or seen.states[: self.rows.rows],
                lambda seen: wanted or self._wanted(seen),
            )
        except Exception as error:  # shown with what was seen before
            fault = error
        finally:
            self.call_later(self._read_it, found, fault)

    def _wanted(self, seen: Seen) -> Wanted:
        return self.panels.settings(seen), self.panels.metric(seen)

    def _read_it(self, found: Reading, fault: Exception | None) -> None:
        self._looking = False
        if not self.is_attached:
            return
        if isinstance(fault, MnistTuiError):
            self.show_fault(str(fault))
            return
        if fault is not None:
            self.app.report(fault, "SweepView.look", self)
            return
        before, self.found = self.found, found
        if found.seen is not before.seen:
            self._list()
        elif found.courses != before.courses or (found.seen and found.seen.counts[ACTIVE]):
            self._write_rows()
        if found.seen is not before.seen or found.told != before.told:
            self._draw_panels()
        self._write_head()

    def show_fault(self, line: str) -> None:
        """Show an error in place of the line on the whole."""
        self.head.show(Text(visible(line), BAD))

    # What is shown.

    def _list(self) -> None:
        """Take the runs that are to be shown."""
        if self.seen is None:
            return
        passes = SHOWN[self._filter]
        states = [state for state in self.seen.states if passes(state)]
        self.rows.list(states, f"No run is {self._filter}.")
        self._columns = None
        self._write_rows()

    def _write_rows(self) -> None:
        seen = self.seen
        if seen is None or not self.rows.size.width:
            return
        if self._columns is None:
            self._columns = columns_of(seen.states, self.rows.size.width)
        metrics = {one.metric for one in seen.settled if one.metric}
        title = metrics.pop() if len(metrics) == 1 else ""
        self.rows.write(heading(self._columns, title), partial(self._row, seen, self._columns))

    def _row(self, seen: Seen, columns: Columns, state: RunState) -> Text:
        name, seconds = state.planned.run_id, state.seconds
        if state.status == ACTIVE and name in seen.begun:
            seconds = max(time.time() - seen.begun[name], 0.0)
        colour = style_of(str(state.planned.config.get("model") or ""))
        course = self.found.courses.get(name, ())
        return row_of(state, columns, seen.share(state), course, seconds, colour)

    def _write_head(self) -> None:
        if self.seen is not None:
            chosen, room = self.rows.chosen, self.dialog.outer_size.width - CORNERS
            message = chosen.message if chosen is not None else ""
            self.head.show(head_of(self.seen, self._filter, message, self.head.size.width))
            self.dialog.border_subtitle = Text(keys_of(self.app.keys, self.seen, room))

    def _draw_panels(self) -> None:
        if self.seen is None:
            return
        shown = self.panels
        ranks, warm = self.query_one("#sweep-settings", Room), self.query_one("#sweep-map", Room)
        ranks.border_title = shown.settings_title(self.seen)
        ranks.draw(partial(shown.draw_settings, self.seen, self.found.verdicts))
        warm.border_title = shown.map_title(self.seen)
        warm.draw(partial(shown.draw_map, self.app, self.seen))
        chart = self.query_one("#sweep-curves", Chart)
        chart.border_title = shown.curves_title(self.seen)
        told = told_of(self.seen, self._wanted(self.seen))
        shown.draw_curves(chart, self.seen, self.found.bands if told == self.found.told else ())

    # Arrangement.

    def on_resize(self, event: Resize) -> None:
        """Arrange what there is room for."""
        self._arrange()

    def _arrange(self) -> None:
        """Show runs and all panels, runs and one, or one of the four."""
        width, height = self.app.size
        before = self._arrangement
        self._arrangement = "one" if width < WIDE else "two" if height < HIGH else "all"
        if before != self._arrangement:
            self._view = 0
        view = VIEWS[self._arrangement][self._view]
        self.rows.display = self._arrangement != "one" or view == "runs"
        self.query_one("#sweep-right").display = view != "runs"
        for name in ("settings", "map", "curves"):
            self.query_one(f"#sweep-{name}").display = view in (name, "all")
        self.set_class(view == "all", "-all")
        self.set_class(self._arrangement == "one", "-one")
        self._columns = None
        self.call_after_refresh(self._write_all)

    def _write_all(self) -> None:
        self._write_rows()
        self._draw_panels()
        self._write_head()

    # What the keys do.

    @on(SweepRows.Moved)
    def _moved(self) -> None:
        self._write_rows()
        self._write_head()
        if any(state.planned.run_id not in self.found.courses for state in self.rows.in_view):
            self._look_again()

    @property
    def _sees_rows(self) -> bool:
        return bool(self.rows.display)

    def action_move(self, by: int) -> None:
        """Move the cursor, or scroll where there are no rows."""
        if self._sees_rows:
            self.rows.move(by)
        else:
            self.action_scroll(by)

    def action_page(self, by: int) -> None:
        """Move it by a page."""
        self.action_move(by * max(self.rows.rows - 1, 1))

    def action_jump(self, place: int) -> None:
        """Move it to the first run, or the last."""
        self.rows.jump(place)

    def action_turn(self, by: int) -> None:
        """Show the next panel."""
        self._view = (self._view + by) % len(VIEWS[self._arrangement])
        self._arrange()

    def action_scroll(self, by: int) -> None:
        """Scroll the settings and the map."""
        for room in self.query(Room):
            room.scroll_relative(y=by, animate=False)

    def action_choose(self) -> None:
        """Show other runs: all, those that are active, those that have not finished, the others."""
        names = list(SHOWN)
        self._filter = names[(names.index(self._filter) + 1) % len(names)]
        self._list()
        self._write_head()

    def action_rows(self) -> None:
        """Take another option for the map's rows."""
        self.panels.turn_option(self.seen, rows=True)
        self._draw_panels()

    def action_columns(self) -> None:
        """Take another option for its columns."""
        self.panels.turn_option(self.seen, rows=False)
        self._draw_panels()

    def action_metric(self) -> None:
        """Draw another curve."""
        self.panels.turn_metric(self.seen)
        self._look_again()

    def action_section(self) -> None:
        """Look at what came of the next section."""
        self.panels.turn_section(self.seen)
        self._draw_panels()
        self._look_again()

    @on(SweepRows.Opened)
    def action_open(self) -> None:
        """Open the run under the cursor in its section."""
        state = self.rows.chosen if self._sees_rows else None
        if state is None:
            self.notify("There is no run to open here.")
        elif not has_begun(run := self.sweep.run(state.planned)):
            self.notify(f"This run is {state.status}: there is nothing to look at yet.")
        else:
            self.dismiss(run)
