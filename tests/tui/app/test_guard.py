"""Errors of the screen: each is one line in its place, and neither the app nor its run ends."""

import asyncio
import logging

import pytest
from rich.segment import Segment
from textual.color import Color
from textual.events import Key, MouseDown, Paste
from textual.widgets import DataTable, Input

from engine.config import RunConfig
from engine.files.text import REPLACEMENT
from engine.runs.control import HAND_OVER
from tests.conftest import a_few
from tests.tui.pilot import live, long_training, text, until
from tests.tui.player import mouse, playing, press
from tui.app import faults
from tui.app.app import MnistTui
from tui.app.faults import Faults, planted
from tui.app.screens.help import Help
from tui.app.screens.leave import Leave
from tui.app.screens.sample import SampleView
from tui.app.terminal.filters import VISIBLE


@pytest.fixture(autouse=True)
def own_log(monkeypatch, tmp_path):
    monkeypatch.setattr(faults, "log_path", lambda: tmp_path / "log" / "app.log")
    monkeypatch.setattr(faults, "_logger", logging.Logger("a test"))
    return tmp_path / "log" / "app.log"


SECTIONS = {"1": "TrainPane", "2": "AdversarialPane", "3": "VisualizePane", "4": "RunsPane"}
PLACES = [
    *((key, f"{pane}.{method}*3") for key, pane in SECTIONS.items()
      for method in ("refresh_text", "refresh_pictures", "on_resize", "on_option_list_highlighted",
                     "on_mount", "on_compose")),
    *(("1", f"{place}*3") for place in ("Chart.render", "Picture.render", "MainScreen._tick",
                                        "MnistTui.on_key", "MnistTui._read_load",
                                        "MnistTui._follow_others", "Chart.on_resize",
                                        "MainScreen.on_layout")),
]  # fmt: skip


@pytest.mark.extended
@pytest.mark.parametrize("places", a_few([PLACES[::8], PLACES], 1, 0), ids=["some", "all"])
def test_a_fault_anywhere_is_survived_and_the_run_goes_on(finished, own_log, places):
    async def story(app, pilot):
        task = long_training(app, finished)
        await until(pilot, lambda: task.step > 20)
        for key, place in places:
            app.faults = Faults()  # many, but not of one app in ten seconds
            with planted(place):
                await pilot.press(key, "j", "1", key)
                await pilot.resize_terminal(*((100, 30) if app.size.width != 100 else (120, 40)))
                await pilot.pause(0.05)
            assert app.is_running, place
            assert app.broken is None, place
        step = task.step
        await until(pilot, lambda: task.step > step and task.state == "running")
        assert own_log.read_text().count("PlantedFault") > len(places) // 4
        await pilot.press("1", "s")
        await until(pilot, lambda: not task.active)

    live(finished, story)


def test_a_pane_that_cannot_be_drawn_says_so_in_its_place_until_it_can(finished):
    async def story(app, pilot):
        with planted("RunsPane.refresh_text"):
            await pilot.press("4")
            await until(pilot, lambda: app.screen.query(".fault"))
            assert "Display error in RunsPane.refresh_text" in text(app, ".fault")
            assert "Display error in RunsPane.refresh_text" in str(app.last)
        await pilot.press("1", "4")
        await until(pilot, lambda: not app.screen.query(".fault"))

    live(finished, story)


@pytest.mark.extended
def test_a_screen_that_fails_for_ever_is_left_and_its_run_is_not_stopped(tmp_path):
    async def play():
        app = MnistTui(RunConfig(dataset="digits", artifacts=str(tmp_path)), plain=True)
        async with app.run_test(size=(80, 24)) as pilot:
            task = long_training(app, tmp_path)
            await until(pilot, lambda: task.history.started is not None)
            with planted("MainScreen._tick"):
                await until(pilot, lambda: app.broken is not None)
            assert task.control.stop_reason in (None, HAND_OVER, "user")
            task.control.stop("user")
        assert not app.left

    asyncio.run(play())


def test_a_worker_that_raises_ends_nothing(tmp_path):
    async def story(app, pilot):
        def fail():
            raise KeyError("what a thread found")

        app.run_worker(fail, thread=True, exit_on_error=False)
        await until(pilot, lambda: app.faults.count == 1)
        assert app.is_running
        app._exception = None  # this one was meant

    live(tmp_path, story)


def test_whatever_text_is_drawn_no_control_character_reaches_the_terminal():
    evil = [Segment("a\x1b]52;c;aGk=\x07b\x9bm")]
    [shown] = VISIBLE.apply(evil, Color(0, 0, 0))
    assert shown.text == f"a{REPLACEMENT}]52;c;aGk={REPLACEMENT}b{REPLACEMENT}m"
    plain = [Segment("ordinary → words")]
    assert VISIBLE.apply(plain, Color(0, 0, 0)) is plain


@pytest.mark.parametrize("more", ["h", "enter", "click"])
def test_what_is_typed_or_clicked_after_leaving_is_for_nobody(finished, more):
    async def play():
        async with playing(finished) as (app, _):
            app.main.show("adversarial")
            await press(app, "q")
            assert app._exit
            for _ in range(50):  # while the screens are going
                if more == "click":
                    app.post_message(mouse(MouseDown, 20, 5, 1))
                else:
                    app.simulate_key(more)
                await asyncio.sleep(0)
            kept = app
        assert kept.faults.count == 0

    asyncio.run(play())


def test_keys_typed_ahead_are_taken_one_after_another(finished):
    async def story(app, pilot):
        def type_ahead(*keys):
            for key in keys:
                app.simulate_key(key)

        type_ahead("4", "slash", "t", "r", "a", "i", "n", "enter")
        await until(pilot, lambda: app.query_one("#filter", Input).value == "train")
        assert not app.conductor.tasks  # an a or an r overtook the slash otherwise
        assert isinstance(app.focused, DataTable)
        type_ahead("slash", "escape", "1", "e", *"epochs"[:0], "ctrl+c")
        await pilot.pause(0.3)

    live(finished, story)


@pytest.mark.parametrize(
    "keys", a_few([("q", "enter"), ("ctrl+c", "ctrl+c"), ("e", "ctrl+q", "enter")], 1)
)
def test_leaving_typed_in_one_go_leaves(keys, tmp_path, monkeypatch):
    monkeypatch.setattr("tui.live.conductor.take_over", lambda run: None)

    async def play():
        app = MnistTui(RunConfig(dataset="digits", artifacts=str(tmp_path)), plain=True)
        async with app.run_test(size=(80, 24)) as pilot:
            task = long_training(app, tmp_path)
            await until(pilot, lambda: task.step > 0)
            for key in keys:
                app.simulate_key(key)
            await until(pilot, lambda: app.left or not app.is_running, 10)
        assert app.left
        assert task.control.stop_reason == HAND_OVER  # the first answer

    asyncio.run(play())


def test_the_question_counts_keys_that_move_before_enter(tmp_path):
    async def story(app, pilot):
        task = long_training(app, tmp_path)
        await until(pilot, lambda: task.step > 0)
        for key in ("q", "down", "down", "enter"):  # the third answer: stay
            app.simulate_key(key)
        await pilot.pause(0.5)
        assert not isinstance(app.screen, Leave)
        assert app.is_running
        assert task.control.stop_reason is None
        await pilot.press("s")
        await until(pilot, lambda: not task.active)

    live(tmp_path, story)


def test_tabs_and_footer_take_clicks_while_the_filter_has_the_focus(finished):
    async def story(app, pilot):
        await pilot.press("4", "slash", "x")
        offset = (text(app, "#titles").index("2 Adversarial") + 1, 0)
        await pilot.click("#titles", offset=offset)
        await until(pilot, lambda: app.main.current == "adversarial", 5)

    live(finished, story)


def test_only_the_last_toast_stands(tmp_path):
    async def story(app, pilot):
        for key in "spsp":
            await pilot.press(key)
        await pilot.press("s", "m", "x", "s")
        assert len(app._notifications) <= 1

    live(tmp_path, story)


def test_below_the_smallest_size_no_key_reaches_what_is_hidden(finished):
    async def story(app, pilot):
        await pilot.resize_terminal(40, 10)
        await pilot.press("2", "pagedown", "3", "pagedown", "pageup", "4", "escape", "1")
        await pilot.resize_terminal(100, 30)
        await pilot.pause(0.3)
        assert app.faults.count == 0
        models = app.query_one("#model-list")
        assert app.focused is models
        assert models.virtual_size.height == models.size.height == 13  # no line folded
        await pilot.press("j")
        assert app.main.experiments["train"].row == 1

    live(finished, story, size=(100, 30))


def test_a_second_enter_in_a_dialog_is_for_nobody(tmp_path):
    async def story(app, pilot):
        for keys in (("2", "n", "enter", "enter"), ("n", "up", "enter", "enter")):
            for key in keys:
                app.simulate_key(key)
            await pilot.pause(0.3)
        assert len(app.screen_stack) == 1
        assert app.faults.count == 0

    live(tmp_path, story)


def test_enter_in_an_empty_table_says_why_it_does_nothing(tmp_path):
    async def story(app, pilot):
        await pilot.press("4", "enter")
        assert "no run to open" in app.main.snapshot.refused["look.open"]
        assert app.faults.count == 0

    live(tmp_path, story)


def test_what_is_pasted_is_taken_before_the_key_after_it(finished):
    async def story(app, pilot):
        app.simulate_key("4")
        app.simulate_key("slash")
        app.post_message(Paste("adversarial"))
        app.simulate_key("enter")
        app.simulate_key("j")
        await pilot.pause(0.3)
        assert app.query_one("#filter", Input).value == "adversarial"

    live(finished, story)


def test_ctrl_c_leaves_from_where_one_types(tmp_path):
    async def play():
        app = MnistTui(RunConfig(dataset="digits", artifacts=str(tmp_path)), plain=True)
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.press("4", "slash", "x", "ctrl+c")
            await until(pilot, lambda: app.left, 5)

    asyncio.run(play())


@pytest.mark.extended
def test_one_fault_that_repeats_is_counted_once(finished):
    async def story(app, pilot):
        await until(pilot, lambda: app.main.experiments["train"].shown is not None)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SampleView))
        with planted("SampleView.keep_up"):
            await until(pilot, lambda: app.faults.count > 3, 30)
        assert not app.faults.too_many
        await until(pilot, lambda: not app.screen.query(".fault"), 5)

    live(finished, story)


def test_a_key_waits_for_a_screen_that_a_click_has_opened(finished):
    async def story(app, pilot):
        app.push_screen(Help(app.keys, {}, "train", ("Train", "It trains.")))  # laid out later
        assert not app.screen.is_mounted
        await app._press(Key("pagedown", None))
        assert app.screen.is_mounted
        assert app.faults.count == 0

    live(finished, story)
