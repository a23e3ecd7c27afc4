"""A run in a row of a table, on the command line and in the app."""

from rich.cells import cell_len
from rich.table import Column

from engine.files.text import visible
from engine.runs.summary import Summary


def words_of(summary: Summary) -> str:
    """Return all that a filter looks at, in small letters."""
    told = (
        summary.run, summary.section, summary.status, summary.dataset, summary.recipe,
        summary.seed, summary.result, summary.remark,
    )  # fmt: skip
    return " ".join(told).lower()


def keep_whole(column: Column) -> None:
    """Let the other columns shrink on a narrow terminal: a truncated id is useless."""
    column.min_width = max((cell_len(visible(str(cell))) for cell in column.cells), default=0)
