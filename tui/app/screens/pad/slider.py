"""The strength of the noise as a slider; the mouse moves it too."""

from rich.text import Text
from textual.events import MouseEvent, MouseScrollDown, MouseScrollUp
from textual.message import Message

from tui.app.guard import Guarded
from tui.app.screens.pad.desk import STRONGEST
from tui.app.widgets.held import Held

NOTCH = 0.05
WORDS = 7  # cells of the number behind it


class Slider(Guarded, Held):
    """Shows a strength from 0 to 2."""

    DEFAULT_CSS = "Slider { height: 1; width: 1fr; }"
    ALLOW_SELECT = False

    class Slid(Message):
        """The mouse chose another strength."""

        def __init__(self, strength: float) -> None:
            super().__init__()
            self.strength = strength

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._strength, self._off = 0.0, True

    def show(self, strength: float, *, off: bool) -> None:
        """Show a strength; ``off`` where there is no noise."""
        if (strength, off) != (self._strength, self._off):
            self._strength, self._off = strength, off
            self.refresh()

    @property
    def _long(self) -> int:
        return max(self.size.width - WORDS, 3)

    def render(self) -> Text:
        """Return the line with the knob, and the number."""
        at = round(self._strength / STRONGEST * (self._long - 1))
        style = "$text-disabled" if self._off else "$marked"
        return Text.assemble(
            ("━" * at, style), ("●", f"bold {style}"), ("─" * (self._long - 1 - at), "$faint"),
            (f" {self._strength:5.2f}×", "$text-disabled" if self._off else "bold"),
            no_wrap=True,
        )  # fmt: skip

    def touch(self, event: MouseEvent, *, begins: bool) -> None:
        """Move the knob."""
        share = min(max(event.pointer_x / max(self._long - 1, 1), 0), 1)
        notches = round(share * STRONGEST / NOTCH)
        self.post_message(self.Slid(notches * NOTCH))

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Make it stronger by a notch."""
        event.stop()
        self.post_message(self.Slid(self._strength + NOTCH))

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Make it weaker by a notch."""
        event.stop()
        self.post_message(self.Slid(self._strength - NOTCH))
