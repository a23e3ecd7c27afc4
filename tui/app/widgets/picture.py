"""A panel's content, sent to the terminal only when it has changed."""

from rich.text import Text
from textual.widgets import Static

from tui.app.guard import Guarded


class Picture(Guarded, Static):
    """Shows a text. The same again costs nothing, and another of its size lays nothing out."""

    _shown = Text()

    def show(self, text: Text) -> None:
        """Show a text."""
        if text != self._shown:
            wraps = self.styles.text_wrap == "wrap"  # into how many lines, only the layout knows
            moved = wraps or self._extent(text) != self._extent(self._shown)
            self._shown = text
            self.update(text, layout=moved)

    def _extent(self, text: Text) -> tuple[int, int]:
        """Return what the layout depends on: lines, and cells across where they set the width."""
        lines = text.plain.split("\n")
        auto = self.styles.width is not None and self.styles.width.is_auto
        return len(lines), max(map(len, lines)) if auto else 0
