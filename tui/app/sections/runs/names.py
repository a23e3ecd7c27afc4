"""Ids of runs in a column that is too narrow for them: both the date and the network are seen."""

import re
from collections.abc import Iterable

from rich.cells import cell_len

from tui.words import cut_middle

_ID = re.compile(r"(\d{4})(\d{4})-(\d{4})\d\d-\d{3}-(.+)", re.DOTALL)
FORMS = ("{year}{day}-{minute}…", "…{day}-{minute}…", "…{day}…", "…")  # of date and time
LONGEST = 24  # cells that section and network have before date and time: adversarial-two-conv-fc


def form_for(runs: Iterable[str], cells: int) -> str:
    """Return how all ids in a column begin: "" where all have room as they are."""
    whats, whole = [0], True
    for run in runs:
        whole = whole and cell_len(run) <= cells
        found = _ID.fullmatch(run)
        whats.append(cell_len(found[4]) if found else 0)
    room = cells - min(max(whats), LONGEST)
    return "" if whole else next((form for form in FORMS if len(_when(form)) <= room), FORMS[-1])


def short_id(run: str, cells: int, form: str) -> str:
    """Return an id in at most so many cells."""
    if (found := _ID.fullmatch(run)) is None or not form:
        return cut_middle(run, cells)
    when = _when(form, *found.groups()[:3])
    return when + cut_middle(found[4], max(cells - len(when), 1))


def _when(form: str, year: str = "2026", day: str = "0102", minute: str = "0304") -> str:
    return form.format(year=year, day=day, minute=minute)
