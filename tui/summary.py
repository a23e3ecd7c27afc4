"""A run in one row: its cells in a table of runs, its headline result and any remark on it."""

from collections.abc import Mapping
from typing import Any

from rich.cells import cell_len
from rich.table import Column

from engine import sections
from engine.errors import EngineError
from engine.files.text import visible
from engine.runs.run import Run


def run_cells(run: Run) -> tuple[str, ...]:
    """Return id, section, status, dataset, recipe, seed and result, blank if damaged."""
    try:
        info = run.read_info()
        return (
            run.id,
            info["section"],
            run.read_status(),
            info["dataset"]["name"],
            info["config"].get("recipe", ""),
            str(info["config"]["seed"]),
            headline(run, info),
        )
    except EngineError:
        return run.id, "", "damaged", "", "", "", ""


def remark_of(run: Run) -> str:
    """Return in a word or two what is wrong with a finished run's result, "" if nothing is."""
    try:
        info = run.read_info()
        if info["status"] != "finished" or not sections.warning_of(run):
            return ""
        return sections.find(info["section"]).flaw
    except EngineError:  # damaged, as its status says
        return ""


def headline(run: Run, info: Mapping[str, Any]) -> str:
    """Return a finished run's result in a few characters, "" if there is none."""
    if info["status"] != "finished":
        return ""
    return sections.find(info["section"]).score(run.read_result())


def keep_whole(column: Column) -> None:
    """Let the other columns shrink on a narrow terminal: a truncated id is useless."""
    column.min_width = max((cell_len(visible(str(cell))) for cell in column.cells), default=0)
