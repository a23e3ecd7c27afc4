"""What an action is: keys, words, what it does, and why it cannot be done now."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from textual.binding import Binding

Owner = TypeVar("Owner")  # what it acts on: the main screen, or the open section's pane


def _always(owner: object) -> str | None:
    return None


@dataclass(frozen=True, kw_only=True, eq=False)
class Action(Generic[Owner]):
    """One thing that a user can do.

    ``id`` is what a user's config names. ``word`` is for the key bar, ``sentence`` for help and
    palette. ``do`` may be a coroutine function. ``reason`` returns why the action cannot be done
    now, in one sentence, or None where it can.
    """

    id: str
    keys: str
    word: str
    sentence: str
    group: str
    do: Callable[[Owner], object]
    reason: Callable[[Owner], str | None] = _always
    footer: bool = True
    shown_key: str | None = None
    priority: bool = False  # before the widget that has the focus
    anywhere: bool = False  # in dialogs too

    def binding(self) -> Binding:
        """Return Textual's binding of it."""
        return Binding(
            self.keys, f"do('{self.id}')", self.word, id=self.id, show=self.footer,
            key_display=self.shown_key, priority=self.priority, tooltip=self.sentence,
        )  # fmt: skip


def with_action(
    actions: tuple[Action[Any], ...], action: Action[Any], *, after: Action[Any]
) -> tuple[Action[Any], ...]:
    """Return actions with one more, inserted behind another."""
    at = actions.index(after) + 1
    return (*actions[:at], action, *actions[at:])


def without(actions: tuple[Action[Any], ...], *others: Action[Any]) -> tuple[Action[Any], ...]:
    """Return actions without some of them."""
    return tuple(action for action in actions if action not in others)
