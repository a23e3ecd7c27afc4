"""Panels: one of them has the focus, and one may have the whole section to itself."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from textual.containers import VerticalScroll
from textual.events import Key
from textual.widget import Widget
from textual.widgets import DataTable, OptionList

from tui.app.keys.action import Action
from tui.app.widgets.chart import Chart

if TYPE_CHECKING:
    from tui.app.sections.pane import Pane

AWAY, WHOLE = "-away", "-whole"  # classes of what gives way, and of what has the whole section
SIZES = ("width", "height", "min_width", "min_height", "max_width", "max_height")
FULL: dict[str, Any] = {"width": "100%", "height": "100%", "max_width": "100%",
                        "max_height": "100%"}  # fmt: skip


class Focusing(Widget):
    """Mixed in before a section: keys move the focus between its panels, and enlarge one."""

    whole: Widget | None = None  # the panel that has the whole section
    _panels: tuple[Widget, ...] = ()  # that were seen before it had
    _sizes: dict[Widget, dict[str, Any]]
    _focus_before: Widget | None = None

    def on_mount(self) -> None:
        """Let every panel have the focus, by itself or by the list in it."""
        for panel in self.query(".panel"):
            if _list_in(panel) is None:
                panel.can_focus = True

    @property
    def panels(self) -> tuple[Widget, ...]:
        """The panels that are seen, or would be if one had not the whole section."""
        if self.whole is not None:
            return self._panels
        return tuple(panel for panel in self.query(".panel") if panel.region.area)

    @property
    def panel(self) -> Widget | None:
        """The panel that has the focus."""
        focused = self.screen.focused
        around = set(focused.ancestors_with_self) if focused is not None else set()
        return next((panel for panel in self.panels if panel in around), None)

    @property
    def home(self) -> Widget:
        """What has the focus when the section is opened: its list, or the panel that fills it."""
        if self.whole is not None:
            return _list_in(self.whole) or self.whole
        return self.query("OptionList, DataTable").first()

    def focus_panel(self, by: int) -> None:
        """Give the focus to the next panel, or the one before; it takes over the whole section."""
        panels = self.panels
        if not panels:
            return
        here = self.panel
        at = panels.index(here) + by if here is not None else 0
        panel = panels[at % len(panels)]
        if self.whole is not None:
            self._fill(panel)
        self.screen.set_focus(_list_in(panel) or panel)

    def zoom_panel(self) -> None:
        """Give the panel that has the focus the whole section, or all of them their places."""
        if self.whole is not None:
            self.show_all()
            return
        panel = self.to_zoom
        if panel is None:
            return
        self._panels, self._focus_before = self.panels, self.screen.focused
        self._fill(panel)
        self.screen.set_focus(_list_in(panel) or panel)

    @property
    def to_zoom(self) -> Widget | None:
        """The panel that is enlarged next: a chart, or whatever there is, rather than the list."""
        panel = self.panel
        if panel is not None and _list_in(panel) is None:
            return panel
        others = [other for other in self.panels if _list_in(other) is None]
        charts = [other for other in others if isinstance(other, Chart)]
        return next(iter(charts or others), None)

    def show_all(self) -> None:
        """Give all panels their places again."""
        self._empty()
        before = self._focus_before
        self.whole, self._panels, self._focus_before = None, (), None
        if before is not None and before.is_attached:
            self.screen.set_focus(before)

    def _fill(self, panel: Widget) -> None:
        """Let a panel, and all that it stands in, fill what is around it; their siblings go."""
        self._empty()
        self.whole, self._sizes = panel, {}
        for widget in self._path(panel):
            inline = widget.styles.inline
            self._sizes[widget] = {
                name: getattr(inline, name) if inline.has_rule(name) else None for name in SIZES
            }
            for name, size in FULL.items():
                setattr(widget.styles, name, size)
            widget.add_class(WHOLE)
            assert widget.parent is not None
            for sibling in widget.parent.children:
                sibling.set_class(sibling is not widget, AWAY)

    def _empty(self) -> None:
        for widget in self.query(f".{AWAY}, .{WHOLE}"):
            widget.remove_class(AWAY, WHOLE)
            for name, size in self._sizes.pop(widget, {}).items():
                setattr(widget.styles, name, size)

    def _path(self, panel: Widget) -> Iterator[Widget]:
        for node in panel.ancestors_with_self:
            if node is self:
                return
            if isinstance(node, Widget):
                yield node

    def on_key(self, event: Key) -> None:
        """Move in the list while a chart, which has nothing to move in, has the focus."""
        if event.key in ("up", "down") and isinstance(self.screen.focused, Chart):
            self.move(event.key)

    def move(self, where: str) -> None:
        """Move up or down in what has the focus."""
        focused = self.screen.focused
        target = focused
        if isinstance(focused, Chart):
            target = self.query("OptionList, DataTable").first()
        if isinstance(target, OptionList | DataTable):
            getattr(target, f"action_cursor_{where}")()
        elif isinstance(target, VerticalScroll):
            target.scroll_relative(y=1 if where == "down" else -1, animate=False)


def _list_in(panel: Widget) -> Widget | None:
    return next(iter(panel.query("OptionList, DataTable").results(Widget)), None)


def _no_panel(pane: "Pane") -> str | None:
    if pane.whole is not None or pane.to_zoom is not None:
        return None
    return "There is no panel to enlarge here."


def _focus(id: str, keys: str, by: int, word: str, key: str, sentence: str) -> Action["Pane"]:
    return Action(
        id=id, keys=keys, word=word, group="Looking", footer=False, shown_key=key,
        sentence=sentence, do=lambda pane: pane.focus_panel(by),
    )  # fmt: skip


PANELS = (
    Action["Pane"](
        id="look.zoom_panel", keys="z", word="enlarge", group="Looking", footer=False,
        sentence="Zoom the panel to the whole screen, and back", do=lambda pane: pane.zoom_panel(),
        reason=_no_panel,
    ),
    _focus("look.next_panel", "full_stop", 1, "next panel", ".", "Focus the next panel"),
    _focus("look.last_panel", "comma", -1, "last panel", ",", "Focus the panel before"),
)  # fmt: skip
