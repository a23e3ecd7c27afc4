"""A panel's content that is sent to the terminal only when it changed."""

from rich.text import Text
from textual.widgets import Static


class Picture(Static):
    """Shows a text; showing the same again costs nothing."""

    _shown = Text()

    def show(self, text: Text) -> None:
        """Show a text."""
        if text != self._shown:
            self._shown = text
            self.update(text)
