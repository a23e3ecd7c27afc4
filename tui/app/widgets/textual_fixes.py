"""Fixes for faults of Textual itself (8.2), made in its own classes.

In the classes themselves, since Textual's selects, palette and dialogs make such widgets too.
"""

from typing import Any

from textual.geometry import Region
from textual.widget import Widget
from textual.widgets import OptionList

_move_page = OptionList._move_page
_refresh = Widget.refresh


def _move_page_of_lines(self: OptionList, direction: Any) -> None:
    """Turn the page, unless there is none yet: a list has no lines before it is laid out."""
    if self._lines:
        _move_page(self, direction)


def _refresh_counted(
    self: Widget,
    *regions: Region,
    repaint: bool = True,
    layout: bool = False,
    recompose: bool = False,
) -> Widget:
    """Refresh, and count each change of size.

    The count is part of the key under which a size is cached. Textual counts only the first
    change before the widget is idle, so a size computed between two changes stayed: a panel that
    was resized twice under load was cut.
    """
    if layout and self._layout_required:
        self._layout_updates += 1
    return _refresh(self, *regions, repaint=repaint, layout=layout, recompose=recompose)


def fix_textual() -> None:
    """Apply the fixes: page keys in a list without lines, sizes cached between two changes."""
    OptionList._move_page = _move_page_of_lines  # type: ignore[method-assign]
    Widget.refresh = _refresh_counted  # type: ignore[method-assign, assignment]
