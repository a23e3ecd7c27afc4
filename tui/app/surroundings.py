"""The lines around the section: titles, where runs compute, status, keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.text import Text
from textual import getters
from textual.css.query import NoMatches
from textual.reactive import reactive
from textual.screen import Screen

from tui.app.keys.action import Action
from tui.app.keys.keymap import Keymap
from tui.app.widgets.keybar import Links, key_line, title_line, typing_line
from tui.app.widgets.picture import Picture
from tui.app.widgets.status import fitting_parts, status_line
from tui.live.conductor import Conductor
from tui.live.task import where_words

if TYPE_CHECKING:
    from tui.app.app import MnistTui
    from tui.app.sections.base import ExperimentPane
    from tui.app.sections.pane import Pane

LEAST_PROGRESS = 36  # cells of the active run's progress, beside something else


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the lines around the section say."""

    section: str = ""
    progress: Text = field(default_factory=Text)
    load: str = ""
    where: str = ""  # dataset, device and precision
    refused: Mapping[str, str] = field(
        default_factory=dict
    )  # why an action cannot be done now, by its id
    width: int = 0  # that the key bar is for
    typing: tuple[tuple[str, str], ...] = ()  # the keys while words are typed, and what they do


class Surroundings(Screen[None]):
    """Mixed in before the main screen: what stands around the section, composed anew each tick."""

    app: "MnistTui"
    conductor: Conductor
    keys: Keymap
    current: reactive[str]
    experiments: "dict[str, ExperimentPane]"
    # Repainting is for what the watchers change: the screen's own would be the whole terminal.
    snapshot: reactive[Snapshot] = reactive(Snapshot(), init=False, repaint=False)

    titles = getters.query_one("#titles", Links)
    where = getters.query_one("#where", Picture)
    progress = getters.query_one("#progress", Picture)
    load = getters.query_one("#load", Picture)
    key_bar = getters.query_one("#keys", Links)

    @property
    def pane(self) -> "Pane":
        """The open section's pane."""
        raise NotImplementedError

    def reason_against(self, action: Action[Any]) -> str | None:
        """Return why an action cannot be done now, None where it can."""
        raise NotImplementedError

    def look_around(self) -> None:
        """Collect what the lines around the section say now."""
        if not self._there:
            return
        reasons = {action.id: self.reason_against(action) for action in self.keys.actions.all}
        self.snapshot = Snapshot(
            section=self.current,
            progress=self._progress(),
            load=self.app.load,
            where=fitting_parts(self._where(), self._room_for_where()),
            refused={id: why for id, why in reasons.items() if why},
            width=self.app.size.width,
            typing=tuple(self.pane.typing),
        )

    def _progress(self) -> Text:
        """Return the status line: what the section says, and the active run where there is room."""
        room = self._room_for_progress()
        active = self.conductor.running is not None
        told = self.pane.told(room // 2 if active else room)
        left = room - (told.cell_len + 1 if told else 0)
        if told and (not active or left < LEAST_PROGRESS):
            return self.pane.told(room)
        chosen = self.pane.chosen
        line = status_line(
            self.conductor,
            self.app.last,
            self.keys,
            chosen=chosen.id if chosen is not None else "",
            width=self.app.size.width if not told else left,
            room=left,
        )
        return Text.assemble(told, " ", line) if told else line

    @property
    def _there(self) -> bool:
        """Whether what is around the section is there: not yet, or no longer, at the ends."""
        try:
            return self.progress.is_attached
        except NoMatches:
            return False

    def _room_for_progress(self) -> int:
        """Return the cells that the load leaves in its line."""
        load = self.app.load if self.load.display else ""
        return self.app.size.width - (cell_len(load) + 2)  # with its padding

    def _room_for_where(self) -> int:
        """Return the cells that the titles leave in their line, without the padding."""
        return self.app.size.width - title_line(self.current, self.keys).cell_len - 2

    def watch_snapshot(self, snapshot: Snapshot) -> None:
        """Write what changed."""
        self.progress.show(snapshot.progress)
        self.load.show(Text(snapshot.load, "$text-muted"))
        self.where.show(Text(snapshot.where, "$text-muted"))
        if snapshot.typing:
            keys = typing_line(snapshot.typing)
        else:
            keys = key_line(snapshot.section, snapshot.refused, self.keys, snapshot.width)
        self.key_bar.show(keys)

    def _where(self) -> str:
        """Return dataset, device and precision: of what is shown, or else of the next run."""
        pane = self.experiments.get(self.current)
        if pane is not None and pane.shown is not None and pane.shown.history.started is not None:
            started = pane.shown.history.started
            return where_words(started.dataset, started.environment)
        return self.conductor.where
