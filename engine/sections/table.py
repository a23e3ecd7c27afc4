"""Results of finished runs as a table of text, which each face draws in its own way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.data.known import title_of


@dataclass(slots=True)
class ResultTable:
    """A title, columns and rows of cells; ``>`` before a column's name aligns it right."""

    title: str
    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    worthless: set[int] = field(default_factory=set)  # rows whose results are
    means: Sequence[str] = ()  # a last row, below a line
    caption: str = ""


def dataset_title(name: str) -> str:
    """Return a dataset's name as it is written."""
    return name if name == "digits" else title_of(name)


def tested_on(info: Mapping[str, Any]) -> str:
    """Return a run's dataset and how many test images it has, in words."""
    dataset = info["dataset"]
    return f"{dataset_title(dataset['name'])} ({dataset['test']:,} test images)"
