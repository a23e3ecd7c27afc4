"""The app's life by Textual's pilot, with the real engine on the embedded digits."""

import asyncio

import pytest

from engine.config import RunConfig, TrainConfig
from engine.store import list_runs
from tui.app import MnistTui
from tui.dialogs import Help, Leave
from tui.panes.train import TrainPane


def live(tmp_path, story, size=(120, 40), **options):
    """Run a story, a coroutine of app and pilot, in an app of its own."""

    async def play():
        config = RunConfig(dataset="digits", artifacts=str(tmp_path), **options)
        app = MnistTui(config, plain=True)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await story(app, pilot)

    asyncio.run(play())


async def until(pilot, condition, seconds=60):
    for _ in range(int(seconds / 0.05)):
        if condition():
            return
        await pilot.pause(0.05)
    pytest.fail("what was waited for did not happen")


def text(app, selector):
    return str(app.query_one(selector).render())


def test_r_trains_the_chosen_network_and_shows_it(tmp_path):
    async def story(app, pilot):
        assert "r trains it" in text(app, "#about")
        await pilot.press("r")
        await until(pilot, lambda: app.conductor.tasks[0].state == "finished")
        await pilot.pause(0.7)
        assert "right" in str(app.query_one("#samples").border_title)
        assert "%" in text(app, "#model-list") or app.conductor.tasks[0].history.finished
        assert "step" not in text(app, "#progress")

    live(tmp_path, story)
    [run] = list_runs(tmp_path)
    assert run.info["status"] == "finished"


def test_pause_holds_and_stop_keeps(tmp_path):
    async def story(app, pilot):
        app.conductor.start(TrainConfig(model="baseline", dataset="digits", epochs=10_000,
                                        artifacts=str(tmp_path)))  # fmt: skip
        [task] = app.conductor.tasks
        await until(pilot, lambda: task.step > 20)
        await pilot.press("space")
        await pilot.pause(0.5)
        held = task.step
        await pilot.pause(0.7)
        assert task.step <= held + 10
        assert "paused" in text(app, "#progress")
        await pilot.press("space")
        await until(pilot, lambda: task.step > held + 20)
        await pilot.press("s")
        await until(pilot, lambda: task.state == "stopped")

    live(tmp_path, story)
    [run] = list_runs(tmp_path)
    assert run.info["status"] == "stopped"
    assert (run.path / "checkpoint.pt").is_file()


def test_leaving_asks_while_something_runs_and_enter_stops_and_saves(tmp_path):
    async def story(app, pilot):
        app.conductor.start(TrainConfig(model="baseline", dataset="digits", epochs=10_000,
                                        artifacts=str(tmp_path)))  # fmt: skip
        [task] = app.conductor.tasks
        await until(pilot, lambda: task.step > 20)
        await pilot.press("q")
        await pilot.pause()
        assert isinstance(app.screen, Leave)
        await pilot.press("escape")
        await pilot.pause()
        assert not isinstance(app.screen, Leave)
        assert task.state == "running"
        await pilot.press("q")
        await pilot.pause()
        await pilot.press("enter")
        await until(pilot, lambda: not app.is_running, 10)

    live(tmp_path, story)
    [run] = list_runs(tmp_path)
    assert run.info["status"] == "stopped"


def test_a_failure_is_a_line_in_its_place(tmp_path):
    async def story(app, pilot):
        app.conductor.start(TrainConfig(model="baseline", dataset="digits", learning_rate=100.0,
                                        artifacts=str(tmp_path)))  # fmt: skip
        [task] = app.conductor.tasks
        await until(pilot, lambda: task.state == "failed")
        await pilot.pause(0.7)
        assert "Lower --learning-rate" in text(app, "#about")
        assert app.is_running

    live(tmp_path, story)


def test_what_cannot_begin_is_told_too(tmp_path):
    (tmp_path / "file").write_text("")

    async def story(app, pilot):
        await pilot.press("r")
        await until(pilot, lambda: app.conductor.tasks[0].state == "failed")
        await pilot.pause(0.7)
        assert "Choose another folder" in text(app, "#about")

    live(tmp_path / "file", story)


def test_sections_by_key_and_runs_reopened_from_their_files(tmp_path):
    async def first(app, pilot):
        app.conductor.start(TrainConfig(model="two-conv", dataset="digits", epochs=2,
                                        artifacts=str(tmp_path)))  # fmt: skip
        await until(pilot, lambda: app.conductor.tasks[0].state == "finished")

    live(tmp_path, first)

    async def second(app, pilot):
        for key, section in zip("1234", ("train", "adversarial", "visualize", "runs"), strict=True):
            await pilot.press(key)
            assert app.current == section
        table = app.query_one("#run-table")
        assert table.row_count == 1
        await pilot.press("enter")
        await pilot.pause(0.5)
        assert app.current == "train"
        pane = app.query_one(TrainPane)
        assert pane.model == "two-conv"
        assert pane.shown.history.finished is not None
        assert "of 16 right" in str(app.query_one("#samples").border_title)
        await pilot.press("tab")
        assert app.current == "adversarial"

    live(tmp_path, second)


def test_help_lists_every_key_and_the_filter_ends_by_escape(tmp_path):
    async def story(app, pilot):
        await pilot.press("question_mark")
        await pilot.pause()
        assert isinstance(app.screen, Help)
        shown = str(app.screen.query_one("Static").render())
        assert all((binding.key_display or binding.key) in shown for binding in app.BINDINGS)
        await pilot.press("1")  # no key acts behind a question
        await pilot.press("escape")
        await pilot.press("slash", "x", "1")
        assert app.query_one("#filter").value == "x1"
        await pilot.press("escape")
        assert app.query_one("#filter").value == ""
        await pilot.press("1")
        assert app.current == "train"

    live(tmp_path, story)


@pytest.mark.parametrize("size", [(60, 18), (80, 24), (120, 40), (200, 60)])
def test_every_section_lays_out_at_every_size(tmp_path, size):
    async def story(app, pilot):
        for key in "1234":
            await pilot.press(key)
            await pilot.pause()
        assert not app.screen.has_class("-too-small")
        await pilot.resize_terminal(50, 10)
        await pilot.pause(0.2)
        assert app.screen.has_class("-too-small")
        assert "needs 60x18" in text(app, "#too-small")

    live(tmp_path, story, size)
