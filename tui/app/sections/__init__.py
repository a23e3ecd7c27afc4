"""Which pane shows which section: every section of the engine, then the table of runs.

A pane is imported when it is asked for. A section without one of its own has a general one, with
its curves, images and results.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from engine import sections as engine_sections

if TYPE_CHECKING:
    from tui.app.sections.base import ExperimentPane
    from tui.app.sections.pane import Pane

RUNS = "runs"
_PANES: dict[str, "str | type[ExperimentPane]"] = {
    "train": "TrainPane",
    "adversarial": "AdversarialPane",
    "visualize": "VisualizePane",
}


def experiments() -> tuple[str, ...]:
    """Return the names of the sections that have runs."""
    return engine_sections.names()


def names() -> tuple[str, ...]:
    """Return the names of all sections, in the order of their keys."""
    return (*experiments(), RUNS)


def experiment_pane(section: str) -> "type[ExperimentPane]":
    """Return the pane of a section that has runs."""
    from tui.app.sections.general import GeneralPane

    found = _PANES.get(section)
    if found is None:
        found = GeneralPane.of(section, engine_sections.find(section).asked)
    elif isinstance(found, str):
        found = getattr(import_module(f"tui.app.sections.{section}.pane"), found)
    _PANES[section] = found
    return found


def pane_of(section: str) -> "type[Pane]":
    """Return the pane of any section."""
    if section != RUNS:
        return experiment_pane(section)
    from tui.app.sections.runs.pane import RunsPane

    return RunsPane


def register(pane: "type[ExperimentPane]") -> None:
    """Let a section be shown by a pane of its own."""
    _PANES[pane.section] = pane
