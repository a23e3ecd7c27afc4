"""Success by true class and target label, as a map."""

from collections.abc import Sequence

from rich.text import Text
from textual.color import Color
from textual.geometry import Size

from engine.data.classes import class_noun, numbered
from tui.app.colours import ink_on
from tui.app.keymap import Keymap
from tui.app.screens.closeup import CloseUp
from tui.words import cut, widest

HEAD, WIDEST_HEAD = 6, 18  # cells of a line's target
TOTAL = 7  # cells of a line's total
CELL, NARROW_CELL = 5, 4  # the narrow one has room for whole per cents
STEP = 5  # classes that a key moves on by
DARK, BRIGHT = Color(23, 32, 51), Color(253, 231, 37)  # the colour-blind tell them apart


class SuccessMap(CloseUp):
    """How often the network says the target, in per cent, on test images of each class.

    Where not all classes fit, left and right move over them.
    """

    first = 0  # of the classes that are shown
    _all_fit = True

    def key_words(self, keys: Keymap) -> str:
        """Return the keys in a few words."""
        closes = f"{keys.name('closeup.close')} closes"
        others = keys.names("closeup.left", "closeup.right")
        return closes if self._all_fit else f"{others} other classes  {closes}"

    def title_words(self) -> str:
        """Return what is shown."""
        return "Success in % on test images"

    def picture(self, room: Size) -> Text:
        """Return a row for each target, a column for each true class."""
        finished = self.shown.history.finished
        if finished is None:
            return Text(
                "The map comes with the judging on the test images,\nat the end.", "$text-muted"
            )
        names = self.shown.classes
        named = widest(names) > len(str(len(names) - 1))
        head = min(widest(names) + 2, WIDEST_HEAD) if named else HEAD
        cell = CELL if room.width >= head + len(names) * CELL + TOTAL else NARROW_CELL
        most = max(1, (room.width - head - TOTAL) // cell)
        self._all_fit = most >= len(names)
        self.first = min(self.first, max(0, len(names) - most))
        columns = range(self.first, min(self.first + most, len(names)))
        top = f"{'target':{head}}  true {class_noun(names)}\n"
        words = Text.assemble((top, "$text-muted"))
        words.append(" " * head + "".join(f"{label:>{cell}}" for label in columns), "bold")
        words.append(f"{'all':>{TOTAL}}", "bold")
        for target in finished.results["targets"]:
            words.append("\n" + _head(names, target["label"], head, named), "bold")
            for label in columns:
                words.append_text(self._cell(target["by_source"][label], cell))
            words.append(f"{target['success']['rate'] * 100:{TOTAL}.1f}")
        return words

    def _cell(self, rate: float | None, cell: int) -> Text:
        if rate is None:
            return Text(f"{'·':>{cell}}", "$text-muted")
        words = f"{_per_cent(rate, whole=cell == NARROW_CELL):>{cell}}"
        if self.shades is not None:
            return Text(words)
        colour = DARK.blend(BRIGHT, rate)
        return Text(words, f"{ink_on(colour)} on {colour.hex}")

    def action_move(self, by: int) -> None:
        """Move over the classes."""
        self.first = max(0, self.first + STEP * by)
        self.draw()


def _head(names: Sequence[str], label: int, cells: int, named: bool) -> str:
    """Return what stands before a target's line."""
    return cut(numbered(names, label), cells - 1) + " " if named else f"{label:>4}  "


def _per_cent(rate: float, *, whole: bool) -> str:
    """Return a rate in per cent; only none is 0 and only all is 100."""
    if rate in (0, 1):
        return f"{rate * 100:.0f}"
    if whole:
        return f"{min(max(rate, 0.01), 0.99) * 100:.0f}"
    return f"{min(rate, 0.999) * 100:.1f}"
