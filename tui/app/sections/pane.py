"""What all sections share: one section of the app, and the run that is chosen in it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from rich.text import Text
from textual.containers import Container

from engine.runs.run import Run
from tui.app.guard import Guarded
from tui.app.keys.action import Action
from tui.app.keys.focus import Focusing
from tui.app.keys.keymap import Keymap
from tui.app.look import Look
from tui.app.panels import Resizable
from tui.app.sections.about_panels import about_panel
from tui.live.conductor import Conductor
from tui.live.task import Task

if TYPE_CHECKING:
    from tui.app.main_screen import MainScreen

BAD = "bold $bad"


class Pane(Guarded, Resizable, Focusing, Container):
    """A section of the app, drawn by the two ``refresh`` methods."""

    section: ClassVar[str]
    ACTIONS: ClassVar[tuple[Action[Any], ...]]  # in the order of key bar and help

    def __init__(self, conductor: Conductor, look: Look, artifacts: str) -> None:
        super().__init__(id=self.section)
        self.conductor = conductor
        self.look = look
        self.artifacts = artifacts

    @property
    def main(self) -> "MainScreen":
        """The screen around it."""
        return cast("MainScreen", self.screen)

    @property
    def keys(self) -> Keymap:
        """The keys of all actions."""
        return self.main.keys

    @property
    def chosen(self) -> Run | None:
        """The run that is shown or chosen here."""
        return None

    @property
    def chosen_state(self) -> str:
        """Its state as the screen shows it, "" where there is none."""
        return ""

    @property
    def running(self) -> Task | None:
        """The run that pause and stop act on."""
        return self.conductor.running

    async def open(self) -> None:
        """Look closely at what is chosen."""

    def why_not_open(self) -> str | None:
        """Return why there is nothing to open, None where there is."""
        return None

    def to_latest(self) -> None:
        """Return to the latest step, where there are steps."""

    def back(self) -> None:
        """Give all panels their places again, or return to the latest step."""
        if self.whole is not None:
            self.show_all()
        else:
            self.to_latest()

    def show_all(self) -> None:
        """Give all panels their places again."""
        super().show_all()
        self.main.size_panels()  # the terminal may have another size by now

    def about_panel(self) -> tuple[str, str]:
        """Return what the focused panel is called and what help says of it."""
        panel = self.panel
        return about_panel(panel.id if panel is not None else None, self.keys)

    def told(self, room: int) -> Text:
        """Return what the status line says first, in so many cells; "" where there is nothing."""
        return Text()

    @property
    def typing(self) -> Sequence[tuple[str, str]]:
        """Keys and what they do while words are typed here, when all others are letters."""
        return ()

    def redraw(self, *, pictures: bool = True) -> None:
        """Update everything, or the text alone; an error is shown in its place and reported."""
        drawn = self.guarded(self.refresh_text)
        if pictures:
            drawn = self.guarded(self.refresh_pictures) and drawn
        if drawn:
            self.clear_fault()

    def refresh_text(self) -> None:
        """Update numbers and text."""

    def refresh_pictures(self) -> None:
        """Update charts and images."""
