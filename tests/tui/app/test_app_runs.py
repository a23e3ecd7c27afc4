"""The life of runs in the app, with the real engine on the embedded digits."""

import json
import shlex
from dataclasses import replace

import pytest
from textual.widgets import OptionList

from engine.runs.events import Stopped
from engine.runs.queue import read_queue
from engine.runs.store import list_runs
from engine.sections.train.config import TrainConfig
from tests.conftest import a_few
from tests.tui.holder import hold
from tests.tui.pilot import live, long_training, text, until
from tui.app.screens.leave import Leave
from tui.app.sections.train.trainings import groups_of
from tui.cli.main import invoke


def test_r_trains_the_chosen_network_and_shows_it(tmp_path):
    async def story(app, pilot):
        await until(pilot, lambda: "r trains it" in text(app, "#about"), 5)
        await pilot.press("r")
        task = app.conductor.tasks[0]
        await until(pilot, lambda: task.state == "finished" and app.conductor.running is None)
        await until(pilot, lambda: "correct" in str(app.query_one("#samples").border_subtitle), 5)
        accuracy = task.history.finished.results["test"]["accuracy"]
        models = app.query_one("#model-list", OptionList)
        await until(pilot, lambda: f"{accuracy:.2%}" in str(models.options[1].prompt), 5)
        await until(pilot, lambda: "finished" in text(app, "#progress"), 5)

    live(tmp_path, story)
    [run] = list_runs(tmp_path)
    assert run.read_info()["status"] == "finished"


@pytest.mark.extended
def test_marked_models_queue_and_one_can_look_around_meanwhile(tmp_path):
    async def story(app, pilot):
        app.main.experiments["train"].config = replace(
            app.main.experiments["train"].config, epochs=30
        )
        await pilot.press("x", "j", "x", "r")
        assert [task.config.model for task in app.conductor.tasks] == ["baseline", "two-conv"]
        assert app.conductor.waiting == 1
        await pilot.press("2", "3", "4", "1")
        await until(pilot, lambda: all(t.state == "finished" for t in app.conductor.tasks))

    live(tmp_path, story)
    runs = list_runs(tmp_path)
    assert len(runs) == 2
    assert all("--model baseline --model two-conv" in run.read_info()["command"] for run in runs)


@pytest.mark.extended
def test_each_run_of_a_queue_over_several_sections_is_shown_when_it_begins(trained):
    async def story(app, pilot):
        panes = app.main.experiments
        train = replace(panes["train"].config, epochs=1)
        for config in (train, replace(panes["adversarial"].config, steps=2),
                       replace(train, model="two-conv")):  # fmt: skip
            app.conductor.start([config], "a command")
        first, noise, second = app.conductor.tasks
        panes["train"].show_task(first)
        await until(pilot, lambda: second.state == "finished")
        await until(pilot, lambda: panes["train"].shown is second, 5)
        assert panes["adversarial"].shown is noise

    live(trained, story)


def test_a_run_that_began_and_ended_between_two_looks_is_shown_too(tmp_path):
    async def story(app, pilot):
        pane = app.main.experiments["train"]
        collect, app.conductor.collect = app.conductor.collect, list
        train = replace(pane.config, epochs=1)
        app.conductor.start([train, replace(train, model="two-conv")], "a command")
        first, second = app.conductor.tasks
        pane.show_task(first)
        await until(pilot, lambda: collect() is not None and not (first.active or second.active))
        pane.followed = first
        app.main._begun.add(first)
        app.conductor.collect = lambda: [first, second]
        await until(pilot, lambda: pane.shown is second, 5)

    live(tmp_path, story)


def test_a_stopped_run_is_named_with_its_step_and_the_key_that_resumes_it(tmp_path):
    async def story(app, pilot):
        app.tell("a notice from before")
        task = long_training(app, tmp_path)
        await until(pilot, lambda: task.step > 20)
        await pilot.press("s")
        await until(pilot, lambda: f"stopped at step {task.step:,} · g resumes" in text(
            app, "#progress"), 10)  # fmt: skip

    live(tmp_path, story)


def test_a_failure_is_not_hidden_by_an_older_notice(tmp_path):
    async def story(app, pilot):
        app.tell("a notice from before")
        config = replace(app.main.experiments["train"].config, learning_rate=99.0)
        app.conductor.start([config], "a command")
        await until(pilot, lambda: "diverged" in text(app, "#progress"), 30)

    live(tmp_path, story)


def test_while_the_runs_are_read_sections_say_loading(finished, monkeypatch):
    async def story(app, pilot):
        app.conductor.shelf.loading = True
        app.conductor.shelf.tasks.clear()
        app.main.experiments["train"].shown = None
        app.main.experiments["train"].redraw()
        await pilot.pause(0.1)
        assert "loading" in text(app, "#about")
        assert "not trained" not in str(app.query_one("#model-list", OptionList).options[1].prompt)

    live(finished, story)


def test_a_run_that_is_read_while_the_list_is_written_is_not_passed_over(finished, monkeypatch):
    """The first trained network is shown, however the thread that reads runs is timed."""

    async def story(app, pilot):
        pane, shelf = app.main.experiments["train"], app.conductor.shelf
        everything = list(shelf.tasks)
        [later] = [task for task in everything if task.config.title == "two-conv"]
        shelf.loading, shelf.tasks = True, [later]
        pane.shown, pane._looked = None, False

        def read_meanwhile(*args):
            rows = groups_of(*args)
            shelf.loading, shelf.tasks = False, everything
            return rows

        with monkeypatch.context() as patch:
            patch.setattr("tui.app.sections.train.pane.groups_of", read_meanwhile)
            pane.refresh_text()
        pane.refresh_text()
        await pilot.pause(0.1)
        assert pane.model == "baseline"

    live(finished, story)


@pytest.mark.extended
def test_one_can_go_to_another_network_while_one_trains(tmp_path):
    async def story(app, pilot):
        app.main.experiments["train"].config = replace(
            app.main.experiments["train"].config, epochs=10_000
        )
        await pilot.press("r")
        await until(pilot, lambda: app.conductor.tasks[0].step > 20)
        await pilot.press("j")
        await pilot.pause(1)
        assert app.main.experiments["train"].model == "two-conv"
        assert app.main.experiments["train"].shown is None
        await pilot.press("k")
        await until(pilot, lambda: app.main.experiments["train"].shown is app.conductor.tasks[0])

    live(tmp_path, story)


@pytest.mark.extended
def test_a_close_look_keeps_to_its_run_when_the_next_one_begins(trained):
    async def story(app, pilot):
        pane = app.main.experiments["visualize"]
        pane.config = replace(pane.config, steps=20)
        app.main.show("visualize")
        app.conductor.start([replace(pane.config, layers=("logits",))], "a command")
        app.conductor.start([replace(pane.config, layers=("pool2",))], "another command")
        first, second = app.conductor.tasks
        pane.show_task(first)
        pane.followed = first
        await until(pilot, lambda: "images" in first.history.previews)
        await pilot.press("enter")
        view = app.screen
        await until(pilot, lambda: second.state == "finished" and pane.shown is second)
        view.draw()
        assert view.neuron.layer == "logits"
        assert "receptive field" in text(app, "#closeup")

    live(trained, story)


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
    assert run.read_info()["status"] == "stopped"
    assert (run.path / "checkpoint.pt").is_file()


@pytest.mark.extended
def test_leaving_asks_while_something_runs_and_s_stops_and_saves(tmp_path):
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
        await pilot.press("s")
        await until(pilot, lambda: not app.is_running, 10)

    live(tmp_path, story)
    [run] = list_runs(tmp_path)
    assert run.read_info()["status"] == "stopped"


def test_enter_keeps_the_run_and_its_queue_in_the_background(tmp_path, monkeypatch):
    taken = []
    monkeypatch.setattr("tui.live.conductor.take_over", lambda run: taken.append(run.id))

    async def story(app, pilot):
        task = long_training(app, tmp_path)
        long_training(app, tmp_path)
        await until(pilot, lambda: task.step > 20)
        await pilot.press("q")
        asked = "baseline is active. 1 more is queued behind it, and is kept either way."
        await until(pilot, lambda: text(app, "#question") == asked)
        await until(pilot, lambda: app.screen.query_one("#question").size.height == 2, 5)  # folded
        assert [str(option.prompt) for option in app.screen.query_one(OptionList).options] == [
            "Keep it running in the background  d",
            "Stop it and keep its progress  s",
            "Stay  escape",
        ]
        await pilot.press("enter")
        await until(pilot, lambda: not app.is_running, 10)

    live(tmp_path, story)
    assert taken == [run.id for run in list_runs(tmp_path)]


@pytest.mark.extended
def test_the_question_on_leaving_says_when_the_run_has_ended(tmp_path):
    async def story(app, pilot):
        task = long_training(app, tmp_path)
        await until(pilot, lambda: task.step > 20)
        await pilot.press("q", "down")
        await until(pilot, lambda: text(app, "#question") == "baseline is active.")
        answers = app.screen.query_one(OptionList)
        assert answers.highlighted == 1
        app.conductor.stop(task, "user")
        await until(pilot, lambda: text(app, "#question") == "The run has ended.")
        assert [str(option.prompt) for option in answers.options] == ["Quit", "Stay"]
        assert answers.highlighted == 0
        await pilot.press("enter")
        await until(pilot, lambda: not app.is_running, 10)
        assert app.left

    live(tmp_path, story)


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


@pytest.mark.extended
def test_what_cannot_begin_is_told_too(tmp_path):
    (tmp_path / "file").write_text("")

    async def story(app, pilot):
        await pilot.press("r")
        await until(pilot, lambda: app.conductor.tasks[0].state == "failed")
        await until(pilot, lambda: "Choose another folder" in text(app, "#about"), 5)

    live(tmp_path / "file", story)


@pytest.mark.extended
@pytest.mark.parametrize(("key", "section", "pictures"), a_few([
    ("2", "adversarial", "#noise"), ("3", "visualize", "#neuron-images"),
], 0, 2, several=True))  # fmt: skip
def test_the_other_sections_run_stop_and_finish(trained, key, section, pictures):
    async def story(app, pilot):
        await pilot.press(key)
        pane = app.main.experiments[section]
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


@pytest.mark.extended
@pytest.mark.parametrize(("key", "section"), a_few([
    ("1", "train"), ("2", "adversarial"), ("3", "visualize"),
], 0, 1, several=True))  # fmt: skip
def test_the_files_are_those_of_the_command_line(trained, monkeypatch, key, section):
    """Byte for byte, but for times and ids: the app against the very command that it shows."""
    monkeypatch.setattr("engine.runs.checkpoint.INTERVAL", float("inf"))  # none by the clock
    command = []

    async def story(app, pilot):
        await pilot.press(key)
        pane = app.main.experiments[section]
        short = {"epochs": 2} if section == "train" else {"steps": 12}
        pane.config = replace(pane.config, **short)
        await pilot.press("r")
        await until(pilot, lambda: app.conductor.tasks[0].state == "finished")
        command.extend(shlex.split(app.conductor.tasks[0].request.command))
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
    for timed in ("events.jsonl", "result.json"):
        del info["sha256"][timed]
    result = json.loads(files["result.json"]) | {"seconds": None, "images_per_second": None}
    journal = [json.loads(line) | {"time": None} for line in files["events.jsonl"].splitlines()]
    return files | {"run.json": info, "result.json": result, "events.jsonl": journal}


def test_a_stopped_run_goes_on_by_g(tmp_path):
    async def story(app, pilot):
        task = long_training(app, tmp_path)
        await until(pilot, lambda: task.step > 30)
        assert "Another run is active" in app.main.snapshot.refused["run.go_on"]
        await pilot.press("s")
        await until(pilot, lambda: task.state == "stopped" and app.conductor.running is None)
        stopped_at = task.step
        await until(pilot, lambda: "run.go_on" not in app.main.snapshot.refused)
        await pilot.press("g")
        again = app.conductor.tasks[1]
        await until(pilot, lambda: again.step > stopped_at)
        assert again.run == task.run
        assert app.main.experiments["train"].shown is again
        steps = again.history.curves["loss"].steps
        assert steps.tolist() == list(range(1, len(steps) + 1))

    live(tmp_path, story)
    [run] = list_runs(tmp_path)
    assert run.read_status() == "stopped"
    assert sum(event.kind == "resumed" for event in run.events()) == 1


@pytest.mark.extended
def test_an_app_opened_later_shows_the_stopped_run_and_g_resumes_it(tmp_path):
    stopped = []

    async def stop(app, pilot):
        task = long_training(app, tmp_path)
        await until(pilot, lambda: task.step > 30)
        await pilot.press("s")
        await until(pilot, lambda: task.state == "stopped" and app.conductor.running is None)
        stopped.append(task.run)

    async def story(app, pilot):
        pane = app.main.experiments["train"]
        await until(pilot, lambda: pane.shown is not None, 10)
        assert (pane.shown.run, pane.shown.state) == (stopped[0], "stopped")
        await pilot.press("2")
        refused = app.main.reason_against(app.keys.actions.by_id["run.go_on"])
        assert refused == "No run here; stopped ones are in 4 Runs."
        await pilot.press("1", "g")
        await until(pilot, lambda: app.conductor.tasks and app.conductor.tasks[0].step > 30)

    live(tmp_path, stop)
    live(tmp_path, story)
    assert len(list_runs(tmp_path)) == 1


@pytest.mark.extended
def test_what_waits_is_kept_beside_the_run_and_comes_back_with_it(tmp_path):
    async def first(app, pilot):
        long_training(app, tmp_path)
        await until(pilot, lambda: app.conductor.tasks[0].step > 10)
        short = replace(app.main.experiments["train"].config, epochs=1, model="two-conv")
        app.conductor.start([short], "another command")
        assert app.conductor.waiting == 1

    async def second(app, pilot):
        await pilot.press("4", "g")
        going_on, waiting = app.conductor.tasks
        assert waiting.config.model == "two-conv"
        await until(pilot, lambda: going_on.state == "running")
        await pilot.press("s")
        await until(pilot, lambda: waiting.state == "finished")

    live(tmp_path, first)
    [run] = list_runs(tmp_path)
    assert [config.model for request in read_queue(run) for config in request.configs] == [
        "two-conv"
    ]
    live(tmp_path, second)
    assert [run.read_config().model for run in list_runs(tmp_path)] == ["two-conv", "baseline"]
    assert not read_queue(run)


def test_a_run_of_another_process_is_followed_and_can_be_stopped_not_paused(tmp_path):
    """Played by a journal that this test writes, under a lock that another process holds."""
    holder = hold(tmp_path)
    run, journal = holder.run, holder.journal

    async def story(app, pilot):
        await until(pilot, lambda: app.conductor.running is not None)
        task = app.conductor.running
        assert task.elsewhere
        await until(pilot, lambda: app.main.experiments["train"].shown is task)
        for event in holder.events[:20]:
            journal.append(event)
        await until(pilot, lambda: task.step == holder.events[19].step)
        await until(pilot, lambda: "app.detach" in app.main.snapshot.refused)
        assert "not pause it" in app.main.snapshot.refused["run.pause"]
        assert "another process" in app.main.snapshot.refused["app.detach"]
        await pilot.press("s")
        assert run.stop_asked()
        journal.append(Stopped(step=task.step, reason="another process").at(1.0))
        run.update(status="stopped")
        holder.release()
        await until(pilot, lambda: task.state == "stopped" and app.conductor.running is None)

    try:
        live(tmp_path, story)
    finally:
        holder.release()


def test_a_run_whose_process_dies_is_shown_as_interrupted(tmp_path):
    holder = hold(tmp_path)

    async def story(app, pilot):
        await until(pilot, lambda: app.conductor.running is not None)
        task = app.conductor.running
        holder.journal.append(holder.events[0])
        holder.journal.append(holder.events[1])
        holder.release()
        await until(pilot, lambda: task.state == "interrupted")
        await until(pilot, lambda: "run.go_on" not in app.main.snapshot.refused)

    try:
        live(tmp_path, story)
    finally:
        holder.release()
