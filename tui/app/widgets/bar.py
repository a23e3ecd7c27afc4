"""A share of a whole as a line of cells."""

import math

from rich.text import Text


def bar(share: float, cells: int, style: str, *, plain: bool) -> Text:
    """Return ``cells`` cells, those up to ``share`` in ``style`` and the rest dim; of NaN none."""
    filled = 0 if math.isnan(share) else round(share * cells)
    full, empty = ("#", "-") if plain else ("━", "─")
    return Text.assemble((full * filled, style), (empty * (cells - filled), "dim"))
