"""The command palette: Textual's, made safe to close at any moment."""

from textual.await_remove import AwaitRemove
from textual.command import CommandPalette
from textual.events import Mount, Timer
from textual.message import Message
from textual.widgets import Input

from tui.app.guard import GuardedDialog

BEGINNING = (Mount, Input.Changed, Timer)  # what makes the palette look up its list


class Palette(GuardedDialog, CommandPalette):
    """Finds actions by their words.

    A worker of Textual's gathers commands and looks up the list that they go to. When the screen
    is removed meanwhile, the list goes first, so the worker must have ended by then.
    """

    def remove(self) -> AwaitRemove:
        """End whatever is still being gathered, then remove the screen."""
        self._cancel_gather_commands()
        self._stop_busy_countdown()
        self._stop_no_matches_countdown()
        self.set_reactive(CommandPalette._show_busy, False)  # or the worker's end would show it
        return super().remove()

    async def _dispatch_message(self, message: Message) -> None:
        """Handle a message; on a closed palette nothing begins to gather."""
        if isinstance(message, BEGINNING) and self not in self.app.screen_stack:
            return
        await super()._dispatch_message(message)
