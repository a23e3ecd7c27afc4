"""Fixes for faults of Textual itself (8.2), made in its own classes.

In the classes themselves, since Textual's selects, palette and dialogs make such widgets too.
"""

from typing import Any

from rich.console import Console
from rich.control import Control
from rich.text import Text
from textual._compositor import ChopsUpdate
from textual.content import Content, Span
from textual.events import Click
from textual.geometry import Region
from textual.style import Style
from textual.widget import Widget, _BorderTitle
from textual.widgets import OptionList

_move_page = OptionList._move_page
_on_click = OptionList._on_click
_refresh = Widget.refresh
_from_rich_text = Content.from_rich_text
_get_visual_style = Widget.get_visual_style


def _move_page_of_lines(self: OptionList, direction: Any) -> None:
    """Turn the page, unless there is none yet: a list has no lines before it is laid out."""
    if self._lines:
        _move_page(self, direction)


async def _click_on_option(self: OptionList, event: Click) -> None:
    """Take a click on an option, unless the list has become shorter than it was when drawn."""
    if event.style.meta.get("option", 0) < len(self._options):
        await _on_click(self, event)


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


def _content_of(text: str | Text, console: Console | None = None) -> Content:
    """Return Rich's text as content whose styles may name variables of the theme.

    Textual reads the style of a whole text so, and those of its parts as Rich does, once.
    """
    if isinstance(text, str) or not text._spans:
        return _from_rich_text(text, console)
    whole = Text(text.plain, text.style)
    parts = [
        Span(start, end, style if isinstance(style, str) else Style.from_rich_style(style))
        for start, end, style in text._spans
    ]
    return _from_rich_text(whole, console).add_spans(parts)


def _visual_style(self: Widget, *names: str, partial: bool = False) -> Style:
    """Return a style with "reverse", which Textual drops: without colours it is all there is."""
    style = _get_visual_style(self, *names, partial=partial)
    if self.app.no_color and any(self.get_component_styles(n).text_style.reverse for n in names):
        style += Style(reverse=True)
    return style


def _set_title(self: _BorderTitle, widget: Widget, title: Text | Content | str | None) -> None:
    """Set what the border says, and repaint no more than its line, and only if it changed.

    Textual repaints the whole panel, also where the title is the same.
    """
    before: Content | None = getattr(widget, self._internal_name, None)
    after = Content.from_rich_text(title) if isinstance(title, Text) else title
    if after is not None:
        # An empty text has no lines to take the first of.
        after = (widget.render_str(after).expand_tabs(4).split() or [Content()])[0]
    setattr(widget, self._internal_name, after)
    if before is None or after is None or not widget.outer_size:
        if before is not after:
            widget.refresh()
    elif not before.is_same(after):
        width, height = widget.outer_size
        row = 0 if self._internal_name == "_border_title" else height - 1
        widget.refresh(Region(0, row, width, 1).translate(-widget.content_offset))


def _segments_of_spans(self: ChopsUpdate, console: Console) -> str:
    """Return what the terminal is sent for the spans of lines that changed, and no more.

    Textual cuts them at their right ends only, and sends each from the widget's left edge.
    """
    sent = []
    for number, (y, first, last) in enumerate(self.spans):
        if number:
            sent.append("\n")
        for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
            left, right = max(x, first), min(end, last)
            if strip is not None and left < right:
                sent.append(Control.move_to(left, y).segment.text)
                sent.append(strip.crop(left - x, right - x).render(console))
    return "".join(sent)


def fix_textual() -> None:
    """Apply the fixes: lists, clicks on them, sizes between two changes, styles, titles, spans."""
    ChopsUpdate.render_segments = _segments_of_spans  # type: ignore[method-assign]
    _BorderTitle.__set__ = _set_title  # type: ignore[method-assign, assignment]
    Widget.get_visual_style = _visual_style  # type: ignore[method-assign]
    Content.from_rich_text = staticmethod(_content_of)  # type: ignore[method-assign]
    OptionList._move_page = _move_page_of_lines  # type: ignore[method-assign]
    OptionList._on_click = _click_on_option  # type: ignore[method-assign]
    Widget.refresh = _refresh_counted  # type: ignore[method-assign, assignment]
