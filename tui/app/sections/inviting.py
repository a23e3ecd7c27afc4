"""A section before its first run: what it does, and the key that begins, in place of its panels."""

from contextlib import suppress
from typing import TYPE_CHECKING, cast

import numpy as np
from rich.text import Text
from textual.widget import Widget

from engine.data.digits import ten_digits
from engine.errors import EngineError
from tui.app.widgets.invitation import Invitation
from tui.live.conductor import Conductor

if TYPE_CHECKING:
    from tui.app.sections.pane import Pane

NOTHING = np.zeros((0, 1, 1))
UNUSED = "-unused"  # class of the panels that an invitation stands for


class Inviting(Widget):
    """Mixed in behind a section: shows an invitation as long as there is nothing else."""

    conductor: Conductor

    def purpose(self) -> str:
        """Return what the section does, in a sentence."""
        raise NotImplementedError

    def first_key(self) -> tuple[str, str]:
        """Return the key that begins, and what it does: ("r", "to train baseline")."""
        raise NotImplementedError

    def invite(self, *, empty: bool, dataset: str, inside: Widget | None = None) -> None:
        """Show the invitation where nothing was run yet, and no longer than that.

        It stands in place of the panels but the first, or else ``inside`` one.
        """
        pane, found = cast("Pane", self), self.query(Invitation)
        if empty and not found:
            if inside is None:
                for panel in list(self.children)[1:]:
                    panel.add_class(UNUSED)
            invitation = Invitation("panel" if inside is None else "")
            invitation.border_title = pane.section.capitalize()
            (inside or self).mount(invitation)
        if empty:
            self._write_invitation(dataset)
        elif found:
            if pane.whole is found.first():
                pane.show_all()
            had_focus = found.first().has_focus
            for panel in self.children:
                panel.remove_class(UNUSED)
            found.remove()
            if had_focus:
                self.screen.set_focus(pane.home)

    def _write_invitation(self, dataset: str) -> None:
        key, begins = self.first_key()
        words = Text.assemble("press ", (key, "bold $key"), f" {begins}")
        for invitation in self.query(Invitation):
            images = self.conductor.examples.get(dataset)
            if images is None:
                images = _digits()
            invitation.invite(self.purpose(), words, images, cast("Pane", self).look.shades)


def _digits() -> np.ndarray:
    with suppress(EngineError):
        return ten_digits()
    return NOTHING
