"""Replay: the step cursor walks by itself, and all that is drawn at it follows."""

from types import SimpleNamespace

import pytest

from engine.runs.events import Started
from engine.sections.train.config import TrainConfig
from tests.conftest import a_few
from tests.tui import example_runs as examples
from tests.tui.app.test_snapshots import Script
from tests.tui.pilot import live, text, until
from tui.app import sections
from tui.app.screens.noise import NoiseView
from tui.app.sections.replay import BACK, FORWARD, PAUSED, SPEEDS, WHOLE, Replay
from tui.app.terminal.pace import Pace
from tui.live.conductor import Conductor


def of_steps(*steps):
    return SimpleNamespace(history=SimpleNamespace(event_steps=list(steps)), steps=steps[-1])


class Hand:
    """A clock that the test turns, for the player of a pane."""

    def __init__(self, pane):
        self.now = 0.0
        self.player = pane.player
        self.player.clock = lambda: self.now
        self.player._pace = Pace(lambda: self.now, lambda: 0.0, soonest=0.06)

    def turn(self, seconds):
        while seconds > 0:
            self.now += min(seconds, 1.5)
            self.player.tick()
            seconds -= 1.5


@pytest.mark.parametrize("steps", [(10, 20, 2150), (1, 100_000), (5, 6)])
def test_a_whole_run_takes_as_long_whatever_its_length(steps):
    replay = Replay(of_steps(*steps), None, FORWARD)
    assert replay.step == steps[0]
    seen = []
    for _ in range(11):
        replay.advance(WHOLE / 12, 1.0)
        seen.append(replay.step)
    assert seen == sorted(seen)
    assert not replay.over
    replay.advance(WHOLE / 12 + 0.001, 1.0)
    assert replay.over
    assert replay.step == steps[-1]
    assert replay.direction == PAUSED


def test_speed_and_the_way_back():
    replay = Replay(of_steps(0, 1200), 600, FORWARD)
    replay.advance(WHOLE / 4, 0.5)
    assert replay.step == 750
    replay.direction = BACK
    replay.advance(WHOLE / 4, 2.0)
    assert replay.step == 150
    replay.advance(1, 8.0)
    assert (replay.step, replay.direction, replay.over) == (0, PAUSED, False)
    replay.advance(5, 8.0)  # paused
    assert replay.step == 0


def test_at_its_end_a_replay_begins_anew_and_a_live_run_moves_the_end():
    task = of_steps(0, 100)
    assert Replay(task, 100, FORWARD).step == 0
    assert Replay(task, 0, BACK).step == 100
    assert Replay(task, None, BACK).step == 100
    replay = Replay(task, 50, FORWARD)
    task.history.event_steps.append(1000)
    replay.advance(WHOLE / 10, 1.0)
    assert replay.step == 150
    task.history.event_steps.clear()  # its run is told from the start again
    replay.advance(1.0, 1.0)
    assert replay.over


@pytest.fixture
def general(monkeypatch):
    """Let Visualize have no pane of its own."""
    panes = {name: pane for name, pane in sections._PANES.items() if name != "visualize"}
    monkeypatch.setattr(sections, "_PANES", panes)


@pytest.mark.parametrize(("section", "chart", "listed"), a_few([
    ("train", "#loss", "#model-list"), ("adversarial", "#noise-success", "#label-list"),
    ("visualize", "#activation", "#neuron-list"), ("general", "#any-curve", "#about-it"),
], 1, several=True))  # fmt: skip
def test_curves_pictures_and_lists_follow_a_replay(section, chart, listed, finished, request):
    if section == "general":
        request.getfixturevalue("general")
    key, name = {"train": "1", "adversarial": "2"}.get(section, "3"), section

    def shown(app):
        widget = app.query_one(listed)
        lines = [str(option.prompt) for option in getattr(widget, "options", ())]
        return [text(app, chart), *lines]

    async def story(app, pilot):
        await pilot.press(key)
        pane = app.main.experiments["visualize" if name == "general" else name]
        await until(pilot, lambda: pane.shown is not None and app.query_one(chart).plot.lines)
        hand, whole = Hand(pane), shown(app)
        steps = pane.shown.history.event_steps
        await pilot.press("p")
        assert pane.cursor == pane.until == app.query_one(chart).plot.until == steps[0]
        first = shown(app)
        hand.turn(WHOLE / 2)
        assert abs(pane.cursor - (steps[0] + steps[-1]) / 2) <= 3
        middle = shown(app)
        assert first[0] != middle[0] != whole[0]
        assert name == "general" or first[1:] != middle[1:] != whole[1:]
        assert f" replaying at 1x · step {pane.cursor}/{steps[-1]} · p pauses" in text(
            app, "#progress"
        )
        await pilot.press("p")
        hand.turn(2)
        assert shown(app) == middle
        assert f" replay at 1x paused · step {pane.cursor}" in text(app, "#progress")
        await pilot.press("p")
        hand.turn(WHOLE / 2 + 0.2)
        assert pane.cursor is None
        assert pane.until is None
        assert pane.player._timer is None
        assert shown(app) == whole
        assert "replay" not in text(app, "#progress")
        await pilot.press("p")
        assert pane.cursor == steps[0]

    live(finished, story)


@pytest.mark.extended
def test_keys_during_a_replay(finished):
    async def story(app, pilot):
        pane = app.main.experiments["train"]
        await until(pilot, lambda: pane.shown is not None)
        hand, chart = Hand(pane), app.query_one("#loss")
        await pilot.press("p")
        hand.turn(WHOLE / 2)
        at = pane.cursor
        await pilot.press("P")
        hand.turn(WHOLE / 4)
        assert abs(pane.cursor - at / 2) < 10
        assert "replaying back at 1x" in text(app, "#progress")
        await pilot.press("right_curly_bracket", "P", "P")
        assert "replaying back at 2x" in text(app, "#progress")
        hand.turn(WHOLE / 4)
        assert pane.cursor == 10
        assert "replay at 2x paused" in text(app, "#progress")
        await pilot.press("p")
        hand.turn(WHOLE / 4)
        await pilot.press("left")  # whatever moves the cursor ends it, and stays
        at = pane.cursor
        assert at % 10 == 0
        assert chart.plot.cursor == at
        assert chart.plot.until is None
        hand.turn(2)
        assert pane.cursor == at
        await pilot.press("p")
        hand.turn(1)
        assert pane.cursor > at
        await pilot.press("escape")
        assert pane.cursor is None
        assert chart.plot.until is None
        await pilot.press("p")
        hand.turn(1)
        await pilot.press("k")  # another row
        assert pane.cursor is None
        assert not pane.player.playing
        hand.turn(1)
        assert pane.cursor is None
        await pilot.press("left_curly_bracket")
        assert pane.look.speed == 2
        assert app.main.snapshot.refused["replay.slower"].startswith("Nothing is being replayed")
        await pilot.press("j", "p", *["left_curly_bracket"] * len(SPEEDS))
        assert pane.look.speed == SPEEDS[0]
        assert app.main.snapshot.refused["replay.slower"] == "0.25x is the slowest."

    live(finished, story)


def test_a_replay_goes_on_in_a_close_look_and_waits_behind_other_dialogs(finished):
    async def story(app, pilot):
        await pilot.press("2")
        pane = app.main.experiments["adversarial"]
        await until(pilot, lambda: pane.has_pictures())
        hand = Hand(pane)
        await pilot.press("p", "question_mark")
        at = pane.cursor
        hand.turn(3)
        assert pane.cursor == at
        await pilot.press("escape")
        hand.turn(1)
        assert pane.cursor > at
        await pilot.press("enter")
        assert isinstance(app.screen, NoiseView)
        await until(pilot, lambda: len(text(app, "#closeup")) > 10)
        before = app.screen._drawn
        hand.turn(6)
        assert app.screen._drawn != before
        assert f"step {pane.cursor}" in str(app.screen.query_one(".dialog").border_title)
        await pilot.press("escape", "1")
        hand.turn(1)
        at = pane.cursor
        assert not pane.player.playing  # nobody sees it
        await pilot.press("2")
        hand.turn(1)
        assert pane.cursor == at
        assert "replay at 1x paused" in text(app, "#progress")

    live(finished, story)


@pytest.mark.extended
def test_a_replay_waits_until_a_slow_line_has_taken_the_last_picture(finished):
    async def story(app, pilot):
        pane = app.main.experiments["train"]
        await until(pilot, lambda: pane.shown is not None)
        hand = Hand(pane)
        await pilot.press("p")
        app.sent += 72_000  # a second and a half
        hand.turn(1)
        assert pane.cursor == 10
        hand.turn(1)
        assert pane.cursor > 50  # and it has not become slower

    live(finished, story)


@pytest.mark.extended
def test_a_replay_draws_fewer_images_at_once_where_they_cost_much(finished):
    async def story(app, pilot):
        await pilot.press("2")
        pane = app.main.experiments["adversarial"]
        await until(pilot, lambda: pane.shown is not None)
        hand = Hand(pane)
        assert set(pane.player.turn(9)) == set(range(9))  # all, while nothing plays
        await pilot.press("p")
        pane.player._first = True
        assert len(pane.player.turn(9)) == 9  # the first time
        assert len(pane.player.turn(9)) in (3, 4)  # the timer may have ticked
        for _ in range(3):
            app.sent += 100_000
            hand.turn(3)
        drawn = [set(pane.player.turn(9)) for _ in range(9)]
        assert {len(turn) for turn in drawn} == {1}
        assert set.union(*drawn) == set(range(9))  # each has its turn
        await pilot.press("p")
        assert len(pane.player.turn(9)) == 9
        await until(pilot, lambda: "adversarial" not in app.main.stale, 5)

    live(finished, story)


def test_an_active_run_is_replayed_from_the_cursor_and_told_beside_it(finished, digits):
    config = TrainConfig(model="baseline").resolve(**examples.FOUND)
    started = Started(step=0, run="20260102-030499-000-train-baseline", section="train",
                      title="baseline", steps=400, config=config.to_json(),
                      dataset=examples.DATASET, environment=examples.ENVIRONMENT)  # fmt: skip
    script = Script([started, *examples.train_events(digits, last=250)])

    async def story(app, pilot):
        pane = app.main.experiments["train"]
        [task] = app.conductor.start([TrainConfig(model="baseline")], "a command")
        await until(pilot, lambda: task.step == 250)
        app.main.show_task(task)
        await pilot.press("p")
        assert pane.cursor is None
        why = "Only finished runs"
        await until(pilot, lambda: app.main.snapshot.refused.get("replay.play", "").startswith(why))
        await pilot.press("H")
        hand, at = Hand(pane), pane.cursor
        await pilot.press("p")
        hand.turn(1)
        assert pane.cursor > at
        assert pane.player._pace.share < 0.1
        assert "replaying at 1x" in text(app, "#progress")
        assert "p pauses  ▶ baseline" in text(app, "#progress")
        hand.turn(WHOLE)
        assert pane.cursor is None  # it has caught up
        assert task.active
        app.conductor.stop_all("user")

    live(finished, story, conductor=Conductor(script), plain=False)
