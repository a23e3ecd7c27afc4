"""What the sections share: which task they show, and when they draw."""

from typing import ClassVar

from rich.text import Text
from textual.containers import Container

from engine.config import RunConfig
from tui.conductor import Conductor, Task


class Pane(Container):
    """A section of the app. The app calls ``show_task`` and the two ``refresh`` methods."""

    section: ClassVar[str]

    def __init__(self, conductor: Conductor, artifacts: str, shared: dict, *, plain: bool) -> None:
        super().__init__(id=self.section)
        self.conductor = conductor
        self.artifacts = artifacts
        self.shared = shared  # the options given on the command line, for new runs
        self.plain = plain
        self.shown: Task | None = None

    def newest(self, matches=lambda config: True) -> Task | None:
        """Return the section's newest task whose config matches."""
        for task in reversed(self.conductor.tasks):
            if task.section == self.section and matches(task.config):
                return task
        return None

    def show_task(self, task: Task) -> None:
        """Show a task of this section."""
        self.shown = task
        self.refresh_text()
        self.refresh_pictures()

    def config_of_choice(self) -> RunConfig:
        """Return the config of what is chosen now. For the key r."""
        raise NotImplementedError

    def configs_of_all(self) -> list[RunConfig]:
        """Return the configs of everything in the section. For the key a."""
        raise NotImplementedError

    def refresh_text(self) -> None:
        """Bring numbers and words up to date; ten times a second at most."""

    def refresh_pictures(self) -> None:
        """Bring charts and images up to date; twice a second at most."""


def hint(words: str) -> Text:
    """Return words for a panel that has nothing to show yet."""
    return Text(words, style="dim italic")
