"""The line of sections at the top and of keys at the bottom, made from the list of actions."""

from collections.abc import Container

from rich.text import Text

from tui.app.keymap import Keymap, titled
from tui.app.widgets.picture import Picture

KEY = "bold $key"


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

    ``refused`` holds ids of actions.
    """
    for gap, all_ in (("  ", True), (" ", True), (" ", False)):
        line = _line(section, refused, keys, gap, all_=all_)
        if line.cell_len <= width:
            break
    return line


def _line(section: str, refused: Container[str], keys: Keymap, gap: str, *, all_: bool) -> Text:
    line = Text(gap[1:], no_wrap=True)
    for action in keys.actions.of_section(section):
        if not action.footer:
            continue
        off = "$text-disabled" if action.id in refused else ""
        if off and not all_:
            continue
        click = {"@click": f"screen.do('{action.id}')"}
        key = keys.shown(action.id)
        start = len(line)
        line.append(key, off or KEY).append(f" {action.word}", off)
        line.apply_meta(click, start, len(line))
        line.append(gap)
    return line
