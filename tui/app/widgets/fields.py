"""A form's fields: one of several words, on or off, and what holds them."""

from typing import Any, ClassVar

from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.events import Key
from textual.geometry import Size
from textual.widgets import Checkbox, Select

from tui.app.guard import Guarded


class Fields(Guarded, VerticalScroll, inherit_bindings=False):
    """What holds a form's fields; up and down move between them and scroll by that alone."""


class Choice(Guarded, Select[Any], inherit_bindings=False):
    """A Select that leaves up and down to the form; a letter takes the next entry that has it."""

    BINDINGS: ClassVar = [Binding("enter,space", "show_overlay", "open", show=False)]

    def on_key(self, event: Key) -> None:
        """Take the next entry that begins with a letter, while the entries are not open."""
        letter = (event.character or "").lower()
        if self.expanded or not letter.isalnum():
            return
        event.stop()
        event.prevent_default()
        values = [value for _, value in self._options]
        names = [str(name).lower() for name, _ in self._options]
        here = values.index(self.value)
        later = [*range(here + 1, len(names)), *range(here)]
        found = next((place for place in later if names[place].startswith(letter)), None)
        if found is not None:
            self.value = values[found]
        elif not names[here].startswith(letter):
            self.app.bell()


class Toggle(Guarded, Checkbox):
    """A Checkbox that says on or off in words, in colour or without, in any alphabet."""

    @property
    def words(self) -> str:
        """What stands for the value."""
        return "[x] on" if self.value else "[ ] off"

    def render(self) -> Content:
        """Return the words; they look like any label of a toggle."""
        return Content.assemble((self.words, self.get_visual_style("toggle--label")))

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """Return the width of the longer words."""
        return len("[ ] off")
