"""The strength of the noise as a slider; the mouse moves it too."""

from rich.text import Text
from textual.events import MouseDown, MouseEvent, MouseMove, MouseScrollDown, MouseScrollUp, MouseUp
from textual.message import Message
from textual.widget import Widget

from tui.app.guard import Guarded
from tui.app.screens.pad.desk import STRONGEST

NOTCH = 0.05
WORDS = 7  # cells of the number behind it


class Slider(Guarded, Widget):
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
        self._strength, self._off, self._sliding = 0.0, True, False

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

    def _slide(self, event: MouseEvent) -> None:
        share = min(max((event.pointer_x) / max(self._long - 1, 1), 0), 1)
        notches = round(share * STRONGEST / NOTCH)
        self.post_message(self.Slid(notches * NOTCH))

    def on_mouse_down(self, event: MouseDown) -> None:
        """Take the knob."""
        event.stop()
        self._sliding = True
        self.capture_mouse()
        self._slide(event)

    def on_mouse_move(self, event: MouseMove) -> None:
        """Move the knob."""
        if self._sliding:
            self._slide(event)

    def on_mouse_up(self, event: MouseUp) -> None:
        """Let it go."""
        self._sliding = False
        self.release_mouse()

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Make it stronger by a notch."""
        event.stop()
        self.post_message(self.Slid(self._strength + NOTCH))

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Make it weaker by a notch."""
        event.stop()
        self.post_message(self.Slid(self._strength - NOTCH))
