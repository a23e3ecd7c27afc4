"""Widgets that draw for their size: each asks for its drawing again when its size changes."""

from collections.abc import Callable
from dataclasses import dataclass

from rich.text import Text
from textual.containers import VerticalScroll
from textual.geometry import Size
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tui.app.guard import Guarded
from tui.app.widgets.lines import Lines

Drawing = Callable[[Size], Text]
CORNERS = 6  # cells of a border's line that hold no words: corners, lines and spaces


class Room(Guarded, VerticalScroll):
    """A panel with one picture, which is drawn for the cells that the layout leaves it."""

    def __init__(self, picture: str, *, id: str, classes: str) -> None:
        """``picture`` is the id of the picture inside."""
        self._picture = Lines(id=picture)
        super().__init__(self._picture, id=id, classes=classes, can_focus=False)
        self._drawing: Drawing = lambda room: Text()
        self._of: tuple[object, ...] = ()
        self._legends: tuple[str, ...] = ()

    @property
    def legends(self) -> tuple[str, ...]:
        """What the border says of the picture: the first of these that fits, the longest first."""
        return self._legends

    @legends.setter
    def legends(self, legends: tuple[str, ...]) -> None:
        self._legends = legends
        self._write_legend()

    def _write_legend(self) -> None:
        room = self.outer_size.width - CORNERS
        self.border_subtitle = next((words for words in self._legends if len(words) <= room), "")

    @property
    def room(self) -> Size:
        """The cells inside border, padding and the scrollbar's column."""
        return self.scrollable_content_region.size

    def draw(self, drawing: Drawing, of: tuple[object, ...] = ()) -> None:
        """Show what ``drawing`` makes of the room, now and whenever the room changes.

        It is called later too: what it draws from must not change meanwhile. ``of`` is all that the
        picture depends on: as long as these are the same objects, the same is not drawn again.
        """
        known = bool(of) and len(of) == len(self._of)
        if known and all(one is other for one, other in zip(of, self._of, strict=True)):
            return
        self._drawing, self._of = drawing, of
        self.on_resize()

    def on_resize(self) -> None:
        """Draw for the new size, which the layout has settled by now."""
        if self.room.width:  # none while the panel is hidden
            drawn = self._drawing(self.room)
            if drawn.plain.endswith("\n"):  # an empty last line would make it scroll for nothing
                drawn.right_crop()
            self._picture.show(drawn)
            if self._legends:
                self._write_legend()


@dataclass(frozen=True, slots=True)
class Heading:
    """A row of a list that says what those below it are; it cannot be chosen."""

    words: Text


Row = Text | Heading


class Rows(Guarded, OptionList):
    """A list whose rows are written for its width; headings do not count as rows."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._written: list[Row] = []
        self._writing: Callable[[int], list[Row]] = lambda width: []

    @property
    def chosen(self) -> int:
        """The number of the highlighted row, 0 where none is."""
        return sum(not option.disabled for option in self.options[: self.highlighted or 0])

    def choose(self, row: int) -> None:
        """Highlight a row."""
        places = [place for place, option in enumerate(self.options) if not option.disabled]
        if places:
            self.highlighted = places[min(row, len(places) - 1)]

    def write(self, writing: Callable[[int], list[Row]]) -> None:
        """Write the rows that ``writing`` makes of a width, now and whenever the width changes."""
        self._writing = writing
        self.on_resize()

    def on_resize(self) -> None:
        """Write for the new size; only what changed is sent to the terminal."""
        rows = self._writing(self.scrollable_content_region.width)
        if list(map(type, rows)) == list(map(type, self._written)):
            for number, row in enumerate(rows):
                if row != self._written[number]:
                    self._rewrite(number, self._written[number], row)
        else:
            chosen = self.chosen
            self.set_options(
                Option(_prompt(row), disabled=isinstance(row, Heading)) for row in rows
            )
            self.choose(chosen)
        self._written = rows

    def _rewrite(self, number: int, before: Row, row: Row) -> None:
        """Write a row anew; of as many lines, it is sent alone."""
        old, new = _prompt(before).plain, _prompt(row)
        line = self._index_to_line.get(number)  # None before the first layout
        if line is None or old.count("\n") != new.plain.count("\n"):
            self.replace_option_prompt_at_index(number, new)
            return
        self.get_option_at_index(number)._set_prompt(new)
        self._option_render_cache.clear()
        self.refresh_lines(line, new.plain.count("\n") + 1)


def _prompt(row: Row) -> Text:
    return row.words if isinstance(row, Heading) else row
