"""Every metric of a run by step, as one table."""

from collections.abc import Iterator, Sequence

import numpy as np
import orjson

from engine import sections
from engine.errors import EngineError
from engine.files.spreadsheet import csv_text
from engine.runs.curves import Curve
from engine.runs.history import History
from engine.runs.run import Run

PART = 16_384  # steps written at a time


def export_csv(run: Run) -> Iterator[str]:
    """Yield a run's metrics as CSV, some lines at a time.

    A line a step, a column a metric, empty where not measured. A metric of several values a step
    has a column for each, ``loss_label_3``, ``activation_pool2_7``. Raises EngineError where there
    is nothing to export.
    """
    history = History.of(run.events(), run.journal)
    columns: dict[str, Curve] = {}
    for name, curve in history.curves.items():
        values = curve.values.reshape(len(curve.values), -1)
        for column, series in zip(_columns(run, name, curve.values), values.T, strict=True):
            columns[column] = Curve(curve.steps, series)
    if not columns:
        raise EngineError(f"Run {run.id} has not measured anything yet.")
    yield csv_text([["step", *columns]])
    last = max(int(curve.steps[-1]) for curve in columns.values())
    for first in range(0, last + 1, PART):
        if rows := _rows([_between(curve, first, first + PART) for curve in columns.values()]):
            yield rows


def _rows(columns: Sequence[Curve]) -> str:
    """Return the lines of all steps that any of the columns has: numbers, which need no quotes."""
    steps = np.unique(np.concatenate([curve.steps for curve in columns]))
    cells = [list(map(str, steps.tolist()))]
    for curve in columns:
        texts = _texts(curve.values.astype(np.float32))
        if len(texts) < len(steps):
            column = [""] * len(steps)
            places = np.searchsorted(steps, curve.steps).tolist()
            for place, text in zip(places, texts, strict=True):
                column[place] = text
            texts = column
        cells.append(texts)
    return "".join(",".join(row) + "\n" for row in zip(*cells, strict=True))


def _between(curve: Curve, first: int, end: int) -> Curve:
    """Return a curve's part from step ``first`` to before ``end``."""
    part = slice(*np.searchsorted(curve.steps, (first, end)))
    return Curve(curve.steps[part], curve.values[part])


def _columns(run: Run, name: str, values: np.ndarray) -> Sequence[str]:
    if values.ndim == 1:
        return [name]
    config = run.read_config()
    return sections.find(config.section).columns(config, name)


def _texts(values: np.ndarray) -> list[str]:
    """Return the shortest text that is read back as the same float32, "" where there is none."""
    if not len(values):
        return []
    written = orjson.dumps(np.ascontiguousarray(values), option=orjson.OPT_SERIALIZE_NUMPY)
    texts = written[1:-1].decode().split(",")
    if b"e" in written:  # an exponent, which NumPy writes with a sign and two digits
        texts = [str(np.float32(text)) if "e" in text else text for text in texts]
    return ["" if text == "null" else text for text in texts] if b"null" in written else texts
