"""A comparison of runs as text: ranked results, means over seeds, images side by side."""

import math
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from engine import sections
from engine.analysis.compare import Compared, Comparison, is_share
from engine.analysis.judgement import Judgement, judge
from engine.files.text import visible
from tui.console import SafeConsole
from tui.drawing.pixels import ASCII, BLOCKS, Ink, draw_grey, draw_signed
from tui.drawing.thumbnails import thumbnails
from tui.streams import keeps_to_ascii
from tui.summary import keep_whole
from tui.words import number

PICTURE = 20  # pixels a side
ALL = "all"  # the one setting of runs that differ in nothing but their seeds


def print_comparison(comparison: Comparison, console: Console) -> None:
    """Print the ranked runs, the groups where seeds were repeated, and pictures on a terminal."""
    console.print(f"{len(comparison.runs)} {comparison.section} runs, best first",
                  style="bold", soft_wrap=True)  # fmt: skip
    if comparison.warning:
        console.print(comparison.warning, style="yellow", soft_wrap=True)
    console.print(ranking(comparison))
    if warnings := warnings_of(comparison):
        console.print(Text("\n").join(warnings), soft_wrap=True)
    judgement = judge(comparison)
    for heading, table in seed_tables(comparison, judgement):
        console.print()
        console.print(heading, style="bold", soft_wrap=True)
        console.print(table)
    if lines := verdict_lines(judgement, console.width):
        console.print()
        console.print(Text("\n").join(lines), soft_wrap=True)
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


def seed_tables(comparison: Comparison, judgement: Judgement) -> Iterator[tuple[str, Table]]:
    """Yield what each setting comes to over its seeds: by what ranks, then its other results.

    The best on average comes first, which need not be the one with the best run.
    """
    if len(comparison.groups) == len(comparison.runs):
        return
    metric = judgement.metric
    yield f"{_title(metric)} over seeds", spread_table(judgement)
    names = [name for name in comparison.runs[0].numbers if name != metric]
    table = _table({"setting": ""} | dict.fromkeys(names, 0.0))
    for place in judgement.ranked:
        values = [one.numbers for one in comparison.groups[place]]
        cells = [_spread(name, [one[name] for one in values]) for name in names]
        table.add_row(judgement.groups[place].label or ALL, *cells)
    yield "The other results: mean ± standard deviation", table


def spread_table(judgement: Judgement) -> Table:
    """Return a row per setting: mean, deviation, interval, best and worst seed."""
    table = _table({"setting": "", "seeds": 0, "mean": 0.0, "deviation": 0.0,
                    "95 %": 0.0, "best": 0.0, "worst": 0.0})  # fmt: skip
    for place in judgement.ranked:
        group, found = judgement.groups[place], judgement.spreads[place]
        number = partial(_number, judgement.metric)
        low, high = number(found.low), number(found.high)
        ends = [f"{number(group.values[seed])} ({seed})" if found.n > 1 else "–"
                for seed in (found.best, found.worst)]  # fmt: skip
        table.add_row(
            group.label or ALL,
            f"{found.n} of {found.n + found.missing}" if found.missing else str(found.n),
            number(found.mean),
            number(found.deviation),
            _between(low, high) if math.isfinite(found.low) else "–",
            *ends,
        )
    return table


def _between(low: str, high: str) -> str:
    """Return an interval, in percent without saying so, as those of single runs are written."""
    if low.endswith("%"):
        return f"{low[:-1]}–{high[:-1]}"
    return f"{low} to {high}"


def verdict_lines(judgement: Judgement, width: int, most: int = 20) -> list[Text]:
    """Return a heading and what is to be said of each two settings, the best first.

    Lines are at most ``width`` wide. None where there is nothing to say.
    """
    if judgement.reason:
        return hanging(Text(f"No setting is called better: {judgement.reason}."), width)
    if not judgement.verdicts:
        return []
    tested = [verdict for verdict in judgement.verdicts if verdict.test]
    reasons = Counter(verdict.reason for verdict in judgement.verdicts if not verdict.test)
    corrected = f" (p corrected for {len(tested)} pairs)" if len(tested) > 1 else ""
    lines = [Text(f"Differences in {_title(judgement.metric).lower()}{corrected}", "bold")]
    lines += [
        Text.assemble(("✓ ", "bold") if verdict.told else "· ", visible(verdict.sentence()))
        for verdict in tested[:most]
    ]
    if (more := len(tested) - most) > 0:
        lines.append(Text(f"· and {more:,} more: mnist-tui compare --json has all"))
    for verdict in judgement.verdicts:
        if (count := reasons.pop(verdict.reason, 0)) > 1:
            lines.append(Text(f"· {count:,} pairs cannot be compared: {visible(verdict.reason)}"))
        elif count:
            lines.append(Text(f"· {visible(verdict.sentence())}"))
    return [piece for line in lines for piece in hanging(line, width)]


def hanging(text: Text, width: int) -> list[Text]:
    """Return text as lines of at most ``width`` cells, all but the first one indented."""
    if text.cell_len <= width:
        return [text]
    first, *rest = text.wrap(SafeConsole(width=width), max(width - 2, 1))
    return [first, *(Text("  ") + line for line in rest)]


def pictures(comparison: Comparison, width: int, shades: Ink, caption: str = "dim") -> Text:
    """Return the images of each label or neuron from all runs, side by side, a block each."""
    blocks = []
    shown = [(compared, _images(compared)) for compared in comparison.runs]
    for name in dict.fromkeys(name for _, images in shown for name in images):
        row = []
        for compared, images in shown:
            if name in images:
                image, bound = images[name]
                drawn = (
                    draw_signed(image, bound, shades, PICTURE)
                    if bound
                    else draw_grey(image, shades, PICTURE)
                )
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


def _title(metric: str) -> str:
    """Return a result's name as a heading begins."""
    return visible(metric).replace("_", " ").capitalize()


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


def _number(name: str, value: float) -> str:
    if is_share(name):
        return number(value, ".2%")
    return number(value, ".4g")
