"""Fixes for Textual's lists."""

from typing import Any

from textual.widgets import OptionList

_move_page = OptionList._move_page


def _move_page_of_lines(self: OptionList, direction: Any) -> None:
    """Turn the page, unless there is none yet: a list has no lines before it is laid out."""
    if self._lines:
        _move_page(self, direction)


def mend_lists() -> None:
    """Keep lists from failing on a page key before their layout, or while hidden.

    The class itself, since Textual's selects and its palette make lists of their own.
    """
    OptionList._move_page = _move_page_of_lines  # type: ignore[method-assign]
