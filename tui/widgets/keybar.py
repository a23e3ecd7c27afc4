"""The line of keys at the bottom, made from the list of actions."""

from collections.abc import Container, Mapping

from rich.text import Text

from tui.actions import ACTIONS

KEY = "bold #E69F00"


def key_line(section: str, refused: Container[str], keys: Mapping[str, str], width: int) -> Text:
    """Return a section's keys with a word each, to be clicked too; dim what cannot be done now.

    ``refused`` holds ids of actions, ``keys`` a user's own keys by the id of an action.
    """
    for gap, all_ in (("  ", True), (" ", True), (" ", False)):
        line = _line(section, refused, keys, gap, all_=all_)
        if line.cell_len <= width:
            break
    return line


def _line(
    section: str, refused: Container[str], keys: Mapping[str, str], gap: str, *, all_: bool
) -> Text:
    line = Text(gap[1:], no_wrap=True)
    for action in ACTIONS:
        if not action.footer or section not in action.sections:
            continue
        dim = action.id in refused
        if dim and not all_:
            continue
        click = {"@click": f"app.{action.action}"}
        key = keys.get(action.id) or action.shown_key or action.keys
        start = len(line)
        line.append(key, "dim" if dim else KEY).append(f" {action.word}", "dim" if dim else "")
        line.apply_meta(click, start, len(line))
        line.append(gap)
    return line
