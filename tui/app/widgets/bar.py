"""A share of a whole as a line of cells."""

import math

from rich.text import Text


def bar(share: float, cells: int, style: str) -> Text:
    """Return ``cells`` cells, thick up to ``share`` and thin beyond; of NaN all are thin."""
    filled, half = divmod(0 if math.isnan(share) else round(share * cells * 2), 2)
    thick = "━" * filled + "╸" * half
    return Text.assemble((thick, style), ("─" * (cells - len(thick)), "$faint"))
