"""The scales of a chart: which dots stand for which steps and values."""

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Frame:
    """The scales of a chart: ``columns`` and ``rows`` of cells for steps and values.

    Of a logarithmic axis, ``low`` and ``high`` are logarithms.
    """

    first: float
    last: float
    low: float
    high: float
    columns: int
    rows: int
    log: bool = False

    @property
    def width(self) -> int:
        """The columns of dots."""
        return 2 * self.columns

    @property
    def height(self) -> int:
        """The rows of dots."""
        return 4 * self.rows

    def levels(self, values: np.ndarray) -> np.ndarray:
        """Return the rows of dots of values, from the top."""
        if self.log:
            values = np.log10(np.where(values > 0, values, np.nan))
        return (self.high - values) / (self.high - self.low) * (self.height - 1)

    def row(self, place: float) -> int:
        """Return the row of dots of a place on the y axis."""
        return round((self.high - place) / (self.high - self.low) * (self.height - 1))

    def column(self, step: float) -> int:
        """Return the column of dots of a step."""
        share = (step - self.first) / max(self.last - self.first, 1)
        return math.floor(share * (self.width - 1) + 1e-6)

    def step(self, cell: float) -> float:
        """Return the step in the middle of a column of cells."""
        share = (2 * cell + 0.5) / max(self.width - 1, 1)
        return self.first + min(max(share, 0), 1) * (self.last - self.first)
