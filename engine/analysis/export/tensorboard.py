"""Runs as TensorBoard reads them: a folder for each, with one file of events.

A step's scalars are one record, so that long runs are written in seconds. Nothing is random and no
name of this machine is in it: a run gives the same bytes each time.
"""

import json
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from engine import sections
from engine.analysis.export import writing_to
from engine.analysis.export.description import PLACES
from engine.errors import EngineError
from engine.files.text import visible
from engine.runs.events import Preview
from engine.runs.history import History
from engine.runs.run import Run

NEEDED = "tensorboardX"  # the extra `tensorboard` installs it
PICTURES = 50  # steps at most at which a preview is shown
MARK = ".tfevents."  # in the name of each file of events
Times = Callable[[float], float]  # the time at a step
Records = Iterator[Any]  # tensorboardX's Event


def export_runs(runs: Sequence[Run], folder: Path, *, nested: bool, force: bool = False) -> Path:
    """Write runs for TensorBoard into a folder, whole or not at all; return its full path.

    ``nested`` gives each run a folder in it, named by its id. A folder that is there is kept unless
    ``force`` is given, and then replaced only if it holds nothing else. Raises EngineError.
    """
    if find_spec(NEEDED) is None:
        raise EngineError(
            "This needs a package that is not installed: pip install 'mnist-tui[tensorboard]'."
        )
    with writing_to(folder):
        _check(folder, force)
        whole = folder.absolute()  # "." has no name
        partial = whole.with_name(f".{whole.name}.{secrets.token_hex(4)}.partial")
        partial.mkdir()
        try:
            settings = _settings(runs)
            metrics = dict.fromkeys(name for run in runs for name in _measured(run))
            for run in runs:
                place = partial / run.id if nested else partial
                place.mkdir(exist_ok=True)
                _write(run, place, settings[run.id], settings, metrics)
            if folder.exists():
                shutil.rmtree(folder)
            partial.rename(folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return folder.resolve()


def _check(folder: Path, force: bool) -> None:
    """Raise EngineError unless a folder is free, or may be replaced."""
    if not folder.exists() and not folder.is_symlink():
        return
    if not folder.is_dir() or folder.is_symlink():
        raise EngineError(f"{folder} is not a folder; choose another --output.")
    if not force:
        raise EngineError(f"{folder} exists already; --force overwrites it.")
    if any(MARK not in path.name for path in folder.rglob("*") if not path.is_dir()):
        raise EngineError(f"{folder} holds other files, too; choose another --output.")


def _settings(runs: Sequence[Run]) -> dict[str, dict[str, Any]]:
    """Return the settings of each run as plain values; of several runs, those that differ.

    The seed is always there, and so is what a run is.
    """
    found = {}
    for run in runs:
        config = run.read_config()
        values = {name: v for name, v in config.to_json().items() if name not in PLACES}
        plain: dict[str, Any] = {"section": config.section}
        for name, value in values.items():
            if isinstance(value, (bool, int, float)):
                plain[visible(name)] = value
            elif value is not None:
                plain[visible(name)] = visible(_text(value))
        found[run.id] = plain
    names = {name for values in found.values() for name in values}
    first = next(iter(found.values()), {})
    differing = {n for n in names if any(v.get(n) != first.get(n) for v in found.values())}
    if len(runs) > 1:
        names = differing | {"seed"}
    return {id_: {n: v for n, v in each.items() if n in names} for id_, each in found.items()}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _measured(run: Run) -> dict[str, float]:
    """Return what a finished run is ranked by, and whatever else it came to."""
    info = run.read_info()
    if info["status"] != "finished":
        return {}
    return sections.find(info["section"]).measured(run.read_result())


def _write(
    run: Run,
    folder: Path,
    own: Mapping[str, Any],
    settings: Mapping[str, Mapping[str, Any]],
    metrics: Mapping[str, Any],
) -> None:
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.record_writer import RecordWriter

    history, times = _read(run)
    begun = times(0)
    writer = RecordWriter(str(folder / f"events.out{MARK}{int(begun)}.{run.id}"))
    try:
        writer.write(Event(wall_time=begun, file_version="brain.Event:2").SerializeToString())
        for records in (
            _hparams(run, history, own, settings, metrics, times),
            _scalars(run, history, times),
            _pictures(run, history, times),
        ):
            for record in records:
                writer.write(record.SerializeToString())
    finally:
        writer.close()


def _read(run: Run) -> tuple[History, Times]:
    """Read a journal once: its curves and previews, and when each step was."""
    history = History(run.journal)
    steps: list[int] = []
    seconds: list[float] = []
    for event in run.events():
        history.add(event)
        if event.time is not None and (not steps or event.step > steps[-1]):
            steps.append(event.step)
            seconds.append(event.time)
    if not steps:
        steps, seconds = [0], [datetime.fromisoformat(run.read_info()["started_at"]).timestamp()]
    return history, lambda step: float(np.interp(step, steps, seconds))


def _hparams(
    run: Run,
    history: History,
    own: Mapping[str, Any],
    settings: Mapping[str, Mapping[str, Any]],
    metrics: Mapping[str, Any],
    times: Times,
) -> Records:
    """Yield a run's settings and results; what columns there are is the same for all runs."""
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.proto.summary_pb2 import Summary
    from tensorboardX.summary import hparams

    every: dict[str, Any] = {}
    for values in settings.values():
        every |= values
    tags = {f"result/{visible(name)}": 0.0 for name in metrics}
    experiment, _, _ = hparams(every, tags)
    _, begun, ended = hparams(dict(own), tags)
    measured = _measured(run)
    told = [experiment, begun, ended] if measured else [experiment, begun]
    for summary in told:
        yield Event(wall_time=times(0), summary=summary)
    if measured:
        results = [
            Summary.Value(tag=f"result/{visible(name)}", simple_value=value)
            for name, value in measured.items()
        ]
        last = max(history.event_steps, default=0)
        yield Event(wall_time=times(last), step=last, summary=Summary(value=results))


def _scalars(run: Run, history: History, times: Times) -> Records:
    """Yield every curve, all that was measured at a step together; gaps are left out."""
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.proto.summary_pb2 import Summary

    tags: list[str] = []
    steps, numbers, places = [], [], []
    for name, curve in history.curves.items():
        rows = curve.values.reshape(len(curve.values), -1)
        for tag, values in zip(_tags(run, name, curve.values), rows.T, strict=True):
            kept = np.isfinite(values)
            steps.append(curve.steps[kept])
            numbers.append(values[kept])
            places.append(np.full(int(kept.sum()), len(tags)))
            tags.append(tag)
    if not tags:
        return
    at = np.concatenate(steps)
    order = np.argsort(at, kind="stable")
    at, value, place = at[order], np.concatenate(numbers)[order], np.concatenate(places)[order]
    cuts = [0, *(np.flatnonzero(np.diff(at)) + 1).tolist(), len(at)]
    for first, end in pairwise(cuts):
        if first == end:
            continue
        summary = Summary(value=[
            Summary.Value(tag=tags[place[n]], simple_value=value[n]) for n in range(first, end)
        ])  # fmt: skip
        step = int(at[first])
        yield Event(wall_time=times(step), step=step, summary=summary)


def _tags(run: Run, name: str, values: np.ndarray) -> list[str]:
    """Return what the columns of a curve are called; those of one are a group."""
    if values.ndim == 1:
        return [visible(name)]
    config = run.read_config()
    columns = sections.find(config.section).columns(config, name)
    return [visible(f"{name}/{column.removeprefix(f'{name}_')}") for column in columns]


def _pictures(run: Run, history: History, times: Times) -> Records:
    """Yield the previews: an image for each noise or neuron, one sheet of all other images."""
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.summary import image

    config = run.read_config()
    rows = list(sections.find(config.section).row_names(config))
    for name, previews in history.previews.items():
        for preview in previews.spread(None, PICTURES):
            for tag, pixels in _images(visible(name), preview, rows):
                with suppress(ValueError):  # an image of no size
                    summary = image(tag, pixels, dataformats="HW")
                    yield Event(wall_time=times(preview.step), step=preview.step, summary=summary)


def _images(name: str, preview: Preview, rows: Sequence[str]) -> Iterator[tuple[str, np.ndarray]]:
    if preview.images is None or not preview.images.size:
        return
    if len(preview.images) == len(rows):
        for row, pixels in zip(rows, preview.images, strict=True):
            yield f"{name}/{visible(row)}", pixels
        return
    yield name, _sheet(preview.images)


def _sheet(images: np.ndarray) -> np.ndarray:
    """Return images [N, H, W] in as many rows as columns, about, with a line between them."""
    count, height, width = images.shape
    columns = int(np.ceil(np.sqrt(count)))
    lines = -(-count // columns)
    sheet = np.zeros((lines * (height + 1) - 1, columns * (width + 1) - 1), np.uint8)
    for place, pixels in enumerate(images):
        top, left = place // columns * (height + 1), place % columns * (width + 1)
        sheet[top : top + height, left : left + width] = pixels
    return sheet
