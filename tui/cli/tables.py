"""Runs and their results as tables, the course report's results beside ours."""

import os
import stat
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from engine import sections
from engine.files.text import visible
from engine.runs.run import Run
from engine.runs.summary import Summary
from tui.summary import keep_whole

BAD = "bold red"
RUN_COLUMNS = ("run", "status", "dataset", ">seed", ">result", "recipe")
GAP = 2  # cells between two columns


def print_results(runs: Iterable[Run], console: Console) -> None:
    """Print one table per section of the finished runs, then each run's status and directory."""
    runs = list(runs)
    tables: dict[tuple[Any, ...], list[Run]] = {}
    for run in runs:
        info = run.read_info()
        if info["status"] == "finished":
            section = sections.find(info["section"])
            tables.setdefault((section.name, *section.tabled_by(run)), []).append(run)
    for finished in tables.values():
        _print_table(finished, console)
    for run in runs:
        console.print(f"{run.read_info()['status']:>9}  {run.path}", soft_wrap=True)


def print_runs(runs: Sequence[Summary], console: Console) -> None:
    """Print a row per run, newest first.

    Where all of it fits, rows are laid out here: Rich takes seconds for ten thousand.
    """
    rows = [tuple(map(visible, _cells(run))) for run in runs]
    titles = [name.lstrip(">") for name in RUN_COLUMNS]
    widths = [max(map(cell_len, column)) for column in zip(titles, *rows, strict=True)]
    table = empty_table(*RUN_COLUMNS)
    if sum(widths) + GAP * len(widths) > console.width:
        for run, row in zip(runs, rows, strict=True):
            *first, result, recipe = row
            table.add_row(*first, Text(result, BAD if run.remark else ""), recipe)
        keep_whole(table.columns[0])
        console.print(table)
        return
    for column, width in zip(table.columns, widths, strict=True):
        column.min_width = width
    console.print(table)
    pairs = zip(runs, rows, strict=True)
    for worthless, some in groupby(pairs, lambda pair: bool(pair[0].remark)):
        if worthless:
            for _, row in some:
                console.print(_marked_line(row, widths), soft_wrap=True)
        else:
            console.file.write("".join(_line(row, widths) + "\n" for _, row in some))


def _cells(run: Summary) -> tuple[str, ...]:
    result = f"{run.result}, {run.remark}" if run.remark else run.result
    return run.run, run.status, run.dataset, run.seed, result, run.recipe


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    """Return a row's cells at their columns' widths, as Rich sets them."""
    cells = []
    for name, cell, width in zip(RUN_COLUMNS, row, widths, strict=True):
        blank = " " * (width - cell_len(cell))
        cells.append(blank + cell if name.startswith(">") else cell + blank)
    return (" " * GAP).join(cells) + " "


def _marked_line(row: Sequence[str], widths: Sequence[int]) -> Text:
    """Return a row whose result is in red."""
    line = Text(_line(row, widths), no_wrap=True)
    line.highlight_words([row[RUN_COLUMNS.index(">result")]], BAD)
    return line


def print_run(run: Run, console: Console) -> None:
    """Print a run's settings, environment, result and files."""
    info = run.read_info()
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    head = info | {"status": run.read_status()}
    for name in ("section", "status", "message", "command", "started_at", "finished_at"):
        if head.get(name):
            table.add_row(name.replace("_", " "), str(head[name]))
    dataset = info["dataset"]
    counts = ", ".join(f"{dataset[part]:,} {part}" for part in ("train", "validation", "test"))
    table.add_row("dataset", f"{dataset['name']} ({counts})")
    table.add_row("dataset sha256", dataset["sha256"])
    environment = info["environment"]
    table.add_row("device", f"{environment['device']} ({environment['device_name']})")
    versions = ", ".join(f"{name} {version}" for name, version in environment["versions"].items())
    table.add_row("versions", versions)
    for name, value in info["config"].items():
        if value is not None and name not in ("dataset", "device", "layout"):
            table.add_row(name.replace("_", " "), _words(value))
    console.print(run.id, style="bold")
    console.print(table)
    if info["status"] == "finished":
        _print_table([run], console)
    console.print(f"files in {run.path}:", soft_wrap=True)
    for name, size in run_files(run).items():
        console.print(f"{size:>12,}  {name}", soft_wrap=True)


def run_files(run: Run) -> dict[str, int]:
    """Return the sizes of a run's files in bytes, by their names from its directory.

    Links and hidden files (locks, files being written) are left out.
    """
    found = {}
    for folder, folders, names in os.walk(run.path):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(folder, name)
            with suppress(FileNotFoundError):  # an active run renames what it writes
                status = path.lstat()
                if stat.S_ISREG(status.st_mode) and not name.startswith("."):
                    found[str(path.relative_to(run.path))] = status.st_size
    return dict(sorted(found.items()))


def run_json(run: Run) -> dict[str, Any]:
    """Return ``run.json`` with the run's current status, its result (or null) and its files.

    ``warning`` says why the result is worthless, "" if it is not.
    """
    info = run.read_info()
    result = run.read_result() if info["status"] == "finished" else None
    present = {"status": run.read_status(), "result": result, "warning": sections.warning_of(run)}
    return info | present | {"files": run_files(run)}


def _print_table(runs: list[Run], console: Console) -> None:
    """Print the results of runs that share a table, and what to keep in mind about them."""
    results = sections.find(runs[0].read_info()["section"]).table(runs)
    table = empty_table(*results.columns)
    for row, cells in enumerate(results.rows):
        table.add_row(*cells, style=BAD if row in results.worthless else "")
    if results.means:
        table.add_section()
        table.add_row(*results.means)
    console.print(results.title, style="bold")
    console.print(table)
    if results.caption:
        console.print(results.caption, style="dim")
    _print_warnings(runs, console)


def _print_warnings(runs: list[Run], console: Console) -> None:
    """Print a red line for each run whose results are worthless."""
    for run in runs:
        if warning := sections.warning_of(run):
            console.print(f"{run.read_config().title}: {warning}", style=BAD, soft_wrap=True)


def _words(value: Any) -> str:
    if isinstance(value, dict):
        value = [f"{name}: {item}" for name, item in value.items()]
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def empty_table(*columns: str) -> Table:
    """Return an empty table; ``>`` before a column's name aligns it right."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    for column in columns:
        justify: JustifyMethod = "right" if column.startswith(">") else "left"
        table.add_column(column.lstrip(">"), justify=justify, no_wrap=True)
    return table
