"""What the sections of experiments share: a task that is shown, and the next run's options."""

import dataclasses
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

import numpy as np
from rich.text import Text
from textual.containers import VerticalScroll
from textual.geometry import Size

from engine.config import RunConfig
from engine.data.known import MNIST_LIKE, located
from engine.options import options_of
from engine.runs.run import Run
from tui.app import screens
from tui.app.keys.action import Action
from tui.app.keys.focus import PANELS
from tui.app.look import Look
from tui.app.sections import shared_actions
from tui.app.sections.curves import CURVES, Charts
from tui.app.sections.inviting import Inviting
from tui.app.sections.pane import BAD, Pane
from tui.app.sections.replay import REPLAY, Player
from tui.app.widgets.room import Heading, Row, Rows
from tui.live.conductor import Conductor
from tui.live.task import Task
from tui.words import MARKED, names_of

Asked = TypeVar("Asked", bound=RunConfig)
Commands = Sequence[Sequence[RunConfig]]  # runs, a list for each command line


class ExperimentPane(Pane, Charts, Inviting):
    """A section that starts runs and shows one of them, live or at an earlier step."""

    kind: ClassVar[type[RunConfig]]
    close_up: ClassVar[str | None] = None  # the screen that looks closely
    ACTIONS: ClassVar[tuple[Action[Any], ...]] = (
        *shared_actions.OF_EXPERIMENTS, *PANELS, *CURVES, *REPLAY,
    )  # fmt: skip

    def __init__(
        self, conductor: Conductor, look: Look, artifacts: str, options: Mapping[str, Any]
    ) -> None:
        """``options`` are those given at the start, of any section."""
        super().__init__(conductor, look, artifacts)
        known = options_of(self.kind)
        self.config = self.kind(**{name: v for name, v in options.items() if name in known})
        self.shown: Task | None = None
        self.cursor: int | None = None  # a step; None is the latest
        self.player: Player = Player(self)
        self.moved = False  # the user went from the shown run to where there is none
        self.followed: Task | None = None  # the live task that was shown by itself
        self.marked: set[int] = set()  # rows of the list, to run several

    @property
    def chosen(self) -> Run | None:
        """The run that is shown."""
        return Run(self.shown.path) if self.shown is not None and self.shown.run else None

    @property
    def chosen_state(self) -> str:
        """Its state."""
        return self.shown.state if self.shown is not None and self.shown.run else ""

    @property
    def dataset(self) -> Mapping[str, Any]:
        """What is known of the dataset of the shown run, or else of the next one."""
        if self.shown is not None and self.shown.history.started is not None:
            return self.shown.history.started.dataset
        name = self.config.dataset
        known = {"classes": MNIST_LIKE[name].classes} if name in MNIST_LIKE else {}
        return self.conductor.datasets.get(name, known)

    @property
    def class_names(self) -> tuple[str, ...]:
        """What the classes of that dataset are called."""
        if self.shown is not None and self.shown.history.started is not None:
            return self.shown.classes
        return names_of(self.dataset, len(self.dataset.get("classes", ())))

    @property
    def running(self) -> Task | None:
        """The shown run if another process drives it, else the one that runs here."""
        if self.shown is not None and self.shown.elsewhere:
            return self.shown
        return self.conductor.running

    async def open(self) -> None:
        """Look closely at what is chosen."""
        if self.close_up is not None:
            await self.app.push_screen(getattr(screens, self.close_up)(self))

    def why_not_open(self) -> str | None:
        """Return why there is nothing to look at closely."""
        if self.close_up is None:
            return "This section has no close look."
        if self.shown is not None and self.has_pictures():
            return None
        starts = f"{self.keys.name('run.choice')} starts a run."
        return f"There is nothing to look at closely yet; {starts}"

    def has_pictures(self) -> bool:
        """Tell whether the shown run has pictures of what is chosen."""
        return False

    def to_latest(self) -> None:
        """Return to the latest step."""
        self.player.end()
        self.cursor = None
        self.follow_cursor()

    def newest(self, matches: Callable[[RunConfig], bool] = lambda config: True) -> Task | None:
        """Return the section's newest task whose config matches, live ones first."""
        for task in [*reversed(self.conductor.tasks), *self.conductor.shelf.tasks]:
            if task.section == self.section and matches(task.config):
                return task
        return None

    def show_task(self, task: Task) -> None:
        """Show a task of this section, at its latest step."""
        self.shown = task
        self.cursor = None
        self.moved = False
        self.refresh_text()
        self.refresh_pictures()
        self.invite_if_empty()

    def redraw(self, *, pictures: bool = True) -> None:
        """Update everything, or the text alone; before the first run, invite to it."""
        super().redraw(pictures=pictures)
        self.guarded(self.invite_if_empty)

    def invite_if_empty(self) -> None:
        """Invite to a first run where there is none, once the runs have been looked for."""
        loading = self.conductor.shelf.loading
        empty = not loading and self.shown is None and self.newest() is None
        self.invite(empty=empty, dataset=self.config.dataset)

    def purpose(self) -> str:
        """Return what the section does, in a sentence."""
        return "The curves, images and results of a run show here."

    def first_key(self) -> tuple[str, str]:
        """Return the key that begins, and what it does."""
        return self.keys.name("run.choice"), "to start a run"

    def configs_of_choice(self) -> Commands:
        """Return what is marked, or else selected, for ``r``: a list for each command line."""
        raise NotImplementedError

    def configs_of_all(self) -> Commands:
        """Return everything in the section, for ``a``."""
        raise NotImplementedError

    @property
    def row(self) -> int:
        """The highlighted row of the list, headings not counted."""
        return self.query_one(Rows).chosen

    def write_list(self, rows: Callable[[int], Sequence[Row]]) -> None:
        """Write the rows of the list, which ``rows`` makes for a width, with their marks."""
        self.query_one(Rows).write(lambda width: list(self._with_marks(rows(width))))

    def _with_marks(self, rows: Iterable[Row]) -> Iterator[Row]:
        number = 0
        for row in rows:
            if isinstance(row, Heading):
                yield row
                continue
            mark = MARKED if number in self.marked else " "
            yield Text.assemble((mark, "bold $marked"), row)
            number += 1

    def mark(self) -> None:
        """Mark or unmark the highlighted row."""
        self.marked ^= {self.row}
        self.refresh_text()

    def scroll_panels(self, by: int) -> None:
        """Scroll the panels that have more than they show, by lines."""
        for panel in self.query(VerticalScroll):
            panel.scroll_relative(y=by, animate=False)

    def move_cursor(self, by: int) -> None:
        """Move the step cursor over the shown run's events; past the last one is the latest."""
        steps = self.shown.history.event_steps if self.shown else []
        if not steps:
            return
        self.player.end()
        at = len(steps) if self.cursor is None else int(np.searchsorted(steps, self.cursor))
        at = max(0, at + by)
        self.cursor = steps[at] if at < len(steps) else None
        self.follow_cursor()

    def follow_cursor(self) -> None:
        """Update all that shows the step at the cursor."""
        self.refresh_pictures()

    @property
    def until(self) -> int | None:
        """The step that curves end at while they are replayed, None where they are shown whole."""
        return self.cursor if self.player.replay is not None else None

    def told(self, room: int) -> Text:
        """Return what a replay says in the status line."""
        return self.player.words(room)

    def when(self) -> str:
        """Return where the cursor stands, for a title; "" at the latest step."""
        return "" if self.cursor is None else f"  step {self.cursor:,}"

    def edit(self, commands: Commands) -> None:
        """Adopt the options that the form returned for the selected runs.

        The dataset is that of the other sections from now on, too.
        """
        config, before = commands[0][0], self.config.dataset
        names = options_of(self.kind)
        self.config = dataclasses.replace(
            self.config, **{name: getattr(config, name) for name in names}
        )
        self.config = dataclasses.replace(self.config, dataset=located(self.config.dataset))
        if self.config.dataset != before:
            self.main.use_dataset(self.config.dataset, but=self)
        self.refresh_text()

    def use_dataset(self, dataset: str) -> None:
        """Work on another dataset from now on."""
        self.config = dataclasses.replace(self.config, dataset=dataset)

    @property
    def nothing(self) -> str:
        """What an empty chart says: that runs are being read, or that there is none yet."""
        return "loading …" if self.conductor.shelf.loading else "nothing yet"

    def invitation(self, keys: str) -> Text:
        """Say which keys start a first run, or that runs are still being looked for."""
        if self.conductor.shelf.loading:
            return Text(self.nothing, "$text-muted")
        return Text(keys, "bold")

    def about_shown(self) -> Text:
        """Describe the shown run: number, recipe, seed and dataset, or what went wrong."""
        task = self.shown
        if task is None:
            return Text()
        words = Text()
        # First: on a low terminal the rest may have to be scrolled to.
        for line in filter(None, (task.message, task.warning)):
            words.append(f"{line}\n\n", BAD)
        if task.history.started:
            config = task.history.started.config
            dataset = task.history.started.dataset["name"]
            words.append(f"{'-'.join(task.run.split('-')[:3])}\n", "$text-muted")
            recipe = f"{config['recipe']}, " if "recipe" in config else ""
            words.append(f"{recipe}seed {config['seed']}, {dataset}", "$text-muted")
        return words


def config_of(task: Task, kind: type[Asked]) -> Asked:
    """Return a task's config, which is of this kind."""
    assert isinstance(task.config, kind)
    return task.config


def hint(words: str, room: Size) -> Text:
    """Return the text for a panel that has nothing to show yet."""
    return Text(textwrap.fill(words, max(room.width, 8)), style="italic $text-muted")
