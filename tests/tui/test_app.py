"""The app's life by Textual's pilot, with the real engine on the embedded digits."""

import asyncio
import json
import shlex
from dataclasses import replace

import pytest
from textual.widgets import OptionList

from engine.config import RunConfig, TrainConfig
from engine.store import Run, list_runs
from tests.conftest import train_config
from tests.tui import example_runs as examples
from tui.actions import ACTIONS
from tui.app import MnistTui
from tui.cli import invoke
from tui.preferences import Preferences
from tui.screens.edit import Edit
from tui.screens.help import Help
from tui.screens.leave import Leave
from tui.screens.network import ChooseNetwork
from tui.screens.neuron import NeuronView
from tui.screens.noise import NoiseView
from tui.screens.sample import SampleView
from tui.screens.success import SuccessMap


@pytest.fixture(autouse=True)
def own_preferences(monkeypatch, tmp_path_factory):
    """Keep the preferences of whoever runs the tests out of them, and theirs safe."""
    path = tmp_path_factory.mktemp("config") / "config.toml"
    monkeypatch.setattr("tui.app.preferences_path", lambda: path)
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """An artifacts folder with a two-conv-fc that has hardly been trained."""
    folder = tmp_path_factory.mktemp("trained")
    options = ["--dataset", "digits", "--epochs", "2", "--artifacts", str(folder), "--quiet"]
    assert invoke(["run", "train", "--model", "two-conv-fc", *options]) == 0
    return folder


@pytest.fixture(scope="module")
def finished(tmp_path_factory, digits):
    """An artifacts folder with the example runs."""
    folder = tmp_path_factory.mktemp("finished")
    examples.write_examples(folder, digits)
    return folder


def live(artifacts, story, size=(120, 40), preferences=None, **options):
    """Run a story, a coroutine of app and pilot, in an app of its own."""

    async def play():
        config = RunConfig(dataset="digits", artifacts=str(artifacts), **options)
        app = MnistTui(config, plain=True, preferences=preferences)
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: app.focused is not None)
            await pilot.pause(0.1)
            opening = [worker for worker in app.workers if worker.name != "engine"]
            await until(pilot, lambda: not any(worker.is_running for worker in opening))
            await story(app, pilot)

    asyncio.run(play())


async def until(pilot, condition, seconds=60):
    for _ in range(int(seconds / 0.05)):
        if condition():
            return
        await pilot.pause(0.05)
    pytest.fail("what was waited for did not happen")


def text(app, selector):
    return str(app.screen.query_one(selector).render())


def long_training(app, artifacts):
    config = TrainConfig(model="baseline", dataset="digits", epochs=10_000,
                         artifacts=str(artifacts))  # fmt: skip
    [task] = app.conductor.start([config], "a command")
    return task


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


def test_runs_reopen_in_their_section_from_their_files_alone(finished):
    async def story(app, pilot):
        await pilot.press("4")
        table = app.query_one("#run-table")
        assert table.row_count == 5
        for row, section in enumerate(["visualize", "adversarial", "train", "train", "train"]):
            await pilot.press("4")
            table.move_cursor(row=row)
            await pilot.press("enter")
            await until(pilot, lambda section=section: app.current == section)
            await pilot.pause(0.1)
            assert app.experiments[section].shown.history.finished is not None
        assert app.experiments["train"].model == "baseline"
        assert "16 of 16 right" in str(app.query_one("#samples").border_subtitle)
        await pilot.press("tab")
        assert app.current == "adversarial"

    live(finished, story)


def test_the_newest_runs_are_there_at_once(finished):
    async def story(app, pilot):
        for section, pane in app.experiments.items():
            app.action_show(section)
            await pilot.pause()
            assert pane.shown.history.finished is not None

    live(finished, story)


def test_the_step_cursor_moves_curves_and_images_together(finished):
    async def story(app, pilot):
        pane = app.experiments["train"]
        await until(pilot, lambda: pane.shown is not None)
        await pilot.press("left", "right")
        late = text(app, "#sample-grid")
        await pilot.press("left")
        assert pane.cursor == 400
        await pilot.press("H", "H", "H", "h")
        assert pane.cursor == 90
        assert app.query_one("#loss").plot.cursor == 90
        assert app.query_one("#accuracy").plot.cursor == 90
        assert "step 90" in str(app.query_one("#loss").border_title)
        assert text(app, "#sample-grid") != late
        await pilot.press("escape")
        assert pane.cursor is None
        assert text(app, "#sample-grid") == late

    live(finished, story)


def test_logarithm_and_smoothing(finished):
    async def story(app, pilot):
        await until(pilot, lambda: app.experiments["train"].shown is not None)
        chart = app.query_one("#loss")
        await pilot.press("left")
        log, lines = chart.plot.log, len(chart.plot.lines)
        await pilot.press("y")
        assert chart.plot.log is not log
        await pilot.press("w", "w")  # strongest, then none
        assert len(chart.plot.lines) == lines - 1

    live(finished, story)


@pytest.mark.parametrize(("section", "key", "screen", "shown"), [
    ("train", "enter", SampleView, "read as"), ("adversarial", "enter", NoiseView, "sum, clamped"),
    ("adversarial", "m", SuccessMap, "true digit"), ("visualize", "enter", NeuronView, "climb"),
])  # fmt: skip
def test_close_looks(finished, section, key, screen, shown):
    async def story(app, pilot):
        app.action_show(section)
        await until(pilot, lambda: app.experiments[section].shown is not None)
        await pilot.press(key)
        await pilot.pause()
        assert isinstance(app.screen, screen)
        first = text(app, "#closeup")
        assert (shown if shown != "climb" else "receptive field") in first
        await pilot.press("right")
        await pilot.pause()
        if screen is not SuccessMap:
            assert text(app, "#closeup") != first
        await pilot.press("down", "escape")
        assert len(app.screen_stack) == 1

    live(finished, story)


def test_another_network_can_be_chosen(finished):
    async def story(app, pilot):
        await pilot.press("2", "n")
        await pilot.pause()
        assert isinstance(app.screen, ChooseNetwork)
        await pilot.press("j", "j", "enter")
        await pilot.pause()
        pane = app.experiments["adversarial"]
        assert pane.config.run == "20260102-030402-000-train-two-conv"
        assert pane.shown is None  # no noise against that one yet
        assert "two-conv 94.00%" in text(app, "#attacked")
        assert "--run 20260102-030402-000-train-two-conv" in command_of(pane)
        await pilot.press("n", "k", "enter")
        await pilot.pause()
        assert pane.shown is not None

    live(finished, story)


def command_of(pane):
    from tui.options import command_line

    return command_line(pane.configs_of_choice()[0])


def test_the_edit_form_checks_shows_the_command_and_is_kept(tmp_path):
    async def story(app, pilot):
        await pilot.press("j", "e")
        await pilot.pause()
        form = app.screen
        assert isinstance(form, Edit)
        epochs = form.query_one("#field-epochs")
        assert epochs.placeholder == "40"  # of the digits
        assert form.query_one("#field-learning_rate").placeholder == "0.01"
        form.query_one("#field-recipe").value = "tuned"
        await pilot.pause()
        assert form.query_one("#field-learning_rate").placeholder == "0.2"
        epochs.value = "many"
        await pilot.pause()
        assert "--epochs must be a whole number" in text(app, "#command")
        await pilot.press("ctrl+s")
        assert isinstance(app.screen, Edit)
        epochs.value = "0"
        await pilot.pause()
        assert "--epochs must be at least 1" in text(app, "#command")
        epochs.value = "3"
        await pilot.pause()
        shown = text(app, "#command")
        assert shown.startswith("$ mnist-tui run train --model two-conv --dataset digits")
        assert "--recipe tuned" in shown
        assert "--epochs 3" in shown
        await pilot.press("ctrl+y")
        assert app.clipboard == shown.removeprefix("$ ").replace("\n", "")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: app.conductor.tasks)
        [task] = app.conductor.tasks
        assert (task.config.model, task.config.epochs) == ("two-conv", 3)
        await pilot.press("s")
        await until(pilot, lambda: not task.active)
        assert app.experiments["train"].config.recipe == "tuned"

    live(tmp_path, story)


def test_what_cannot_be_done_now_says_why(tmp_path):
    said = []

    async def story(app, pilot):
        app.notify = lambda words, **options: said.append(words)
        await pilot.press("space", "enter", "m", "4", "r")
        assert said == [
            "Nothing runs.",
            "There is nothing to look at closely yet; r starts a run.",
            "That is of 2 Adversarial.",
            "That is of 1 Train or 2 Adversarial or 3 Visualize.",
        ]
        assert not app.conductor.tasks

    live(tmp_path, story)


def test_every_action_has_an_id_a_key_a_palette_entry_and_a_line_of_help(tmp_path):
    async def story(app, pilot):
        titles = {command.title for command in app.get_system_commands(app.screen)}
        await pilot.press("question_mark")
        await pilot.pause()
        assert isinstance(app.screen, Help)
        shown = " ".join(str(app.screen.query_one("Static").render()).split())
        for action in ACTIONS:
            assert action.sentence in shown
            if action.id not in ("app.palette", "app.quit"):
                assert action.sentence in titles
        await pilot.press("1")  # no key acts behind what is open
        await pilot.press("escape")
        assert {"Leave", "Theme", "Screenshot"} <= titles
        assert len({action.id for action in ACTIONS}) == len(ACTIONS)

    live(tmp_path, story)


def test_the_mouse_does_what_the_keys_do(finished):
    async def story(app, pilot):
        def place(selector, words):
            return {"selector": selector, "offset": (text(app, selector).index(words) + 1, 0)}

        def click(selector, offset):
            return pilot.click(selector, offset=offset)

        await click(**place("#titles", "2 Adversarial"))
        await pilot.pause(0.2)
        assert app.current == "adversarial"
        await until(pilot, lambda: app.experiments["adversarial"].shown is not None)
        await click(**place("#keys", "map"))
        await until(pilot, lambda: isinstance(app.screen, SuccessMap), 5)
        await pilot.press("escape")
        await click("#label-list", (3, 4))
        await pilot.pause(0.2)
        assert app.experiments["adversarial"].row == 4
        assert len(app.screen_stack) == 1
        await click("#label-list", (3, 4))
        await until(pilot, lambda: isinstance(app.screen, NoiseView), 5)

    live(finished, story)


def test_the_filter_ends_by_escape(tmp_path):
    async def story(app, pilot):
        await pilot.press("4", "slash", "x", "1")
        assert app.query_one("#filter").value == "x1"
        await pilot.press("escape")
        assert app.query_one("#filter").value == ""
        await pilot.press("1")
        assert app.current == "train"

    live(tmp_path, story)


def test_own_keys_theme_and_defaults(tmp_path, own_preferences):
    own = Preferences("nord", {"run.choice": "f5"}, {"epochs": 7, "seed": 3})

    async def story(app, pilot):
        assert app.theme == "nord"
        assert "f5 run" in text(app, "#keys")
        assert (app.experiments["train"].config.epochs, app.shared.seed) == (7, 0)
        assert app.experiments["train"].config.seed == 3
        await pilot.press("r")
        assert not app.conductor.tasks
        await pilot.press("f5")
        assert app.conductor.tasks
        await pilot.press("s")
        app.theme = "gruvbox"
        await pilot.pause()

    live(tmp_path, story, preferences=own)
    assert 'theme = "gruvbox"' in own_preferences.read_text()


@pytest.mark.parametrize("size", [(60, 18), (80, 24), (120, 40), (200, 60)])
def test_every_section_lays_out_at_every_size_and_while_resized(finished, size):
    async def story(app, pilot):
        for key in "1234":
            await pilot.press(key)
            await pilot.pause()
            assert "quit" in text(app, "#keys")
        assert not app.screen.has_class("-too-small")
        await pilot.resize_terminal(50, 10)
        await pilot.pause(0.2)
        assert app.screen.has_class("-too-small")
        assert "needs 60x18" in text(app, "#too-small")

    live(finished, story, size)


def test_a_run_that_cannot_be_read_is_told(finished, tmp_path):
    said = []

    async def story(app, pilot):
        app.notify = lambda words, **options: said.append(words)
        app.on_runs_pane_chosen(type("Chosen", (), {"run": Run(tmp_path)}))
        await pilot.pause()
        assert "has no run.json" in said[0]

    live(finished, story)


def test_example_runs_are_like_real_ones():
    assert examples.FOUND.keys() <= train_config().to_json().keys()
