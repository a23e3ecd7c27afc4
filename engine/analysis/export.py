"""Every metric of a run by step, as one table."""

from collections.abc import Sequence

import numpy as np

from engine import sections
from engine.errors import EngineError
from engine.files.spreadsheet import csv_text
from engine.runs.history import History
from engine.runs.run import Run


def export_csv(run: Run) -> str:
    """Return a run's metrics as CSV: a line a step, a column a metric, empty where not measured.

    A metric of several values a step has a column for each, ``loss_label_3``,
    ``activation_pool2_7``. Raises EngineError where there is nothing to export.
    """
    history = History.of(run.events())
    columns: dict[str, dict[int, float]] = {}
    for name, curve in history.curves.items():
        values = curve.values.reshape(len(curve.values), -1)
        for column, series in zip(_columns(run, name, curve.values), values.T, strict=True):
            columns[column] = dict(zip(curve.steps.tolist(), series.tolist(), strict=True))
    if not columns:
        raise EngineError(f"Run {run.id} has not measured anything yet.")
    steps = sorted(set().union(*columns.values()))
    rows = ([step, *(_cell(column.get(step)) for column in columns.values())] for step in steps)
    return csv_text([["step", *columns], *rows])


def _columns(run: Run, name: str, values: np.ndarray) -> Sequence[str]:
    if values.ndim == 1:
        return [name]
    config = run.read_config()
    return sections.find(config.section).columns(config, name)


def _cell(value: float | None) -> str:
    """Return the shortest text that is read back as the same float32, "" where there is none."""
    if value is None or np.isnan(value):
        return ""
    return str(np.float32(value))
