"""Sizes of panels: the line between two is dragged with the mouse, and config.toml keeps the place.

    [panels.wide]
    samples = 0.4

says that the samples have four tenths of the width in the arrangement for wide terminals.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from textual.containers import Horizontal, Vertical
from textual.events import Click, MouseDown, MouseEvent, MouseMove, MouseUp
from textual.message import Message
from textual.widget import Widget

# Arrangements by the terminal's width in cells, from which on each holds.
BREAKPOINTS = ((0, "narrow"), (110, "normal"), (160, "wide"))
ARRANGEMENTS = tuple(name for _, name in BREAKPOINTS)
LEAST = {"width": 12, "height": 5}  # cells of a panel, in whichever direction
SMALLEST, LARGEST = 0.05, 0.95  # shares that a user can write

Shares = Mapping[str, float]  # of the width or height around it, by ``arrangement.panel``


@dataclass(frozen=True, slots=True)
class Edge:
    """The line between two neighbours, which are both drawn up to it."""

    before: Widget
    after: Widget
    side: str  # "width" where they stand side by side, else "height"
    grip: int  # cells from where the mouse took hold to the first cell of ``after``

    @property
    def sized(self) -> Widget:
        """What is given a size; the other has what is left."""
        flexible = getattr(self.before.styles, self.side)
        fixed = getattr(self.after.styles, self.side)
        if flexible is not None and flexible.is_fraction and fixed and not fixed.is_fraction:
            return self.after
        return self.before

    def share_at(self, x: int, y: int) -> float | None:
        """Return the share of the space around them that ``sized`` has if the line goes to a place.

        None where either would be too small.
        """
        at = (x if self.side == "width" else y) + self.grip
        start, end = _span(self.before, self.side)[0], _span(self.after, self.side)[1]
        least = LEAST[self.side]
        if end - start < 2 * least:
            return None
        at = max(start + least, min(at, end - least))
        size = at - start if self.sized is self.before else end - at
        around = getattr(self.sized.parent, "size", None)
        whole = getattr(around, self.side, 0)
        # The layout rounds down.
        return round((size + 0.5) / whole, 4) if whole else None


def edge_at(pane: Widget, x: int, y: int) -> Edge | None:
    """Return the line between two panels that a place on the screen lies on."""
    for container in (pane, *pane.query(Vertical), *pane.query(Horizontal)):
        side = _side_in(container)
        along, across = (x, y) if side == "width" else (y, x)
        other = "height" if side == "width" else "width"
        shown = [child for child in container.children if child.display and child.region.area]
        for before, after in pairwise(shown):
            first, last = _span(before, other)
            end, start = _span(before, side)[1], _span(after, side)[0]
            edge = Edge(before, after, side, start - along)
            if along in (end - 1, start) and first <= across < last and edge.sized.id:
                return edge
    return None


def _side_in(container: Any) -> str:
    """Return which size of what stands in a container can be chosen."""
    return "height" if container.layout.name == "vertical" else "width"


def _span(widget: Widget, side: str) -> tuple[int, int]:
    region = widget.region
    return (region.x, region.right) if side == "width" else (region.y, region.bottom)


def panels_of(pane: Widget) -> Iterator[Widget]:
    """Yield a section's columns and panels, those that have a name in config.toml."""
    for widget in pane.query(".panel, .column"):
        if widget.id:
            yield widget


def arrangement_of(width: int) -> str:
    """Return the arrangement for a terminal of so many cells."""
    return [name for least, name in BREAKPOINTS if width >= least][-1]


def apply_shares(pane: Widget, shares: Shares, arrangement: str) -> None:
    """Give a section's panels the sizes that the user has chosen for an arrangement, or ours."""
    for panel in panels_of(pane):
        share = shares.get(f"{arrangement}.{panel.id}")
        for side in LEAST:
            chosen = share if side == _side_in(panel.parent) else None
            size = None if chosen is None else f"{chosen * 100:.2f}%"
            inline = panel.styles.inline
            before = str(getattr(inline, side)) if inline.has_rule(side) else None
            if before != size:
                setattr(panel.styles, side, size)


class Resizable(Widget):
    """Mixed in before a section: the lines between its panels can be dragged."""

    _edge: Edge | None = None  # which is being dragged

    class Resized(Message):
        """A panel got another share of the space around it, or ours again (None)."""

        def __init__(self, panel: str, share: float | None, *, settled: bool) -> None:
            """``settled`` is false while the line is being dragged."""
            super().__init__()
            self.panel, self.share, self.settled = panel, share, settled

    def on_mouse_down(self, event: MouseDown) -> None:
        """Take hold of the line below the mouse, if there is one."""
        if event.button == 1:
            self._edge = edge_at(self, event.screen_x, event.screen_y)
            if self._edge is not None:
                event.stop()
                self.capture_mouse()

    def on_mouse_move(self, event: MouseMove) -> None:
        """Take the held line along."""
        self._tell(event, settled=False)

    def on_mouse_up(self, event: MouseUp) -> None:
        """Let go."""
        if self._edge is not None:
            self.release_mouse()
            self._tell(event, settled=True)
            self._edge = None

    def on_click(self, event: Click) -> None:
        """A double click on a line gives it its usual place again."""
        edge = edge_at(self, event.screen_x, event.screen_y) if event.chain == 2 else None
        if edge is not None:
            event.stop()
            self.post_message(self.Resized(edge.sized.id or "", None, settled=True))

    def _tell(self, event: MouseEvent, *, settled: bool) -> None:
        if self._edge is None:
            return
        share = self._edge.share_at(event.screen_x, event.screen_y)
        if share is not None:
            self.post_message(self.Resized(self._edge.sized.id or "", share, settled=settled))
