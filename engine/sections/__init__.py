"""The registry of sections: what kinds of runs there are.

Names are known at once; a section is imported when it is asked for. Another package adds its own
with ``register``.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from engine.config import RunConfig
from engine.errors import UsageError
from engine.sections.section import Section

if TYPE_CHECKING:
    from engine.runs.run import Run

AnySection = Section[Any, Any]  # one that is known by name alone

_SECTIONS: dict[str, str | AnySection] = {
    "train": "engine.sections.train",
    "adversarial": "engine.sections.adversarial",
    "visualize": "engine.sections.visualize",
}


def names() -> tuple[str, ...]:
    """Return the names of all sections, in the order of the course report."""
    return tuple(_SECTIONS)


def find(name: str) -> AnySection:
    """Return a section by its name. Raises UsageError where there is none."""
    try:
        found = _SECTIONS[name]
    except (KeyError, TypeError):
        raise UsageError(f"There is no section {name!r}, only {', '.join(_SECTIONS)}.") from None
    if isinstance(found, str):
        found = import_module(found).SECTION
        _SECTIONS[name] = found
    return found


def configs() -> dict[str, type[RunConfig]]:
    """Return the classes of configs as asked, by section."""
    return {name: find(name).asked for name in _SECTIONS}


def register(section: AnySection) -> None:
    """Add a section. Raises ValueError where its name is taken."""
    if section.name in _SECTIONS:
        raise ValueError(f"there is a section {section.name!r} already")
    _SECTIONS[section.name] = section


def unregister(name: str) -> None:
    """Remove a section that ``register`` added."""
    del _SECTIONS[name]


def warning_of(run: "Run") -> str:
    """Return what to keep in mind about a run's results, "" if nothing. Raises EngineError."""
    return find(run.read_info()["section"]).warning(run)
