"""The command palette: Textual's with our actions and runs, made safe to close at any moment."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from rich.text import Text
from textual.await_remove import AwaitRemove
from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.events import Mount, Timer
from textual.message import Message
from textual.widgets import Input

from engine.errors import MnistTuiError
from engine.files.text import visible
from engine.runs.filter import age, parse
from engine.runs.index import summaries
from engine.runs.run import Run
from engine.runs.summary import Summary
from engine.sections.table import dataset_title
from tui.app.guard import GuardedDialog
from tui.app.keys.action_list import AnyAction
from tui.app.sections.runs.columns import age_words
from tui.words import MARKS

if TYPE_CHECKING:
    from tui.app.app import MnistTui
    from tui.app.main_screen import MainScreen

LEFT_OUT = ("app.palette", "app.quit")  # it is open; the app has its own words for leaving
MOST_RUNS = 20  # that one query lists
LEAST_QUERY = 2  # characters from which on runs are listed
AT_ONCE = 500  # runs that are looked at before a key is answered
OF_RUNS = 0.01  # score of the newest: below the actions'
BEGINNING = (Mount, Input.Changed, Timer)  # what makes the palette look up its list


class Palette(GuardedDialog, CommandPalette):
    """Finds actions by their words, and runs.

    A worker of Textual's gathers commands and looks up the list that they go to. When the screen
    is removed meanwhile, the list goes first, so the worker must have ended by then.
    """

    def __init__(self) -> None:
        super().__init__(placeholder="Find an action or a run …")

    def remove(self) -> AwaitRemove:
        """End whatever is still being gathered, then remove the screen."""
        self._cancel_gather_commands()
        self._stop_busy_countdown()
        self._stop_no_matches_countdown()
        self.set_reactive(CommandPalette._show_busy, False)  # or the worker's end would show it
        return super().remove()

    async def _dispatch_message(self, message: Message) -> None:
        """Handle a message; on a closed palette nothing begins to gather."""
        if isinstance(message, BEGINNING) and self not in self.app.screen_stack:
            return
        await super()._dispatch_message(message)


class ActionCommands(Provider):
    """The actions that the palette finds: all, or over a dialog those that work there too."""

    async def discover(self) -> Hits:
        """Yield every action, by its sentence."""
        for action in sorted(self._actions(), key=lambda action: action.sentence):
            words = action.sentence
            yield DiscoveryHit(words, self._call(action), help=self.help_of(action))

    async def search(self, query: str) -> Hits:
        """Yield the actions whose sentences match a query."""
        matcher = self.matcher(query)
        for action in self._actions():
            if (score := matcher.match(action.sentence)) > 0:
                words = matcher.highlight(action.sentence)
                yield Hit(score, words, self._call(action), help=self.help_of(action))

    @property
    def main(self) -> "MainScreen":
        """The main screen, which does them."""
        return cast("MnistTui", self.app).main

    def _actions(self) -> list[AnyAction]:
        everywhere = self.screen is self.main
        return [
            *self._own,
            *(
                action
                for action in self.main.keys.actions.all
                if action.id not in LEFT_OUT and (everywhere or action.anywhere)
            ),
        ]

    @property
    def _own(self) -> Sequence[AnyAction]:
        """The actions of a screen that has its own, as the pad."""
        return cast("Sequence[AnyAction]", getattr(self.screen, "ACTIONS", ()))

    def _call(self, action: AnyAction) -> Callable[[], object]:
        owner = cast("MainScreen", self.screen) if action in self._own else self.main
        return partial(self.app.call_later, owner.perform, action)

    def help_of(self, action: AnyAction) -> str:
        """Return an action's id and key, or why it cannot be done now."""
        own = action in self._own
        reason = action.reason(self.screen) if own else self.main.reason_against(action)
        return f"not now: {reason}" if reason else self.main.keys.described(action.id)


class RunCommands(Provider):
    """The runs that the palette finds, as the filter of Runs does, the newest first."""

    _runs: list[Summary]

    async def startup(self) -> None:
        """List the runs, however many there are, without keeping the screen waiting."""
        self._runs = []
        main = cast("MnistTui", self.app).main
        if self.screen is main:  # over a dialog, none can be opened
            with suppress(MnistTuiError):
                self._runs = await asyncio.to_thread(summaries, Path(main.runs.artifacts))

    async def search(self, query: str) -> Hits:
        """Yield the newest runs that match a query."""
        wanted, now = parse(query), time.time()
        if len(query.strip()) < LEAST_QUERY or wanted.mistake:
            return
        found = 0
        for number, run in enumerate(self._runs):
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)
            if wanted.passes(run, now):
                yield self._hit(run, OF_RUNS / (found + 1), now)
                if (found := found + 1) == MOST_RUNS:
                    return

    def _hit(self, run: Summary, score: float, now: float) -> Hit:
        main = cast("MnistTui", self.app).main
        opened = partial(main.open_run, Run(Path(main.runs.artifacts) / run.run))
        passed = age_words(age(run, now))
        about = (run.model, run.section, dataset_title(run.dataset), run.result or run.status,
                 passed and f"{passed} ago")  # fmt: skip
        what = visible(" · ".join(filter(None, about)))
        words = Text.assemble(  # not as help, in which brackets are markup
            f"{MARKS.get(run.status, '?')} {what}\n", (run.run, "$text-muted")
        )
        return Hit(score, words, partial(self.app.call_later, opened), text=words.plain)


class SweepCommands(Provider):
    """The sweeps that the palette finds by their ids, the newest first."""

    _sweeps: list[str]

    async def startup(self) -> None:
        """List the sweeps, from the names in the folder alone."""
        from engine.sweeps.sweep import list_sweeps  # the first frame does not need it

        self._sweeps = []
        main = cast("MnistTui", self.app).main
        if self.screen is main:
            with suppress(MnistTuiError):
                folder = Path(main.runs.artifacts)
                self._sweeps = [sweep.id for sweep in await asyncio.to_thread(list_sweeps, folder)]

    async def search(self, query: str) -> Hits:
        """Yield the sweeps whose ids, or the word sweep before them, hold all words of a query."""
        main, words = cast("MnistTui", self.app).main, query.lower().split()
        if len(query.strip()) < LEAST_QUERY:
            return
        found = [id for id in self._sweeps if all(word in f"sweep {id}".lower() for word in words)]
        for place, id in enumerate(found[:MOST_RUNS]):
            opened = partial(main.open_sweep, Path(main.runs.artifacts) / id)
            text = Text(visible(f"Sweep {id}"))
            score = 2 * OF_RUNS / (place + 1)  # before its runs
            yield Hit(score, text, partial(self.app.call_later, opened), text=text.plain)
