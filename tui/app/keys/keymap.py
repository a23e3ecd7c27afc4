"""Which key does what: the actions' keys with the user's own in their place.

Bindings are made from here, and every text that names a key asks here, so that no two can differ.
"""

import string
from collections.abc import Mapping
from dataclasses import replace

from textual.binding import Binding, BindingsMap

from tui.app.keys.action_list import Actions
from tui.app.keys.dialogs import DIALOGS
from tui.app.keys.pad_actions import PAD_BY_ID

ARROWS = {"left": "←", "right": "→", "up": "↑", "down": "↓"}
SHORT = {"pageup": "pgup", "pagedown": "pgdn"}


class Keymap:
    """The keys of all actions and dialogs. ``own`` holds the user's, by the id of an action."""

    def __init__(self, own: Mapping[str, str] | None = None) -> None:
        self.own = dict(own or {})
        self.actions = Actions()
        self.defaults = defaults_of(self.actions)

    def of(self, id: str) -> tuple[str, ...]:
        """Return an action's keys by Textual's names."""
        return parted(self.own.get(id) or self.defaults[id])

    def name(self, id: str) -> str:
        """Return an action's first key as a sentence names it: ``space``, ``?``, ``←``."""
        return displayed(self.of(id)[0])

    def names(self, *ids: str) -> str:
        """Return the keys of actions that belong together: ``←→``, ``shift+←→`` or ``b n``."""
        names = [self.name(id).rpartition("+") for id in ids]
        if len({name[0] for name in names}) == 1 and all(n[2] in ARROWS.values() for n in names):
            return "".join(names[0]) + "".join(name[2] for name in names[1:])
        return " ".join(map("".join, names))

    def shown(self, id: str) -> str:
        """Return all keys of an action, as the footer and the help show them."""
        action = self.actions.by_id.get(id) or PAD_BY_ID.get(id)
        if id not in self.own and action is not None and action.shown_key:
            return action.shown_key
        return " ".join(map(displayed, self.of(id)))

    def described(self, id: str) -> str:
        """Return an action's id and its keys: what one needs to give it another."""
        return f"{id}, key {self.shown(id)}"

    def rebound(self, bindings: BindingsMap) -> BindingsMap:
        """Return bindings under the keys that the actions have here.

        Textual's own keymap would take all bindings of a key away with the one that gets another.
        Where actions of different sections share a key, its binding names them all.
        """
        ours: dict[str, dict[str, Binding]] = {}
        others: dict[str, list[Binding]] = {}
        for old, binding in bindings:
            if binding.id not in self.defaults:
                others.setdefault(old, []).append(binding)
                continue
            for key in self.of(binding.id):
                ours.setdefault(key, {})[binding.id] = replace(binding, key=key)
        return BindingsMap.from_keys(others | {key: [_one(b)] for key, b in ours.items()})


def titled(section: str, keys: Keymap) -> str:
    """Return a section's title with the key that goes there: ``1 Train``."""
    return f"{keys.name(f'section.{section}')} {section.capitalize()}"


def _one(bindings: Mapping[str, Binding]) -> Binding:
    """Return the binding of a key, by the ids of the actions that have it."""
    first = next(iter(bindings.values()))
    if len(bindings) == 1:
        return first
    priority = any(binding.priority for binding in bindings.values())
    return Binding(first.key, f"do('{' '.join(bindings)}')", show=False, priority=priority)


def parted(keys: str) -> tuple[str, ...]:
    """Return the single keys of ``"j,?"`` by Textual's names: ``("j", "question_mark")``."""
    return tuple(dict.fromkeys(binding.key for binding in Binding.make_bindings([(keys, "")])))


def displayed(key: str) -> str:
    """Return how a key that Textual names is shown: ``slash`` is ``/``, ``left`` is ``←``."""
    *modifiers, key = key.split("+")
    return "+".join([*modifiers, (ARROWS | SHORT | NAMED).get(key, key)])


def defaults_of(actions: Actions) -> dict[str, str]:
    """Return the default keys of all actions and dialogs, by id."""
    dialogs = {b.id: b.key for bindings in DIALOGS.values() for b in bindings if b.id}
    return {action.id: action.keys for action in actions.all} | dialogs


# What Textual calls the keys of punctuation; space has a name on the screen too.
NAMED = {parted(mark)[0]: mark for mark in string.punctuation if mark != ","} | {"comma": ","}
