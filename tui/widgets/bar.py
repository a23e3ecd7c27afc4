"""A share of a whole as a line of cells."""

from rich.text import Text


def bar(share: float, cells: int, style: str, *, plain: bool) -> Text:
    """Return ``cells`` cells, those up to ``share`` in ``style`` and the rest dim."""
    filled = round(share * cells)
    full, empty = ("#", "-") if plain else ("━", "─")
    return Text.assemble((full * filled, style), (empty * (cells - filled), "dim"))
