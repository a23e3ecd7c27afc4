"""The line of sections at the top and of keys at the bottom, made from the list of actions."""

from collections.abc import Container, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from rich.cells import cell_len
from rich.text import Text

from tui.app.keys.action import Action
from tui.app.keys.keymap import Keymap, titled
from tui.app.widgets.picture import Picture

KEY = "bold $key"
KEPT = ("app.help", "app.quit")  # at any width
MORE = {"app.help": "more"}  # where some that can be done now were left out
OFFERED_ON_QUITTING = ("app.detach",)


class Links(Picture):
    """Words to be clicked that look like words."""

    auto_links = False


def title_line(section: str, keys: Keymap) -> Text:
    """Return the sections' titles, to be clicked too; the open one is marked."""
    line = Text(" mnist-tui ", "bold", no_wrap=True)
    for name in keys.actions.sections:
        title = Text(
            f" {titled(name, keys)} ", "reverse bold" if name == section else "not reverse"
        )
        title.apply_meta({"@click": f"screen.do('section.{name}')"})
        line = Text.assemble(line, " ", title, no_wrap=True)
    return line


def key_line(section: str, refused: Container[str], keys: Keymap, width: int) -> Text:
    """Return a section's keys with a word each, to be clicked too; dim what cannot be done now.

    ``refused`` holds ids of actions. What does not fit is left out whole: first what cannot be done
    now, then what the question on quitting offers too, then what the fewest sections have. Help,
    which names all keys, and quit stay.
    """

    def importance(action: Action[Any]) -> tuple[bool, int]:
        sections = len(keys.actions.sections_of(action))  # those of runs are not in all
        return action.id not in OFFERED_ON_QUITTING, min(sections, len(keys.actions.sections) - 1)

    actions = [action for action in keys.actions.of_section(section) if action.footer]
    line = _line(actions, refused, keys, "  ")
    if not _fits(line, width):
        line = _line(actions, refused, keys, " ")
    if not _fits(line, width):
        actions = [action for action in actions if action.id not in refused]
        line = _line(actions, refused, keys, " ")
    while not _fits(line, width):
        spare = [action for action in actions if action.id not in KEPT]
        if not spare:
            break
        actions.remove(min(reversed(spare), key=importance))
        line = _line(actions, refused, keys, " ", MORE)
    return line


def typing_line(keys: Iterable[tuple[str, str]]) -> Text:
    """Return the keys that work while words are typed, each with what it does."""
    line = Text(" ", no_wrap=True)
    for key, words in keys:
        line.append(key, KEY).append(f" {words}  ")
    return line


def dialog_line(
    actions: Iterable[Action[Any]],
    refused: Container[str],
    keys: Keymap,
    width: int,
    spare: Iterable[str],
) -> Text:
    """Return a screen's keys likewise; what does not fit is left out by ``spare``, ids in order."""
    shown = [action for action in actions if action.footer]
    line = _line(shown, refused, keys, "  ")
    for id in ("", *spare):
        if _fits(line, width):
            break
        shown = [action for action in shown if action.id != id]
        line = _line(shown, refused, keys, " ")
    return line


def _line(
    actions: Iterable[Action[Any]],
    refused: Container[str],
    keys: Keymap,
    gap: str,
    words: Mapping[str, str] = MappingProxyType({}),
) -> Text:
    line = Text(gap[1:], no_wrap=True)
    for action in actions:
        off = "$text-disabled" if action.id in refused else ""
        click = {"@click": f"screen.do('{action.id}')"}
        key = keys.shown(action.id)
        start = len(line)
        line.append(key, off or KEY).append(f" {words.get(action.id, action.word)}", off)
        line.apply_meta(click, start, len(line))
        line.append(gap)
    return line


def _fits(line: Text, width: int) -> bool:
    return cell_len(line.plain.rstrip()) <= width
