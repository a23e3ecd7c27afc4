"""What a section shows before its first run: what it is about, and the key that begins."""

import textwrap
from functools import partial

import numpy as np
from rich.text import Text
from textual.geometry import Size

from tui.app.widgets.room import Room
from tui.drawing.classes import draw_classes
from tui.drawing.pixels import Ink

WIDEST = 64  # cells of a line of words


class Invitation(Room):
    """A panel with an image of each class over a sentence and a key."""

    def __init__(self, classes: str) -> None:
        super().__init__("invitation", id="inviting", classes=classes)
        self.can_focus = bool(classes)
        self._said: tuple[str, Text] = "", Text()
        self.images = np.zeros((0, 1, 1))  # that it shows

    def invite(self, sentence: str, key: Text, images: np.ndarray, shades: Ink) -> None:
        """Show images [N, H, W] of the classes over a sentence and what a key begins."""
        if self._said != (sentence, key) or images is not self.images:
            self._said, self.images = (sentence, key), images
            self.draw(partial(draw_invitation, sentence, key, images, shades))


def draw_invitation(sentence: str, key: Text, images: np.ndarray, shades: Ink, room: Size) -> Text:
    """Draw it in the middle of the room; where there is little, the images are left out."""
    words = [Text(line) for line in textwrap.wrap(sentence, min(room.width, WIDEST))]
    words += [Text(), key]
    pictures = draw_classes(images, shades, room.width, room.height - len(words) - 1)
    block = [(line, pictures[0].cell_len) for line in pictures]
    block += [(Text(), 0)] if pictures else []
    block += [(line, line.cell_len) for line in words]
    drawn = Text("\n" * max((room.height - len(block)) // 2, 0), no_wrap=True)
    for number, (line, cells) in enumerate(block):
        drawn.append("\n" if number else "")
        drawn.append(" " * ((room.width - cells) // 2)).append_text(line)
    return drawn
