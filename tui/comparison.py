"""A comparison of runs as text: ranked results, means over seeds, images side by side."""

import math
from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from engine import sections
from engine.analysis.compare import Compared, Comparison
from engine.files.text import visible
from tui.drawing.pixels import ASCII, BLOCKS, Shades, draw_grey, draw_signed, exactly
from tui.drawing.thumbnails import thumbnails
from tui.streams import keeps_to_ascii
from tui.summary import keep_whole
from tui.words import number

SHARES = ("accuracy", "success", "percentile", "validation_best", "validation_last")
PICTURE = 20  # pixels a side


def print_comparison(comparison: Comparison, console: Console) -> None:
    """Print the ranked runs, the groups where seeds were repeated, and pictures on a terminal."""
    console.print(f"{len(comparison.runs)} {comparison.section} runs, best first",
                  style="bold", soft_wrap=True)  # fmt: skip
    if comparison.warning:
        console.print(comparison.warning, style="yellow", soft_wrap=True)
    console.print(ranking(comparison))
    if warnings := warnings_of(comparison):
        console.print(Text("\n").join(warnings), soft_wrap=True)
    if len(comparison.groups) < len(comparison.runs):
        console.print("Mean over seeds ± standard deviation", style="bold")
        console.print(group_table(comparison))
    if console.is_terminal and console.color_system and comparison.section != "train":
        shades = ASCII if keeps_to_ascii() else BLOCKS if console.no_color else None
        console.print(pictures(comparison, console.width, shades))


def ranking(comparison: Comparison) -> Table:
    """Return a row per run, best first: the settings that differ, then the results."""
    rows = list(comparison.rows())
    table = _table(rows[0])
    for row in rows:
        table.add_row(*(_cell(name, value) for name, value in row.items()))
    keep_whole(table.columns[1])
    return table


def warnings_of(comparison: Comparison, style: str = "bold red") -> list[Text]:
    """Return a line for each run whose results are worthless."""
    return [
        Text(f"{compared.run.id}: {warning}", style)
        for compared in comparison.runs
        if (warning := compared.warning)
    ]


def group_table(comparison: Comparison) -> Table:
    """Return a row per group: mean and standard deviation of each result over its runs."""
    names = comparison.runs[0].numbers
    table = _table({"group": "", "runs": 0} | dict.fromkeys(names, 0.0))
    for group in comparison.groups:
        cells = [_spread(name, [one.numbers[name] for one in group]) for name in names]
        table.add_row(comparison.name_of(group), str(len(group)), *cells)
    return table


def pictures(
    comparison: Comparison, width: int, shades: Shades | None, caption: str = "dim"
) -> Text:
    """Return the images of each label or neuron from all runs, side by side, a block each."""
    blocks = []
    shown = [(compared, _images(compared)) for compared in comparison.runs]
    for name in dict.fromkeys(name for _, images in shown for name in images):
        row = []
        for compared, images in shown:
            if name in images:
                image, bound = images[name]
                small = exactly(image, PICTURE)
                drawn = draw_signed(small, bound, shades) if bound else draw_grey(small, shades)
            else:
                drawn = Text("\n" * (PICTURE // 2 - 1))
            rank = comparison.runs.index(compared) + 1
            row.append((drawn, Text(f"{name}, {rank}", caption)))
        blocks.append(thumbnails(row, PICTURE, width))
    return Text("\n").join(blocks)


def _images(compared: Compared) -> dict[str, tuple[np.ndarray, float]]:
    """Return a run's last images by what they are of, with the bound of signed ones or 0."""
    config, history = compared.run.read_config(), compared.history
    section = sections.find(config.section)
    preview = history.preview(section.pictured)
    if preview is None:
        return {}
    bound = preview.high if preview.low < 0 else 0.0
    named = zip(section.row_names(config), history.images(section.pictured), strict=True)
    return {name: (image, bound) for name, image in named}


def _spread(name: str, values: list[float]) -> str:
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return "–"
    mean = _number(name, float(np.mean(finite)))
    if len(finite) < 2:
        return mean
    return f"{mean} ± {_number(name, float(np.std(finite, ddof=1)))}"


def _table(first: dict[str, Any]) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    for name, value in first.items():
        words = visible(name).replace("_", "\n", 1).replace("_", " ")  # wider than the numbers
        table.add_column(Text(words), justify="left" if isinstance(value, str) else "right",
                         no_wrap=True)  # fmt: skip
    return table


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "–"
    return _number(name, value) if isinstance(value, float) else str(value)


def is_share(name: str) -> bool:
    """Tell whether a result of a name is a share, shown in percent."""
    return any(word in name for word in SHARES)


def _number(name: str, value: float) -> str:
    if is_share(name):
        return f"{value:.2%}"
    return number(value, ".4g")
