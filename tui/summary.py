"""What tables on a narrow terminal keep."""

from rich.cells import cell_len
from rich.table import Column

from engine.files.text import visible


def keep_whole(column: Column) -> None:
    """Let the other columns shrink on a narrow terminal: a truncated id is useless."""
    column.min_width = max((cell_len(visible(str(cell))) for cell in column.cells), default=0)
