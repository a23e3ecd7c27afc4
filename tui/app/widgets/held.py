"""A widget that the mouse draws on or drags: what a button does while it is down."""

from textual.events import MouseDown, MouseEvent, MouseMove, MouseUp
from textual.widget import Widget


class Held(Widget):
    """Mixed in before a widget: ``touch`` is called for each place under a button that is down."""

    button = 0  # that is down

    def touch(self, event: MouseEvent, *, begins: bool) -> None:
        """Do what a button does at a place; it ``begins`` there, or was moved there."""
        raise NotImplementedError

    def on_mouse_down(self, event: MouseDown) -> None:
        """Begin."""
        event.stop()
        self.button = event.button
        self.capture_mouse()
        self.touch(event, begins=True)

    def on_mouse_move(self, event: MouseMove) -> None:
        """Go on with it; a button that was let go elsewhere ends it."""
        if self.button and event.button == 0:
            self._let_go()
        if self.button:
            self.touch(event, begins=False)

    def on_mouse_up(self, event: MouseUp) -> None:
        """End it."""
        self._let_go()

    def _let_go(self) -> None:
        self.button = 0
        self.release_mouse()
