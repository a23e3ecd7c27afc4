"""A run in one row: its cells in a table of runs, its headline result and any remark on it."""

from rich.cells import cell_len
from rich.table import Column

from engine.errors import EngineError
from engine.files.text import visible
from engine.runs.run import Run
from engine.sections import warning_of


def run_cells(run: Run) -> tuple[str, ...]:
    """Return id, section, status, dataset, recipe, seed and result, blank if damaged."""
    try:
        info = run.info
        return (
            run.id,
            info["section"],
            run.status,
            info["dataset"]["name"],
            info["config"]["recipe"],
            str(info["config"]["seed"]),
            headline(run),
        )
    except EngineError:
        return run.id, "", "damaged", "", "", "", ""


def remark_of(run: Run) -> str:
    """Return in a word or two what is wrong with a finished run's result, "" if nothing is."""
    try:
        if run.info["status"] != "finished" or not warning_of(run):
            return ""
        return "at chance" if run.info["section"] == "train" else "network at chance"
    except EngineError:  # damaged, as its status says
        return ""


def headline(run: Run) -> str:
    """Return a finished run's result in a few characters, "" if there is none."""
    info = run.info
    if info["status"] != "finished":
        return ""
    result = run.result
    match info["section"]:
        case "train":
            return f"{result['test']['accuracy']:.2%}"
        case "adversarial":
            rates = [target["success"]["rate"] for target in result["targets"]]
            return f"{sum(rates) / len(rates):.2%}"
        case "visualize":
            return f"{len(result['neurons'])} neurons"
    return ""


def keep_whole(column: Column) -> None:
    """Let the other columns shrink on a narrow terminal: a truncated id is useless."""
    column.min_width = max((cell_len(visible(str(cell))) for cell in column.cells), default=0)
