"""One image with and without a noise: clean, noise and sum, and the ten probabilities."""

import numpy as np
from rich.text import Text

from engine.architectures import CLASSES, IMAGE_SIZE
from tui.panes.adversarial import AdversarialPane, Infused
from tui.screens.closeup import CloseUp
from tui.widgets.bar import bar
from tui.widgets.pixels import draw_grey, draw_signed, shrink
from tui.widgets.thumbnails import WRONG, beside

BAR = 16
EDGES = 8  # cells around the three pictures


class NoiseView(CloseUp):
    """Left and right take another digit, up and down another target."""

    pane: AdversarialPane

    def __init__(self, pane: AdversarialPane) -> None:
        super().__init__(pane)
        self.label = pane.row
        self.digit = 0 if self.label else 1

    def keys(self) -> str:
        """Return the keys in a few words."""
        return "←→ digit  ↑↓ target  escape closes"

    def title_words(self) -> str:
        """Return which digit is to be read as which."""
        return f"A {self.digit} to be read as {self.label}{self.when}"

    def picture(self) -> Text:
        """Return the three pictures over the probabilities before and after."""
        index = self.shown.config.labels.index(self.label)
        infused = Infused.at(self.shown, self.cursor)
        if infused is None:
            return Text("No noise yet.", "dim")
        size = min(IMAGE_SIZE, (self.app.size.width - EDGES - 6) // 3)
        clean, noise = infused.clean[self.digit], infused.noises[index]
        pictures = [
            draw_grey(shrink(clean, size, size), plain=self.plain),
            draw_signed(shrink(noise, size, size), infused.bound, plain=self.plain),
            draw_grey(shrink(infused.sum(index, self.digit), size, size), plain=self.plain),
        ]
        heads = ("clean", f"noise, ±{infused.bound:.2f}", "sum, clamped")
        drawn = Text()
        for picture, head in zip(pictures, heads, strict=True):
            captioned = Text("\n").join([Text(head.ljust(size), "dim"), picture])
            drawn = beside(drawn, captioned) if drawn else captioned
        return Text("\n").join([drawn, self._probabilities(infused, index, size)])

    def _probabilities(self, infused: Infused, index: int, size: int) -> Text:
        before = infused.before.values.get("probabilities")
        if before is None:  # a run of an earlier version
            return Text("\nThis run's journal holds no probabilities.", "dim")
        after = infused.after.values["probabilities"][index][self.digit]
        left = self._bars(before[self.digit], self.digit)
        return beside(left, self._bars(after, self.label), gap=max(2, 2 * size + 4 - 26))

    def _bars(self, probabilities: np.ndarray, wanted: int) -> Text:
        words = Text()
        answer = int(np.argmax(probabilities))
        for digit in range(CLASSES):
            share = float(probabilities[digit])
            style = "" if digit != answer else "bold #009E73" if digit == wanted else WRONG
            words.append(f"{digit} ", style)
            words.append_text(bar(share, BAR, style or "#56B4E9", plain=self.plain))
            words.append(f" {share:7.2%}", style)
            words.append("\n" if digit < CLASSES - 1 else "")
        return words

    def action_move(self, by: int) -> None:
        """Take the next digit that is not the target."""
        self.digit = (self.digit + by) % CLASSES
        if self.digit == self.label:
            self.digit = (self.digit + by) % CLASSES
        self.draw()

    def action_turn(self, by: int) -> None:
        """Take the next target of the run."""
        labels = self.shown.config.labels
        self.label = labels[(labels.index(self.label) + by) % len(labels)]
        if self.digit == self.label:
            self.action_move(1)
        self.draw()
