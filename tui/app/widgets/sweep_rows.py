"""The list of a sweep's runs: rows are written as they come into view, a thousand cost as ten."""

from collections.abc import Callable, Sequence

from rich.text import Text
from textual.events import Click, MouseScrollDown, MouseScrollUp, Resize
from textual.message import Message

from engine.sweeps.states import RunState
from tui.app.widgets.lines import Lines

WHEEL = 3  # rows
Writing = Callable[[RunState], Text]


class SweepRows(Lines):
    """Rows of runs with a cursor, below a heading."""

    DEFAULT_CSS = "SweepRows { height: 1fr; }"

    class Moved(Message):
        """Other rows are in view, or the cursor is on another one."""

    class Opened(Message):
        """A row was clicked twice."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._states: Sequence[RunState] = ()
        self._writing: Writing = lambda state: Text()
        self._heading = Text()
        self._nothing = ""
        self._cursor, self._top = 0, 0

    @property
    def chosen(self) -> RunState | None:
        """The run under the cursor."""
        return self._states[self._cursor] if self._cursor < len(self._states) else None

    @property
    def rows(self) -> int:
        """How many rows there is room for."""
        return max(self.size.height - 1, 0)

    @property
    def in_view(self) -> Sequence[RunState]:
        """The runs whose rows are in view."""
        return self._states[self._top : self._top + self.rows]

    def list(self, states: Sequence[RunState], nothing: str) -> None:
        """Take other runs; the cursor stays on its run. ``nothing`` is said where there is none."""
        here = None if self.chosen is None else self.chosen.planned.run_id
        self._states, self._nothing = states, nothing
        ids = (place for place, state in enumerate(states) if state.planned.run_id == here)
        self._cursor = next(ids, 0)
        self._follow_cursor()

    def write(self, heading: Text, writing: Writing) -> None:
        """Write the heading and the rows in view; only what has changed is sent."""
        self._heading, self._writing = heading, writing
        self._write()

    def _write(self) -> None:
        lines = [self._heading]
        for place, state in enumerate(self.in_view, self._top):
            line = self._writing(state)
            if place == self._cursor:
                line.truncate(max(self.size.width, 1), pad=True)
                line.stylize("reverse" if self.app.no_color else "on $row")
            lines.append(line)
        if not self._states:
            lines.append(Text(self._nothing, "italic $text-muted"))
        lines += [Text()] * (self.size.height - len(lines))
        self.show(Text("\n", no_wrap=True).join(lines[: max(self.size.height, 1)]))

    def _follow_cursor(self) -> None:
        last = max(len(self._states) - self.rows, 0)
        lowest = self._cursor - self.rows + 1
        self._top = min(max(self._top, lowest, 0), last, self._cursor)

    def move_to(self, place: int) -> None:
        """Move the cursor to a row, or the nearest that there is."""
        place = min(max(place, 0), max(len(self._states) - 1, 0))
        if place != self._cursor:
            self._cursor = place
            self._follow_cursor()
            self._write()
            self.post_message(self.Moved())

    def move(self, by: int) -> None:
        """Move the cursor by rows."""
        self.move_to(self._cursor + by)

    def jump(self, place: int) -> None:
        """Move the cursor to the first row, or to the last (-1)."""
        self.move_to(place if place >= 0 else len(self._states) - 1)

    def on_resize(self, event: Resize) -> None:
        """Write for the new size, by whoever knows what to write."""
        self._follow_cursor()
        self.post_message(self.Moved())

    def on_click(self, event: Click) -> None:
        """Choose a row; a second click opens it."""
        if 1 <= event.y <= len(self.in_view):
            self.move_to(self._top + event.y - 1)
            if event.chain == 2:
                self.post_message(self.Opened())

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Move on."""
        event.stop()
        self.move(WHEEL)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Move back."""
        event.stop()
        self.move(-WHEEL)
