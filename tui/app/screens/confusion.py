"""The confusion matrix of a finished training on the test images."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from rich.text import Text
from textual.screen import Screen

from engine.data.classes import numbered
from tui.app.heat import Heat
from tui.app.screens import gallery
from tui.app.screens.exhibits import cell_of_training
from tui.app.screens.matrix import MatrixView
from tui.drawing.matrix import MUTED


class ConfusionMatrix(MatrixView):
    """Rows are true labels, columns predictions; each cell opens its images."""

    axes = "label", "predicted"
    total = "correct", 9

    @property
    def counts(self) -> np.ndarray:
        """How many test images there are in each cell: [K, K]."""
        finished = self.shown.history.finished
        assert finished is not None
        return np.array(finished.results["confusion"])

    @property
    def labels(self) -> Sequence[int]:
        """All classes."""
        return range(len(self.shown.classes))

    def begin(self) -> tuple[int, int]:
        """Return the cell of the most frequent mistake."""
        wrong = self._wrong()
        row, column = np.unravel_index(np.argmax(wrong), wrong.shape)
        return int(row), int(column)

    def _wrong(self) -> np.ndarray:
        """Return the counts of mistakes alone."""
        wrong = self.counts
        np.fill_diagonal(wrong, 0)
        return wrong

    def largest(self) -> float:
        """Return the largest share of a row's images that one mistake has."""
        return float((self._wrong() / np.maximum(self.counts.sum(1, keepdims=True), 1)).max())

    def needed(self, room: int) -> int:
        """Return the cells of the largest count, with a space."""
        return max(len(str(self.counts.max())), 2) + 1

    def cell(self, row: int, column: int, heat: Heat, cells: int) -> tuple[str, str]:
        """Return a count, coloured by its share of the row."""
        counts = self.counts[row]
        count, share = int(counts[column]), float(counts[column] / max(counts.sum(), 1))
        words = str(count).rjust(self.needed(0) - 1)  # units stand below units
        if row == column:
            return words, heat.calm(share)
        return (words, heat.wrong(share)) if count else ("·".rjust(len(words) // 2 + 1), MUTED)

    def total_of(self, row: int) -> str:
        """Return the share of a class's images that is predicted correctly."""
        counts = self.counts[row]
        if not counts.sum():
            return f"{'–':>8}"
        return f"{counts[row] / counts.sum():>8.1%}"

    def legend(self, heat: Heat) -> Text:
        """Return what the colours mean."""
        return heat.legend("correct", "mistaken, of the label")

    def told(self, row: int, column: int) -> str:
        """Return what a cell counts."""
        count = int(self.counts[row, column])
        return f"{self._named(row, column)}: {count:,} image{'' if count == 1 else 's'}"

    def _named(self, row: int, column: int) -> str:
        names = self.shown.classes
        return f"label {numbered(names, row)}, predicted {numbered(names, column)}"

    def images_of(self, row: int, column: int) -> Screen[None] | None:
        """Return the gallery of a cell."""
        if not self.counts[row, column]:
            return None
        load = partial(cell_of_training, self.shown, self._named(row, column), row, column)
        return gallery.Gallery(self.pane, self.shown, load)
