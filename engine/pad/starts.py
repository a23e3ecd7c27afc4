"""Which test images there are to start a drawing from: all, or those that a network mistakes."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine.data.dataset import Split


@dataclass(frozen=True, slots=True, eq=False)
class Starts:
    """Test images, in their order; ``answers`` uint8 [N] are a network's, where they are known.

    ``of`` is the run of that network.
    """

    test: Split
    answers: np.ndarray | None = None
    wrong_only: bool = False
    label: int | None = None  # of one class only
    of: Path | None = None

    @property
    def places(self) -> np.ndarray:
        """Return the numbers of the images that are meant."""
        meant = np.ones(len(self.test), bool)
        if self.wrong_only and self.answers is not None:
            meant &= self.answers != self.test.labels
        if self.label is not None:
            meant &= self.test.labels == self.label
        return np.flatnonzero(meant)

    def after(self, place: int | None, by: int = 1) -> int | None:
        """Return the next of them behind a number, around the end; None where there is none."""
        places = self.places
        if not len(places):
            return None
        if place is None:
            return int(places[0 if by > 0 else -1])
        at = np.searchsorted(places, place, "right" if by > 0 else "left")
        return int(places[(at + (0 if by > 0 else -1)) % len(places)])

    def of_class(self, label: int | None) -> "Starts":
        """Return those of one class, or of all."""
        return replace(self, label=label)

    def only_wrong(self, wrong: bool) -> "Starts":
        """Return those that the network mistakes, or all."""
        return replace(self, wrong_only=wrong)
