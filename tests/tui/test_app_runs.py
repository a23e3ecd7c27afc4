"""The life of runs in the app, with the real engine on the embedded digits."""

import json
import shlex
from dataclasses import replace

import pytest
from textual.widgets import OptionList

from engine.config import TrainConfig
from engine.store import list_runs
from tests.tui.pilot import live, long_training, text, until
from tui.cli import invoke
from tui.screens.leave import Leave


def test_r_trains_the_chosen_network_and_shows_it(tmp_path):
    async def story(app, pilot):
        assert "r trains it" in text(app, "#about")
        await pilot.press("r")
        task = app.conductor.tasks[0]
        await until(pilot, lambda: task.state == "finished" and app.conductor.running is None)
        await until(pilot, lambda: "right" in str(app.query_one("#samples").border_subtitle), 5)
        accuracy = task.history.finished.figures["test"]["accuracy"]
        models = app.query_one("#model-list", OptionList)
        await until(pilot, lambda: f"{accuracy:.2%}" in str(models.options[0].prompt), 5)
        await until(pilot, lambda: "finished" in text(app, "#progress"), 5)

    live(tmp_path, story)
    [run] = list_runs(tmp_path)
    assert run.info["status"] == "finished"


def test_marked_models_queue_and_one_can_look_around_meanwhile(tmp_path):
    async def story(app, pilot):
        app.experiments["train"].config = replace(app.experiments["train"].config, epochs=30)
        await pilot.press("x", "j", "x", "r")
        assert [task.config.model for task in app.conductor.tasks] == ["baseline", "two-conv"]
        assert app.conductor.waiting == 1
        await pilot.press("2", "3", "4", "1")
        await until(pilot, lambda: all(t.state == "finished" for t in app.conductor.tasks))

    live(tmp_path, story)
    runs = list_runs(tmp_path)
    assert len(runs) == 2
    assert all("--model baseline --model two-conv" in run.info["command"] for run in runs)


def test_pause_holds_and_stop_keeps(tmp_path):
    async def story(app, pilot):
        task = long_training(app, tmp_path)
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
        task = long_training(app, tmp_path)
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
        config = TrainConfig(model="baseline", dataset="digits", learning_rate=100.0,
                             artifacts=str(tmp_path))  # fmt: skip
        [task] = app.conductor.start([config], "a command")
        await until(pilot, lambda: task.state == "failed")
        await until(pilot, lambda: "Lower --learning-rate" in text(app, "#about"), 5)
        await until(pilot, lambda: "diverged at step" in text(app, "#loss"), 5)
        assert app.is_running

    live(tmp_path, story)


def test_what_cannot_begin_is_told_too(tmp_path):
    (tmp_path / "file").write_text("")

    async def story(app, pilot):
        await pilot.press("r")
        await until(pilot, lambda: app.conductor.tasks[0].state == "failed")
        await until(pilot, lambda: "Choose another folder" in text(app, "#about"), 5)

    live(tmp_path / "file", story)


@pytest.mark.parametrize(("key", "section", "pictures"), [
    ("2", "adversarial", "#noise"), ("3", "visualize", "#neuron-images"),
])  # fmt: skip
def test_the_other_sections_run_stop_and_finish(trained, key, section, pictures):
    async def story(app, pilot):
        await pilot.press(key)
        pane = app.experiments[section]
        pane.config = replace(pane.config, steps=2000)
        await pilot.press("r")
        [task] = app.conductor.tasks
        await until(pilot, lambda: task.step > 5)
        await pilot.press("space")
        await until(pilot, lambda: "paused" in text(app, "#progress"))
        await pilot.press("space", "s")
        await until(pilot, lambda: task.state == "stopped" and app.conductor.running is None)
        pane.config = replace(pane.config, steps=10)
        await pilot.press("r")
        await until(pilot, lambda: app.conductor.tasks[1].state == "finished")
        await until(pilot, lambda: pane.shown is app.conductor.tasks[1])
        await until(pilot, lambda: len(text(app, pictures)) > 100, 5)
        assert "two-conv-fc" in text(app, "#attacked" if key == "2" else "#looked-at")

    live(trained, story)


@pytest.mark.parametrize(("key", "section"), [
    ("1", "train"), ("2", "adversarial"), ("3", "visualize"),
])  # fmt: skip
def test_the_files_are_those_of_the_command_line(trained, monkeypatch, key, section):
    """Byte for byte, but for times and ids: the app against the very command that it shows."""
    command = []

    async def story(app, pilot):
        await pilot.press(key)
        pane = app.experiments[section]
        short = {"epochs": 2} if section == "train" else {"steps": 12}
        pane.config = replace(pane.config, **short)
        await pilot.press("r")
        await until(pilot, lambda: app.conductor.tasks[0].state == "finished")
        command.extend(shlex.split(app.conductor.tasks[0].batch.command))
        await until(pilot, lambda: app.conductor.running is None)

    live(trained, story)
    by_app = list_runs(trained)[0]
    monkeypatch.setattr("sys.argv", command)
    assert invoke([*command[1:], "--quiet"]) == 0
    by_command = list_runs(trained)[0]
    assert by_command.id != by_app.id
    assert comparable(by_app) == comparable(by_command)


def comparable(run):
    """Every file of a run, without its times and its id."""
    files = {}
    for path in sorted(run.path.rglob("*")):
        if path.is_file():
            content = path.read_bytes().replace(run.id.encode(), b"RUN")
            files[str(path.relative_to(run.path))] = content
    info = json.loads(files["run.json"]) | {"started_at": None, "finished_at": None}
    result = json.loads(files["result.json"]) | {"seconds": None, "images_per_second": None}
    journal = [json.loads(line) | {"time": None} for line in files["events.jsonl"].splitlines()]
    return files | {"run.json": info, "result.json": result, "events.jsonl": journal}
