"""One image with and without a noise: clean, noise and sum, and the probabilities."""

from collections.abc import Sequence

import numpy as np
from rich.text import Text
from textual.geometry import Size

from engine.data.classes import class_noun, numbered
from engine.sections.adversarial.results import shown_classes
from tui.app.keys.keymap import Keymap
from tui.app.screens.closeup import CloseUp
from tui.app.sections.adversarial.infused import Infused
from tui.app.sections.adversarial.pane import AdversarialPane, labels_of
from tui.app.widgets.bar import bar
from tui.drawing.pixels import draw_grey, draw_signed
from tui.drawing.thumbnails import GAP, WRONG, beside
from tui.words import cut, widest

BAR, SHORT_BAR = 16, 4  # cells; below large pictures the first are longer
LARGE = 64  # pixels a side that are enough
NUMBER = 8  # cells of a probability with its space
SMALLEST = 14  # pixels a side of the three pictures; below, the probabilities stand in two columns
MOST = 10  # classes whose probabilities are shown
SHORTEST = 6  # cells of a name, from which on it is worth them


class NoiseView(CloseUp):
    """Left and right take another image, up and down another target."""

    pane: AdversarialPane

    def __init__(self, pane: AdversarialPane) -> None:
        super().__init__(pane)
        self.label = pane.row
        self.sources = shown_classes(len(self.shown.classes))  # the classes of the images
        self.source = 0 if self.sources[0] != self.label else 1  # a place among them

    @property
    def _labels(self) -> tuple[int, ...]:
        return labels_of(self.shown)

    def key_words(self, keys: Keymap) -> str:
        """Return the keys in a few words."""
        image = keys.names("closeup.left", "closeup.right")
        target = keys.names("closeup.up", "closeup.down")
        noun = class_noun(self.shown.classes)
        return f"{image} {noun}  {target} target  {keys.name('closeup.close')} closes"

    def title_words(self) -> str:
        """Return which image should be read as what."""
        names, true = self.shown.classes, self.sources[self.source]
        article = "A " if class_noun(names) == "digit" else ""
        image, target = numbered(names, true), numbered(names, self.label)
        return f"{article}{image} to be read as {target}{self.when}"

    def picture(self, room: Size) -> Text:
        """Return the three pictures over the probabilities before and after."""
        index = self._labels.index(self.label)
        infused = Infused.at(self.shown, self.cursor)
        if infused is None:
            return Text("No noise yet.", "$text-muted")
        classes = min(len(self.shown.classes), MOST)
        roomy = room.height >= 1 + SMALLEST // 2 + classes
        lines = classes if roomy else 1 + -(-classes // 2)
        across, down = (room.width - 2 * GAP) // 3, 2 * (room.height - 1 - lines)
        clean, noise = infused.clean[self.source], infused.noises[index]
        whole = min(across, down, LARGE) // len(noise) * len(noise)  # of its pixels
        size = max(8, whole or min(across, down)) // 2 * 2
        pictures = [
            draw_grey(clean, self.shades, size),
            draw_signed(noise, infused.bound, self.shades, size),
            draw_grey(infused.sum(index, self.source), self.shades, size),
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
        after = infused.after.values["probabilities"][index][self.source]
        pair = np.asarray(before[self.source]), np.asarray(after)
        tell = self._in_lines if roomy else self._in_two_columns
        return Text("\n").join([drawn, tell(pair, self._told(pair), size, room.width)])

    def _told(self, pair: tuple[np.ndarray, np.ndarray]) -> list[int]:
        """Return the classes to tell the probabilities of: the likeliest, and those in question."""
        asked = [self.sources[self.source], self.label]
        likeliest = np.argsort(-np.maximum(*pair), kind="stable").tolist()
        return sorted(list(dict.fromkeys([*asked, *likeliest]))[:MOST])

    def _in_lines(
        self, pair: tuple[np.ndarray, np.ndarray], told: list[int], size: int, width: int
    ) -> Text:
        """Return a line for each class, before at the left and after at the right."""
        true, half = self.sources[self.source], (width - GAP) // 2
        name = _room_for(self.shown.classes, half - 1 - SHORT_BAR - NUMBER)
        cells = min(max(BAR, size - name - 1 - NUMBER), half - name - 1 - NUMBER)
        left, right = (
            Text("\n").join(self._named(self._bars(values, told, wanted, cells, 2), told, name))
            for values, wanted in zip(pair, (true, self.label), strict=True)
        )
        wide = max(line.cell_len for line in left.split("\n"))
        start = min(2 * (size + GAP), width - wide)  # below the sum where that fits
        return beside(left, right, gap=max(GAP, start - wide))

    def _in_two_columns(
        self, pair: tuple[np.ndarray, np.ndarray], told: list[int], size: int, width: int
    ) -> Text:
        """Return before and after beside each other, half of the classes at the left."""
        true, number = self.sources[self.source], NUMBER - 1
        rest = 2 * (SHORT_BAR + number + 1)
        name = _room_for(self.shown.classes, (width - GAP) // 2 - rest)
        top = Text(f"{' ' * (name + 1)}{'clean':{SHORT_BAR + NUMBER}}sum", "$text-muted")
        bars = [
            self._bars(values, told, wanted, SHORT_BAR, 1)
            for values, wanted in zip(pair, (true, self.label), strict=True)
        ]
        pairs = [Text(" ").join(both) for both in zip(*bars, strict=True)]
        rows = self._named(pairs, told, name)
        half = -(-len(rows) // 2)
        first, second = (Text("\n").join([top, *part]) for part in (rows[:half], rows[half:]))
        return beside(first, second)

    def _bars(
        self, probabilities: np.ndarray, told: list[int], wanted: int, cells: int, places: int
    ) -> list[Text]:
        """Return a bar and a number for each class; the answer's are coloured."""
        answer = int(np.argmax(probabilities))
        words = []
        for label in told:
            share = float(probabilities[label])
            style = "" if label != answer else "bold $good" if label == wanted else WRONG
            drawn = bar(share, cells, style or "$series-1")
            words.append(drawn.append(f" {share:{NUMBER - 3 + places}.{places}%}", style))
        return words

    def _named(self, rows: list[Text], told: list[int], cells: int) -> list[Text]:
        names = self.shown.classes
        if cells < widest(names) and cells < SHORTEST:
            names = tuple(map(str, range(len(names))))
        return [
            Text.assemble(cut(numbered(names, label), cells), " ", row)
            for label, row in zip(told, rows, strict=True)
        ]

    def action_move(self, by: int) -> None:
        """Take the next image that is not of the target."""
        self.source = (self.source + by) % len(self.sources)
        if self.sources[self.source] == self.label:
            self.source = (self.source + by) % len(self.sources)
        self.draw()

    def action_turn(self, by: int) -> None:
        """Take the next target of the run."""
        labels = self._labels
        self.label = labels[(labels.index(self.label) + by) % len(labels)]
        if self.sources[self.source] == self.label:
            self.action_move(1)
        self.draw()


def _room_for(names: Sequence[str], most: int) -> int:
    """Return the cells that a class has, at most so many: its name, or else its number."""
    needed, number = widest(names), len(str(len(names) - 1))
    return number if most < min(needed, SHORTEST) else min(needed, most)
