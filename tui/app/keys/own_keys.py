"""Whether the keys that a user chose for actions are possible; if not, one line says why."""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import Keys
from textual.screen import Screen
from textual.widgets import Button, Checkbox, DataTable, Input, OptionList, Select

from tui.app import sections
from tui.app.keys.action_list import Actions
from tui.app.keys.dialogs import DIALOGS
from tui.app.keys.keymap import NAMED, Keymap, defaults_of, displayed, parted
from tui.words import near

MODIFIERS = ("alt", "ctrl", "hyper", "meta", "shift", "super")
# What terminals send as another key.
TWINS = {"ctrl+i": "tab", "ctrl+m": "enter", "return": "enter", "ctrl+h": "backspace"}
BASES = {key.value for key in Keys if key.value.isalnum()}  # without modifiers or characters
# What has the focus in a section or dialog, and its own keys then.
WIDGETS: Mapping[str, tuple[type[DOMNode], ...]] = {
    **dict.fromkeys((*sections.experiments(), "leave", "network", "stopping"), (OptionList,)),
    sections.RUNS: (DataTable,), "dataset": (OptionList, Input),
    "edit": (Input, Select, Checkbox, Button, Screen),
}  # fmt: skip


def keys_of(*widgets: type[DOMNode]) -> set[str]:
    """Return the keys that widgets have bound themselves."""
    bindings = [binding for widget in widgets for binding in widget.BINDINGS]
    return {binding.key for binding in Binding.make_bindings(bindings)}


def checked_keys(given: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the valid entries of ``[keys]``, and what is wrong with the others, by action."""
    rules = _Rules()
    kept: dict[str, str] = {}
    refused: dict[str, str] = {}
    for id, keys in given.items():
        try:
            kept[id] = rules.checked(id, keys)
        except ValueError as error:
            refused[id] = str(error)
    while (clash := rules.clash(kept)) is not None:
        mine, other, key = clash
        del kept[mine]
        refused[mine] = f"{displayed(key)} is already the key of {other}; choose another"
    return kept, refused


class _Rules:
    """What the actions and dialogs allow."""

    def __init__(self) -> None:
        self._actions = Actions()
        self._defaults = defaults_of(self._actions)

    def checked(self, id: str, keys: Any) -> str:
        """Return an entry's keys by Textual's names. Raises ValueError with what is wrong."""
        if id not in self._defaults:
            raise ValueError(f"no action has this id{near(id, self._defaults)}")
        if not isinstance(keys, str):
            raise ValueError(f"keys must be text in quotes, not {keys!r}")
        named = [_named(part.strip()) for part in keys.split(",")]
        for key in named:
            if key not in parted(self._defaults[id]) and (taken := self._taken(id, key)):
                raise ValueError(f"{displayed(key)} is needed for {taken}; choose another")
        return ",".join(dict.fromkeys(named))

    def _taken(self, id: str, key: str) -> str:
        """Return what a key is needed for where an action works, "" where it is free."""
        for place in self._places(id):
            if key in keys_of(*WIDGETS.get(place, ())) or (place == "edit" and _typed(key)):
                return "the form" if place == "edit" else "the lists"
        action = self._actions.by_id.get(id)
        if action is not None and not action.priority and key in keys_of(Screen):
            return "the screen itself"
        return ""

    def _places(self, id: str) -> set[str]:
        """Return the sections and dialogs in which an action has its keys."""
        action = self._actions.by_id.get(id)
        if action is None:
            return {name for name, bindings in DIALOGS.items() if id in {b.id for b in bindings}}
        anywhere = action.priority and action.anywhere
        return {*self._actions.sections_of(action), *(DIALOGS if anywhere else ())}

    def clash(self, own: dict[str, str]) -> tuple[str, str, str] | None:
        """Return the last of the user's entries whose key another action has, that one, and the
        key."""
        keys = Keymap(own)
        found = [
            (a, b, key)
            for a, b in combinations(self._defaults, 2)
            if (a in own or b in own) and self._places(a) & self._places(b)
            for key in set(keys.of(a)) & set(keys.of(b))
        ]
        for mine in reversed(own):
            for a, b, key in found:
                if mine in (a, b):
                    return mine, b if mine == a else a, key
        return None


def _named(key: str) -> str:
    """Return Textual's name of a key. Raises ValueError for what no terminal sends."""
    if not key:
        raise ValueError("a key is missing; `comma` and `space` are names too")
    *modifiers, base = [key] if key == "+" else key.split("+")
    character = len(base) == 1 and base.isprintable()
    upper = character and base.isupper() and modifiers
    known = character or base in BASES or base in NAMED
    if upper or not known or not set(modifiers) <= set(MODIFIERS):
        lower = "+".join([*modifiers, base]).lower()
        names = [*BASES, *NAMED, *([lower] if lower != key and known else [])]
        words = near(key, names, "say p, f5, space or ctrl+t, for example")
        raise ValueError(f"no key is called {key!r}{words}")
    if character:
        [base] = parted(base)
    name = "+".join([*sorted(set(modifiers)), base])
    if name in TWINS:
        raise ValueError(f"terminals send {TWINS[name]} for {name}; say that, or choose another")
    if modifiers == ["shift"] and _typed(base) and base != "space":
        other = base.upper() if base.isalpha() and character else "the character that it types"
        raise ValueError(f"terminals do not send {name}; say {other}")
    return name


def _typed(key: str) -> bool:
    return len(key) == 1 or key in NAMED or key == "space"
