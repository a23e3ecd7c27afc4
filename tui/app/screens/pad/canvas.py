"""The canvas that the mouse draws on."""

from textual.events import MouseEvent
from textual.message import Message

from engine.pad.canvas import Place
from tui.app.widgets.held import Held
from tui.app.widgets.pixelled import Pixels
from tui.drawing.pixels import Ink

RIGHT = 3  # the button that erases


class CanvasView(Held, Pixels):
    """Tells what the mouse does, in shares of its size.

    Some terminals tell the mouse's place in pixels. Most tell the cell: its middle is meant then.
    """

    class Touched(Message):
        """The mouse is down at a place; ``begins`` a stroke, or goes on with one."""

        def __init__(self, place: Place, *, begins: bool, erases: bool) -> None:
            super().__init__()
            self.place, self.begins, self.erases = place, begins, erases

    def __init__(self, shades: Ink, *, id: str) -> None:
        super().__init__(shades, id=id)
        self._in_pixels = False

    def _place(self, event: MouseEvent) -> Place:
        x, y = event.pointer_x, event.pointer_y
        self._in_pixels |= x != int(x) or y != int(y)
        middle = 0.0 if self._in_pixels else 0.5
        return (x + middle) / max(self.size.width, 1), (y + middle) / max(self.size.height, 1)

    def touch(self, event: MouseEvent, *, begins: bool) -> None:
        """Tell where the mouse is."""
        erases = self.button == RIGHT
        self.post_message(self.Touched(self._place(event), begins=begins, erases=erases))
