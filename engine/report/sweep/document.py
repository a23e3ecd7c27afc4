"""The content of a sweep's report: its plan and its runs turned into words, tables and pictures.

The page itself, its order and its looks, is ``sweep.html.j2``.
"""

import math
import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import Any

from engine.analysis.verdicts import Verdict
from engine.data.known import title_of
from engine.errors import EngineError
from engine.files.text import counted, listed, visible
from engine.report.page import Picture, page
from engine.report.referee import Finding
from engine.report.sweep.atlas import atlas_shown
from engine.report.sweep.pictures import curves_drawn
from engine.report.sweep.referee import summed_up
from engine.report.sweep.words import in_hours, shown
from engine.sweeps.heat import Axis, Heat, heat, options_of, pairs_of, said
from engine.sweeps.outcome import Settled, compared, described, settled, word
from engine.sweeps.states import FINISHED, RunState, status_of
from engine.sweeps.sweep import Sweep

MOST_MAPS = 6  # pairs of options, of a section
FIRST = 8  # comparisons with the best setting that are shown at once


@dataclass(frozen=True, slots=True)
class Row:
    """A setting in the table, ready to be shown. Without a result, its numbers are dashes."""

    label: str
    runs: str
    mean: str
    deviation: str
    interval: str
    best: str
    worst: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a heat map: its mean, its margin or the number of its runs, and how hot it is."""

    words: str
    detail: str
    heat: float  # from 0 to 1


@dataclass(frozen=True, slots=True)
class Map:
    """A heat map as a table."""

    title: str
    caption: str
    rows: Axis
    columns: Axis
    cells: list[list[Cell | None]]


@dataclass(frozen=True, slots=True)
class Told:
    """A verdict in words; ``told`` where it is that there is a difference."""

    told: bool
    words: str


@dataclass(frozen=True, slots=True)
class Part:
    """What the report says of the runs of one section."""

    section: str
    metric: str  # in words; "" where nothing ranks
    runs: int
    rows: list[Row]
    untested: list[str]  # why pairs cannot be compared, and how many of them
    verdicts: list[Told]  # those of the best setting, and where a difference is told
    others: list[Told]
    pairs: int
    maps: list[Map]
    curves: list[Picture]
    not_drawn: int  # settings whose curves there is no room for


def render(
    sweep: Sweep, states: Sequence[RunState], findings: Sequence[Finding], command: str
) -> str:
    """Return the report as self-contained HTML."""
    plan = sweep.plan
    found = settled(states)
    told = compared(sweep, found)
    counts = Counter(state.status for state in states)
    seconds = [state.seconds for state in states if state.seconds is not None]
    parts = [
        _part(sweep, states, [one for one in found if one.section == section], told[section])
        for section in dict.fromkeys(one.section for one in found)
    ]
    safe = [Finding(visible(one.claim), one.holds, visible(one.words)) for one in findings]
    return page("sweep.html.j2").render(
        name=visible(plan.name),
        id=visible(sweep.id),
        lead=_lead(sweep, states, found),
        made=datetime.now(UTC).date().isoformat(),
        status=status_of(sweep, list(states)),
        counts=counts,
        planned=len(states),
        finished=counts[FINISHED],
        hours=in_hours(sum(seconds)),
        best=[_best(part, found) for part in parts if part.metric],
        parts=parts,
        runs=[_run(state) for state in states],
        unfinished=[_run(state) for state in states if state.status != FINISHED],
        claims=summed_up(safe),
        broken=[finding for finding in safe if finding.holds is False],
        checked=len(findings),
        atlas=atlas_shown(states),
        options=[(said(name), _values(values)) for name, values in plan.axes.items()],
        command=visible(command),
        planned_by=visible(plan.command),
        executor=plan.executor,
        environments=_environments(sweep, states),
    )


def command_of(sweep: Sweep, artifacts: str) -> str:
    """Return the command line that makes a sweep's report again."""
    return shlex.join(["mnist-tui", "report", sweep.id, "--artifacts", artifacts])


def _lead(sweep: Sweep, states: Sequence[RunState], found: Sequence[Settled]) -> str:
    seeds = len({state.planned.seed for state in states})
    datasets = listed(sorted({_dataset(state) for state in states}))
    sections = listed(dict.fromkeys(state.planned.section for state in states))
    return (
        f"{counted(len(states), 'run')} of {sections} on {datasets}: "
        f"{counted(len(found), 'setting')}, {counted(seeds, 'seed')} each."
    )


def _dataset(state: RunState) -> str:
    name = str(state.planned.config.get("dataset"))
    return visible(title_of(name.rpartition("/")[2]))


def _part(
    sweep: Sweep, all_: Sequence[RunState], found: Sequence[Settled], told: Sequence[Verdict]
) -> Part:
    section = found[0].section
    states = [state for state in all_ if state.planned.section == section]
    metric = next((one.metric for one in found if one.metric), "")
    pairs = told if metric else []
    verdicts = [one for one in pairs if one.test]
    chosen = verdicts[: min(FIRST, len(found) - 1)]
    curves, not_drawn = curves_drawn(sweep, section, found)
    return Part(
        section=section,
        metric=said(metric),
        runs=len(states),
        rows=[_row(one, metric) for one in found] if metric else [],
        untested=_untested([one for one in pairs if not one.test]),
        verdicts=_told([*chosen, *(one for one in verdicts if one.told and one not in chosen)]),
        others=_told([one for one in verdicts if not one.told and one not in chosen]),
        pairs=max((one.pairs for one in verdicts), default=0),
        maps=_maps(states, metric) if metric else [],
        curves=curves,
        not_drawn=not_drawn,
    )


def _told(verdicts: Sequence[Verdict]) -> list[Told]:
    return [Told(one.told, visible(one.sentence())) for one in verdicts]


def _untested(verdicts: Sequence[Verdict]) -> list[str]:
    """Return what is to be said of pairs without a test: each reason once."""
    reasons = Counter(one.reason for one in verdicts)
    return [f"{counted(count, 'pair')} cannot be compared: {visible(reason)}."
            for reason, count in reasons.most_common()]  # fmt: skip


def _row(one: Settled, metric: str) -> Row:
    return Row(visible(one.label), *one.cells(partial(shown, metric)))


def _best(part: Part, found: Sequence[Settled]) -> tuple[str, str]:
    """Return the mean of the best setting of a section, and which that is."""
    one = next(one for one in found if one.section == part.section)
    return shown(one.metric, one.spread.mean), visible(f"{part.metric}, {one.label}")


def _maps(states: Sequence[RunState], metric: str) -> list[Map]:
    finished = [state for state in states if metric in state.measured]
    pairs = list(islice(pairs_of(options_of(finished)), MOST_MAPS))
    return [_map(heat(finished, metric, *pair), metric) for pair in pairs]


def _map(found: Heat, metric: str) -> Map:
    cells = [
        [_cell(found, metric, row, column) for column in range(len(found.columns.labels))]
        for row in range(len(found.rows.labels))
    ]
    over = f" over all values of {' and '.join(map(said, found.others))}" if found.others else ""
    span, scale = ([shown(metric, value) for value in ends] for ends in (found.span, found.scale))
    between = "" if scale == span else f" between {scale[0]} and {scale[1]}"
    return Map(
        f"{found.rows.title} by {found.columns.title}",
        f"Mean {said(metric)}{over}, from {span[0]} to {span[1]}; the bluer, the higher{between}",
        found.rows,
        found.columns,
        cells,
    )


def _cell(found: Heat, metric: str, row: int, column: int) -> Cell | None:
    mean, count = float(found.mean[row, column]), int(found.count[row, column])
    if not count:
        return None
    margin = float(found.margin[row, column])
    detail = f"± {shown(metric, margin)}" if math.isfinite(margin) else counted(count, "run")
    return Cell(shown(metric, mean), detail, round(float(found.shares[row, column]), 3))


def _run(state: RunState) -> dict[str, Any]:
    planned = state.planned
    return {
        "id": planned.run_id,
        "section": planned.section,
        "what": visible(described(planned)),
        "seed": planned.seed,
        "status": state.status,
        "message": visible(state.message),
        "result": state.headline,
        "seconds": state.seconds,
    }


def _environments(sweep: Sweep, states: Sequence[RunState]) -> list[str]:
    """Return where runs were made, in a line for each kind of place."""
    found: Counter[str] = Counter()
    for state in states:
        if state.status != FINISHED:
            continue
        try:
            environment = sweep.run(state.planned).read_info()["environment"]
        except EngineError:
            continue
        versions = ", ".join(f"{name} {one}" for name, one in environment["versions"].items())
        found[visible(
            f"{environment['device']} ({environment['device_name']}), {environment['precision']}, "
            f"{counted(environment['threads'], 'thread')}; {versions}"
        )] += 1  # fmt: skip
    return [f"{counted(count, 'run')}: {words}" for words, count in found.most_common()]


def _values(values: Sequence[Any]) -> str:
    return visible(listed(map(word, values), most=16))
