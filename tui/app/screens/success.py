"""Success by true digit and target label, as a map of ten by ten."""

from rich.text import Text
from textual.color import Color
from textual.geometry import Size

from engine.networks.architectures import CLASSES
from tui.app.colours import ink_on
from tui.app.keymap import Keymap
from tui.app.screens.closeup import CloseUp

HEAD, TOTAL = 6, 7  # cells of a line's target and of its total
CELL, NARROW_CELL = 5, 4  # the narrow one has room for whole per cents
DARK, BRIGHT = Color(23, 32, 51), Color(253, 231, 37)  # the colour-blind tell them apart


class SuccessMap(CloseUp):
    """How often the network says the target, in per cent, on test images of each digit."""

    def key_words(self, keys: Keymap) -> str:
        """Return the keys in a few words."""
        return f"{keys.name('closeup.close')} closes"

    def title_words(self) -> str:
        """Return what is shown."""
        return "Success in % on test images"

    def picture(self, room: Size) -> Text:
        """Return a row for each target, a column for each true digit."""
        finished = self.shown.history.finished
        if finished is None:
            return Text(
                "The map comes with the judging on the test images,\nat the end.", "$text-muted"
            )
        cell = CELL if room.width >= HEAD + CLASSES * CELL + TOTAL else NARROW_CELL
        words = Text.assemble(("target  true digit\n", "$text-muted"))
        words.append(" " * HEAD + "".join(f"{digit:>{cell}}" for digit in range(CLASSES)), "bold")
        words.append(f"{'all':>{TOTAL}}", "bold")
        for target in finished.results["targets"]:
            words.append(f"\n{target['label']:>4}  ", "bold")
            for rate in target["by_source"]:
                words.append_text(self._cell(rate, cell))
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


def _per_cent(rate: float, *, whole: bool) -> str:
    """Return a rate in per cent; only none is 0 and only all is 100."""
    if rate in (0, 1):
        return f"{rate * 100:.0f}"
    if whole:
        return f"{min(max(rate, 0.01), 0.99) * 100:.0f}"
    return f"{min(rate, 0.999) * 100:.1f}"
