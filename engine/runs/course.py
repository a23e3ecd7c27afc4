"""The course of a run's main curve in a few values, for a list of many runs.

A journal may be long, and most of it is pictures. So it is looked into at a few places, evenly
spread over the file, and no more is read than the first line there that holds the metric.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from engine.errors import EngineError, Unsound
from engine.files.reader import JOURNAL_LIMIT, from_json, open_to_read

POINTS = 9
CHUNK, MOST = 16 * 1024, 256 * 1024  # bytes read at once, and at most at one place
DIGITS = 4  # that a value keeps


def course(journal: Path, metric: str) -> tuple[float | None, ...]:
    """Return a metric at ``POINTS`` steps from its first to its last, None where not finite.

    The mean, where it has several values a step. Nothing where there is no such curve, or the
    journal cannot be read.
    """
    try:
        with open_to_read(journal, JOURNAL_LIMIT) as file:
            found = dict(_found(file, metric))
    except (EngineError, OSError):
        return ()
    return _at_even_steps(sorted(found.items()))


def _found(file: BinaryIO, metric: str) -> Iterator[tuple[int, float | None]]:
    """Yield a step and the value there from each of the places."""
    size = os.fstat(file.fileno()).st_size
    end = 0  # of the line that was read last
    for place in range(POINTS):
        start = size * place // POINTS
        if start < end:  # a long line reaches beyond the place
            start = end
        line, end = _line(file, start, f'"{metric}"'.encode())
        if line and (point := _point(line, metric)) is not None:
            yield point


def _line(file: BinaryIO, start: int, word: bytes) -> tuple[bytes, int]:
    """Return the first line that begins after a place and holds a word, and where it ends."""
    before = max(start - 1, 0)
    file.seek(before)
    content, begins = b"", 0 if start == 0 else None
    while len(content) < MOST and (chunk := file.read(CHUNK)):
        content += chunk
        while True:
            if begins is None:
                newline = content.find(b"\n")
                if newline < 0:
                    break
                begins = newline + 1
            newline = content.find(b"\n", begins)
            if newline < 0:
                break
            line, begins = content[begins:newline], newline + 1
            if word in line and b'"progress"' in line[:64]:
                return line, before + newline + 1
    return b"", before + len(content)


def _point(line: bytes, metric: str) -> tuple[int, float | None] | None:
    """Return the step of a line and its last value of a metric; None where it has neither."""
    try:
        event = from_json(line)
        step = event["step"]
        value = event.get("values", {}).get(metric)
        if value is None and metric in event.get("series", {}):
            value = event["series"][metric][-1]
    except (Unsound, KeyError, IndexError, TypeError, AttributeError):
        return None
    if not isinstance(step, int):
        return None
    return step, _mean(value)


def _mean(value: Any) -> float | None:
    """Return a number, or the mean of a list of numbers; None of anything else."""
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(v, (int, float)) for v in values):
        return None
    return float(f"{sum(values) / len(values):.{DIGITS}g}")


def _at_even_steps(points: list[tuple[int, float | None]]) -> tuple[float | None, ...]:
    """Return the values at evenly spread steps, on straight lines between points."""
    if len(points) < 2:
        return tuple(value for _, value in points)
    (first, _), (last, _) = points[0], points[-1]
    values: list[float | None] = []
    behind = 1  # the point at the step or behind it
    for place in range(POINTS):
        step = first + (last - first) * place / (POINTS - 1)
        while points[behind][0] < step and behind < len(points) - 1:
            behind += 1
        (a, low), (b, high) = points[behind - 1], points[behind]
        if low is None or high is None:
            values.append(high if step >= b else low if step <= a else None)
        else:
            share = (step - a) / (b - a)
            values.append(float(f"{low + (high - low) * share:.{DIGITS}g}"))
    return tuple(values)
