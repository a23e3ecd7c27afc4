"""Success by true class and target label, as a map."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from rich.text import Text
from textual.screen import Screen

from engine.data.classes import class_noun, numbered
from tui.app.heat import Heat
from tui.app.screens import gallery
from tui.app.screens.exhibits import source_of_noise
from tui.app.screens.matrix import MatrixView
from tui.app.sections.adversarial.pane import labels_of
from tui.app.sections.base import ExperimentPane

CELL, NARROW_CELL = 5, 4  # the narrow one has room for whole per cents


class SuccessMap(MatrixView):
    """How often the network says the target, in per cent, on test images of each class."""

    total = "  all", 7

    def __init__(self, pane: ExperimentPane) -> None:
        super().__init__(pane)
        self.axes = "target", f"true {class_noun(self.shown.classes)}"
        self._asked = pane.row  # the target that was chosen

    @property
    def labels(self) -> Sequence[int]:
        """The run's targets."""
        return labels_of(self.shown)

    def _target(self, row: int) -> dict[str, Any]:
        finished = self.shown.history.finished
        assert finished is not None
        target: dict[str, Any] = finished.results["targets"][row]
        return target

    def begin(self) -> tuple[int, int]:
        """Return the class that resists the chosen target best."""
        row = self.labels.index(self._asked) if self._asked in self.labels else 0
        rates = self._target(row)["by_source"]
        return row, min(range(len(rates)), key=lambda n: 2 if rates[n] is None else rates[n])

    def largest(self) -> float:
        """Return the largest share of a class's images that resist a noise."""
        rates = [rate for row in range(len(self.labels)) for rate in self._target(row)["by_source"]]
        return 1.0 - min((rate for rate in rates if rate is not None), default=1.0)

    def needed(self, room: int) -> int:
        """Return the cells of a rate, whole per cents where there is no more room."""
        return CELL if room >= CELL else NARROW_CELL

    def cell(self, row: int, column: int, heat: Heat, cells: int) -> tuple[str, str]:
        """Return a rate in per cent, coloured by how many images resist."""
        rate = self._target(row)["by_source"][column]
        if rate is None:
            return "·", "$text-muted"
        style = heat.calm(1) if rate >= 1 else heat.wrong(1 - rate)
        return per_cent(rate, whole=cells == NARROW_CELL), style

    def total_of(self, row: int) -> str:
        """Return the target's success on all images of other classes."""
        return f"{self._target(row)['success']['rate'] * 100:5.1f}"

    def legend(self, heat: Heat) -> Text:
        """Return what the colours mean."""
        return heat.legend("all give in", "share that resists")

    def told(self, row: int, column: int) -> str:
        """Return what a cell says."""
        names, rate = self.shown.classes, self._target(row)["by_source"][column]
        source, target = numbered(names, column), numbered(names, self.labels[row])
        if rate is None:
            return f"Success in %: {target} is the target itself"
        return f"Success in %: {source} read as {target}: {per_cent(rate, whole=False)}"

    def images_of(self, row: int, column: int) -> Screen[None] | None:
        """Return the gallery of a class's images with a target's noise."""
        if self._target(row)["by_source"][column] is None:
            return None
        load = partial(source_of_noise, self.shown, row, column)
        return gallery.Gallery(self.pane, self.shown, load)


def per_cent(rate: float, *, whole: bool) -> str:
    """Return a rate in per cent; only none is 0 and only all is 100."""
    if rate in (0, 1):
        return f"{rate * 100:.0f}"
    if whole:
        return f"{min(max(rate, 0.01), 0.99) * 100:.0f}"
    return f"{min(rate, 0.999) * 100:.1f}"
