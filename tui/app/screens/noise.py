"""One image with and without a noise: clean, noise and sum, and the ten probabilities."""

import numpy as np
from rich.text import Text
from textual.geometry import Size

from engine.networks.architectures import CLASSES, SIDE
from tui.app.keymap import Keymap
from tui.app.screens.closeup import CloseUp
from tui.app.sections.adversarial import AdversarialPane, Infused, labels_of
from tui.app.widgets.bar import bar
from tui.drawing.pixels import draw_grey, draw_signed, shrink
from tui.drawing.thumbnails import GAP, WRONG, beside

BAR, SHORT_BAR = 16, 4
SMALLEST = 14  # pixels a side of the three pictures; below, the probabilities stand in five lines


class NoiseView(CloseUp):
    """Left and right take another digit, up and down another target."""

    pane: AdversarialPane

    def __init__(self, pane: AdversarialPane) -> None:
        super().__init__(pane)
        self.label = pane.row
        self.digit = 0 if self.label else 1

    @property
    def _labels(self) -> tuple[int, ...]:
        return labels_of(self.shown)

    def key_words(self, keys: Keymap) -> str:
        """Return the keys in a few words."""
        digit = keys.names("closeup.left", "closeup.right")
        target = keys.names("closeup.up", "closeup.down")
        return f"{digit} digit  {target} target  {keys.name('closeup.close')} closes"

    def title_words(self) -> str:
        """Return which digit should be read as which."""
        return f"A {self.digit} to be read as {self.label}{self.when}"

    def picture(self, room: Size) -> Text:
        """Return the three pictures over the probabilities before and after."""
        index = self._labels.index(self.label)
        infused = Infused.at(self.shown, self.cursor)
        if infused is None:
            return Text("No noise yet.", "$text-muted")
        roomy = room.height >= 1 + SMALLEST // 2 + CLASSES
        lines = CLASSES if roomy else 1 + CLASSES // 2
        across, down = (room.width - 2 * GAP) // 3, 2 * (room.height - 1 - lines)
        size = max(8, min(SIDE, across, down) // 2 * 2)
        clean, noise = infused.clean[self.digit], infused.noises[index]
        pictures = [
            draw_grey(shrink(clean, size, size), self.shades),
            draw_signed(shrink(noise, size, size), infused.bound, self.shades),
            draw_grey(shrink(infused.sum(index, self.digit), size, size), self.shades),
        ]
        heads = ("clean", f"noise, ±{infused.bound:.2f}", "sum, clamped")
        drawn = Text()
        for picture, head in zip(pictures, heads, strict=True):
            captioned = Text("\n").join([Text(head[:size].ljust(size), "$text-muted"), picture])
            drawn = beside(drawn, captioned) if drawn else captioned
        before = infused.before.values.get("probabilities")
        if before is None:  # a run of an earlier version
            words = Text("\nThis run's journal holds no probabilities.", "$text-muted")
            return Text("\n").join([drawn, words])
        clean_ones = self._bars(before[self.digit], self.digit, roomy)
        after = infused.after.values["probabilities"][index][self.digit]
        sum_ones = self._bars(after, self.label, roomy)
        if roomy:
            left = Text("\n").join(_numbered(clean_ones))
            right = Text("\n").join(_numbered(sum_ones))
            width = max(line.cell_len for line in left.split("\n"))
            start = min(2 * (size + GAP), room.width - width)  # below the sum where that fits
            return Text("\n").join([drawn, beside(left, right, gap=max(GAP, start - width))])
        top = Text(f"  {'clean':{SHORT_BAR + 8}}sum", "$text-muted")
        pairs = [Text(" ").join(pair) for pair in zip(clean_ones, sum_ones, strict=True)]
        rows = _numbered(pairs)
        half = CLASSES // 2
        first, second = (Text("\n").join([top, *part]) for part in (rows[:half], rows[half:]))
        return Text("\n").join([drawn, beside(first, second)])

    def _bars(self, probabilities: np.ndarray, wanted: int, roomy: bool) -> list[Text]:
        """Return a bar and a number for each digit; the answer's are coloured."""
        answer = int(np.argmax(probabilities))
        words = []
        for digit in range(CLASSES):
            share = float(probabilities[digit])
            style = "" if digit != answer else "bold $good" if digit == wanted else WRONG
            drawn = bar(share, BAR if roomy else SHORT_BAR, style or "$series-1")
            drawn.append(f" {share:7.2%}" if roomy else f" {share:6.1%}", style)
            words.append(drawn)
        return words

    def action_move(self, by: int) -> None:
        """Take the next digit that is not the target."""
        self.digit = (self.digit + by) % CLASSES
        if self.digit == self.label:
            self.digit = (self.digit + by) % CLASSES
        self.draw()

    def action_turn(self, by: int) -> None:
        """Take the next target of the run."""
        labels = self._labels
        self.label = labels[(labels.index(self.label) + by) % len(labels)]
        if self.digit == self.label:
            self.action_move(1)
        self.draw()


def _numbered(rows: list[Text]) -> list[Text]:
    return [Text.assemble(f"{digit} ", row) for digit, row in enumerate(rows)]
