"""Every action of the app: the one list that keys, key bar, help and palette are made from.

Each is defined where it belongs: those of a section beside its pane, those of the app in
``main_actions``. A key pressed in a section that does not have its action says where it works.
Actions may share a key where their sections differ.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from tui.app import sections
from tui.app.keys.action import Action
from tui.app.keys.main_actions import OF_THE_APP, navigation

AnyAction = Action[Any]  # whatever it acts on


class Actions:
    """The actions of all registered sections and of the app around them."""

    def __init__(self) -> None:
        self.sections = sections.names()
        self._panes = {name: sections.pane_of(name).ACTIONS for name in self.sections}
        going = navigation(self.sections)
        self.of_main: tuple[AnyAction, ...] = (*going, *OF_THE_APP)
        self.all: tuple[AnyAction, ...] = (*going, *merged(self._panes.values()), *OF_THE_APP)
        self.by_id = {action.id: action for action in self.all}

    def sections_of(self, action: AnyAction) -> tuple[str, ...]:
        """Return the sections that have an action."""
        if action in self.of_main:
            return self.sections
        return tuple(name for name, actions in self._panes.items() if action in actions)

    def of_section(self, section: str) -> tuple[AnyAction, ...]:
        """Return the actions that a section has, those of the app last."""
        return (*self._panes[section], *self.of_main)


def merged(lists: Iterable[Sequence[AnyAction]]) -> list[AnyAction]:
    """Merge lists, each item once, keeping the order of each."""
    found: list[AnyAction] = []
    for actions in lists:
        at = 0
        for action in actions:
            if action not in found:
                found.insert(at, action)
            at = found.index(action) + 1
    return found
