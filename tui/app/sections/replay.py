"""Replay: the step cursor walks over a run by itself, and all that is drawn at it follows."""

import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from rich.text import Text
from textual.timer import Timer

from tui.app.keys.action import Action
from tui.app.terminal.pace import Pace
from tui.app.widgets.status import fitting_parts
from tui.live.task import Task

if TYPE_CHECKING:
    from tui.app.screens.closeup import CloseUp
    from tui.app.sections.base import ExperimentPane

WHOLE = 12.0  # seconds that a run takes from its first event to its last, whatever its length
SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
FRAME = 1 / 15  # seconds between two pictures at least
SLOWEST = 1.0  # seconds between two pictures at most, however much they cost
LONGEST = 3.0  # seconds that one picture can be late by: the app may have been suspended
MOST_SENT = 48_000  # characters a second to the terminal, which may be a slow line
AT_ONCE = 24_000  # characters that a picture should cost at most
FIRST_SHARE = 1 / 3
ALONE, BESIDE_A_RUN = 0.5, 0.05  # of the time, for drawing
FORWARD, PAUSED, BACK = 1, 0, -1
STYLE = "bold $marked"  # as the cursor in the curves


class Replay:
    """Where the replay of a run stands.

    It has no clock: whoever plays it says how much time has passed.
    """

    def __init__(self, task: Task, cursor: int | None, direction: int) -> None:
        """Begin at a step; where the way from there has no length, or at None, at its other end."""
        self.task = task
        self.direction = direction  # FORWARD, PAUSED or BACK
        self.over = False  # it has come to the latest step
        first, last = self.ends
        self._at = float(last if cursor is None else cursor)
        if direction == FORWARD and self._at >= last:
            self._at = float(first)
        elif direction == BACK and self._at <= first:
            self._at = float(last)

    @property
    def ends(self) -> tuple[int, int]:
        """The steps of the run's first and latest event; a live run's move on."""
        steps = self.task.history.event_steps
        return (steps[0], steps[-1]) if steps else (0, 0)

    @property
    def step(self) -> int:
        """Where the cursor stands."""
        return int(self._at)

    def advance(self, seconds: float, speed: float) -> None:
        """Let time pass: at its latest step a replay is over, at its first one it is paused."""
        first, last = self.ends
        self._at += self.direction * seconds * speed * (last - first) / WHOLE
        if self.direction == FORWARD and self._at >= last:
            self.direction, self.over, self._at = PAUSED, True, float(last)
        elif self.direction == BACK and self._at <= first:
            self.direction, self._at = PAUSED, float(first)


class Player:
    """Replays what a pane shows: a timer moves the pane's cursor while there is one to move."""

    def __init__(
        self,
        pane: "ExperimentPane",
        clock: Callable[[], float] = time.monotonic,
        pace: Pace | None = None,
    ) -> None:
        self.clock = clock
        self._pane = pane
        self._pace = pace or Pace(soonest=FRAME * 0.9, latest=SLOWEST)
        self._replay: Replay | None = None
        self._timer: Timer | None = None
        self._time = 0.0  # at the last picture
        self._sent = 0  # to the terminal, until then
        self._share = FIRST_SHARE  # of several images that are drawn at once
        self._turns = 0  # that were drawn so far
        self._first = False  # none has been drawn since it began to play

    @property
    def replay(self) -> Replay | None:
        """What is replayed, or paused; it ends where the pane shows another run or step."""
        found = self._replay
        if found and (found.task is not self._pane.shown or found.step != self._pane.cursor):
            self.end()
        return self._replay

    @property
    def playing(self) -> bool:
        """Whether the cursor walks."""
        return self.replay is not None and self.replay.direction != PAUSED

    def play(self, direction: int) -> None:
        """Play, or pause what plays; the key for going back turns what plays forward round."""
        replay = self.replay
        if replay is not None and replay.direction in (direction, BACK):
            self.pause()
            return
        pane = self._pane
        assert pane.shown is not None
        self._replay, self._first = Replay(pane.shown, pane.cursor, direction), True
        self._time, self._sent = self.clock(), pane.app.sent
        if self._timer is None:
            self._timer = pane.set_interval(FRAME, self.tick)
        self._show(self._replay)

    def pause(self) -> None:
        """Stand still, with the curves as far as they came."""
        if self._replay is not None:
            self._replay.direction = PAUSED
        self._stop_timer()
        self._pane.main.stale.add(self._pane.section)  # images that were not their turn
        self._pane.main.look_around()

    def end(self) -> None:
        """Leave the cursor to the user, wherever it is."""
        self._replay = None
        self._stop_timer()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def tick(self) -> None:
        """Go on to where the cursor should be by now, if there is time to draw that."""
        replay, pane, now = self.replay, self._pane, self.clock()
        if replay is None or pane.main.pane is not pane:
            self.pause()
            return
        if not (pane.app.screen is pane.main or self._close_up):  # behind another dialog
            self._time = now
            return
        self._pace.share = ALONE if pane.conductor.own is None else BESIDE_A_RUN
        sending = min((pane.app.sent - self._sent) / MOST_SENT, LONGEST)
        if not self._pace.due() or now - self._time < sending:
            return
        replay.advance(min(now - self._time, LONGEST), pane.look.speed)
        self._time = now
        if replay.over:
            pane.to_latest()
            pane.main.look_around()
        elif replay.step != pane.cursor:
            self._pace.drew()
            cost = max(pane.app.sent - self._sent, 1)  # of the last picture
            self._share = min(max(self._share * min(AT_ONCE / cost, 1.5), 0.01), 1.0)
            self._sent = pane.app.sent
            self._show(replay)
        elif replay.direction == PAUSED:
            self.pause()

    def _show(self, replay: Replay) -> None:
        """Draw the step that the replay has come to."""
        pane = self._pane
        pane.cursor = replay.step
        if self._close_up is None:
            drawn = pane.guarded(pane.follow_cursor)
        else:  # the section behind it can wait
            drawn = self._close_up.guarded(self._close_up.draw)
            pane.main.stale.add(pane.section)
        if not drawn:
            self.end()
        pane.main.look_around()

    def turn(self, count: int) -> Collection[int]:
        """Return which of so many images are drawn now: while one plays, as the line allows."""
        if not self.playing or self._first:  # those of where it stood before are wrong here
            self._first = False
            return range(count)
        size = max(1, round(self._share * count))
        first, self._turns = self._turns, self._turns + size
        return {place % count for place in range(first, first + size)}

    @property
    def _close_up(self) -> "CloseUp | None":
        """The dialog that looks closely at what is replayed, None where there is none."""
        from tui.app.screens.closeup import CloseUp

        screen = self._pane.app.screen
        if isinstance(screen, CloseUp) and screen.follows and screen.pane is self._pane:
            return screen
        return None

    def words(self, room: int) -> Text:
        """Return what the status line says of a replay, "" where there is none."""
        if (replay := self.replay) is None:
            return Text()
        keys, steps = self._pane.keys, replay.task.steps
        play, back = keys.name("replay.play"), keys.name("replay.back")
        slower, faster = keys.name("replay.slower"), keys.name("replay.faster")
        speed, at = f"{self._pane.look.speed:g}x", f"step {replay.step:,}/{steps:,}"
        if replay.direction == PAUSED:
            words = f"replay at {speed} paused · {at} · {play} continues · {back} goes back"
        else:
            way = "back " if replay.direction == BACK else ""
            words = f"replaying {way}at {speed} · {at} · {play} pauses"
            words += f" · {faster} faster, {slower} slower"
        return Text(f" {fitting_parts(words, room - 1)}", STYLE)


def _no_replay(pane: "ExperimentPane") -> str | None:
    """Return why the shown run cannot be replayed."""
    task = pane.shown
    if task is None or not task.history.event_steps:
        return f"There is no run to replay yet; {pane.keys.name('run.choice')} starts one."
    if pane.cursor is None and task.active:
        back = pane.keys.name("look.back")
        return f"Only finished runs are replayed from the start; {back} goes back in an active one."
    return None


def _change_speed(pane: "ExperimentPane", by: int) -> None:
    pane.look.speed = SPEEDS[SPEEDS.index(pane.look.speed) + by]
    pane.main.look_around()


def _no_change(pane: "ExperimentPane", end: float, word: str) -> str | None:
    """Return why the speed cannot be changed towards an end, which is the ``word``."""
    if pane.player.replay is None:
        return f"Nothing is being replayed; {pane.keys.name('replay.play')} replays the run."
    return f"{end:g}x is the {word}." if pane.look.speed == end else None


PLAY = Action["ExperimentPane"](
    id="replay.play", keys="p", word="replay", group="Replay", reason=_no_replay,
    sentence="Replay the run from the cursor, or pause",
    do=lambda pane: pane.player.play(FORWARD),
)  # fmt: skip
PLAY_BACK = Action["ExperimentPane"](
    id="replay.back", keys="P", word="backwards", group="Replay", footer=False, reason=_no_replay,
    sentence="Replay it backwards, or pause", do=lambda pane: pane.player.play(BACK),
)  # fmt: skip
FASTER = Action["ExperimentPane"](
    id="replay.faster", keys="right_curly_bracket", word="faster", group="Replay", footer=False,
    sentence="Replay faster", do=lambda pane: _change_speed(pane, 1),
    reason=lambda pane: _no_change(pane, SPEEDS[-1], "fastest"),
)  # fmt: skip
SLOWER = Action["ExperimentPane"](
    id="replay.slower", keys="left_curly_bracket", word="slower", group="Replay", footer=False,
    sentence="Replay slower", do=lambda pane: _change_speed(pane, -1),
    reason=lambda pane: _no_change(pane, SPEEDS[0], "slowest"),
)  # fmt: skip
REPLAY = (PLAY, PLAY_BACK, FASTER, SLOWER)
