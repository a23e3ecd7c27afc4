"""Random keys, clicks and sizes: the app lives on, and no run is lost."""

import asyncio

import pytest

from engine.runs.run import Run
from tests.conftest import a_few
from tests.fuzz.monkey import Monkey, ProcessEnds, assert_kept, assert_left
from tests.tui import example_runs as examples
from tests.tui.pilot import until
from tests.tui.player import playing, press
from tui.app.app import MnistTui


@pytest.fixture
def artifacts(tmp_path, digits):
    folder = tmp_path / "artifacts"
    examples.write_examples(folder, digits)
    return folder


def end(code):
    raise ProcessEnds(code)


@pytest.fixture(autouse=True)
def handed_over(monkeypatch, tmp_path):
    """A user's folder of its own, no process begun, and an app that ends as it does for a user.

    Returns the ids of the runs that another process was asked to take.
    """
    taken = []
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")  # screenshots go there
    monkeypatch.setattr("tui.app.app.preferences_path", lambda: tmp_path / "config.toml")
    monkeypatch.setattr("tui.app.faults.log_path", lambda: tmp_path / "app.log")
    monkeypatch.setattr("tui.live.conductor.take_over", lambda run: taken.append(run.id))
    monkeypatch.setattr("tui.app.open._end", end)
    monkeypatch.setattr(MnistTui, "on_unmount", lambda self: None)
    return taken


@pytest.mark.extended
@pytest.mark.parametrize("seed", range(2))
def test_a_monkey(artifacts, handed_over, seed):
    monkey = Monkey(artifacts, seed, steps=300)
    assert monkey.play() == 300
    assert monkey.begun


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 150))
def test_a_monkey_with_all_its_patience(artifacts, handed_over, seed):
    monkey = Monkey(artifacts, seed, steps=2000)
    assert monkey.play() == 2000
    assert monkey.begun


@pytest.mark.parametrize(("keys", "handed"), a_few([
    (["q", "enter"], True), (["q", "down", "enter"], False), (["q", "s"], False),
    (["q", "d"], True), (["d"], True), (["ctrl+q", "ctrl+q"], True), (["ctrl+c", "ctrl+c"], True),
    (["e", "ctrl+q", "ctrl+q"], True),
    (["question_mark", "ctrl+c", "d"], True),
], 3, 2, several=True), ids=str)  # fmt: skip
def test_who_leaves_keeps_the_run_or_hands_it_over(artifacts, handed_over, keys, handed):
    runs = []

    async def play():
        async with playing(artifacts) as (app, pilot):
            await press(app, "r")
            await until(pilot, lambda: app.conductor.own and app.conductor.own.step > 0)
            runs.append(app.conductor.own)
            await press(app, *keys)
            await until(pilot, lambda: app._exit, 10)
        assert_left(app)

    asyncio.run(play())
    [task] = runs
    assert_kept(Run(task.path))
    assert handed_over == ([task.run] if handed else [])
