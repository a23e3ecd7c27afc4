"""What the app shows of runs, and how one moves in it."""

import json
import shlex

import pytest
from textual.widgets import DataTable

from engine.runs.run import Run
from engine.runs.store import remove_run
from tests.conftest import a_few, train_config
from tests.tui import example_runs as examples
from tests.tui.pilot import commands_of, live, long_training, text, until
from tui.app.keys.action_list import Actions
from tui.app.preferences import Preferences
from tui.app.screens.compare import Compare
from tui.app.screens.edit import Edit
from tui.app.screens.files import Files
from tui.app.screens.help import Help
from tui.app.screens.network import ChooseNetwork
from tui.app.screens.neuron import NeuronView
from tui.app.screens.noise import NoiseView
from tui.app.screens.sample import SampleView
from tui.app.screens.success import SuccessMap
from tui.app.widgets.chart import Chart


def test_runs_reopen_in_their_section_from_their_files_alone(finished):
    async def story(app, pilot):
        await pilot.press("4")
        table = app.query_one("#run-table")
        assert table.row_count == 5
        for row, section in enumerate(["visualize", "adversarial", "train", "train", "train"]):
            await pilot.press("4")
            table.move_cursor(row=row)
            await pilot.press("enter")
            await until(pilot, lambda section=section: app.main.current == section)
            await pilot.pause(0.1)
            assert app.main.experiments[section].shown.history.finished is not None
        assert app.main.experiments["train"].model == "baseline"
        assert "16/16 correct" in str(app.query_one("#samples").border_subtitle)
        await pilot.press("tab")
        assert app.main.current == "adversarial"

    live(finished, story)


def test_the_newest_runs_are_there_at_once(finished):
    async def story(app, pilot):
        for section, pane in app.main.experiments.items():
            app.main.show(section)
            await pilot.pause()
            assert pane.shown.history.finished is not None

    live(finished, story)


def test_the_list_says_what_an_accuracy_was_measured_on(finished):
    def rows(app):
        options = app.query_one("#model-list").options
        return [str(option.prompt) for option in options if "%" in str(option.prompt)]

    async def story(app, pilot):
        await until(pilot, lambda: len(rows(app)) == 3, 5)
        assert all(row.endswith("% test") and "val." not in row for row in rows(app))
        assert [row.split("\n")[0][-1] for row in rows(app)] == list("▲○▼")  # as in the charts
        await pilot.press("left")
        assert sum(row.endswith("% val.") for row in rows(app)) == 1
        widths = [max(map(len, row.split("\n"))) for row in rows(app)]
        assert max(widths) <= app.query_one("#model-list").size.width

    live(finished, story, size=(60, 18))


def test_the_step_cursor_moves_curves_and_images_together(finished):
    async def story(app, pilot):
        pane = app.main.experiments["train"]
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


@pytest.mark.extended
def test_logarithm_and_smoothing(finished):
    async def story(app, pilot):
        await until(pilot, lambda: app.main.experiments["train"].shown is not None)
        chart = app.query_one("#loss")
        await pilot.press("left")
        log, around = chart.plot.log, chart.plot.lines[0].around
        await pilot.press("y")
        assert chart.plot.log is not log
        await pilot.press("w", "w")  # strongest, then none
        assert around
        assert not chart.plot.lines[0].around

    live(finished, story)


@pytest.mark.parametrize(("section", "key", "screen", "shown"), a_few([
    ("train", "enter", SampleView, "predicted"),
    ("adversarial", "enter", NoiseView, "sum, clamped"),
    ("adversarial", "m", SuccessMap, "true digit"), ("visualize", "enter", NeuronView, "climb"),
], 2, several=True))  # fmt: skip
def test_close_looks(finished, section, key, screen, shown):
    async def story(app, pilot):
        app.main.show(section)
        await until(pilot, lambda: app.main.experiments[section].shown is not None)
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


def test_a_key_typed_ahead_of_a_close_look_does_no_harm(finished):
    """It may also come when the panel is already gone."""

    async def story(app, pilot):
        app.main.show("train")
        pane = app.main.experiments["train"]
        await until(pilot, lambda: pane.shown is not None)
        view = SampleView(pane)
        opening = app.push_screen(view)
        view.action_move(1)
        await opening
        await view.query_one("#closeup").parent.remove()
        view.action_move(1)
        await pilot.pause()

    live(finished, story)


def test_another_network_can_be_chosen(finished):
    async def story(app, pilot):
        await pilot.press("2", "n")
        await pilot.pause()
        assert isinstance(app.screen, ChooseNetwork)
        await pilot.press("j", "j", "enter")
        await pilot.pause()
        pane = app.main.experiments["adversarial"]
        assert pane.config.run == "20260102-030402-000-train-two-conv"
        assert pane.shown is None  # no noise against that one yet
        assert "two-conv 94.00%" in text(app, "#attacked")
        assert "--run 20260102-030402-000-train-two-conv" in command_of(pane)
        await pilot.press("n", "k", "enter")
        await pilot.pause()
        assert pane.shown is not None

    live(finished, story)


def command_of(pane):
    from tui.commands import command_line

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
        assert form.query_one("#field-learning_rate").placeholder == "0.02"  # of the digits, too
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
        assert app.main.experiments["train"].config.recipe == "tuned"

    live(tmp_path, story)


def test_what_cannot_be_done_now_says_why(tmp_path):
    said = []

    async def story(app, pilot):
        app.notify = lambda words, **options: said.append(words)
        await pilot.press("space", "enter", "n", "m", "4", "r")
        assert said == [
            "No run is active.",
            "There is nothing to look at closely yet; r starts a run.",
            "Only available in 2 Adversarial and 3 Visualize.",
            "There is no run to look at yet; r starts one.",
            "Only available in 1 Train, 2 Adversarial and 3 Visualize.",
        ]
        assert not app.conductor.tasks

    live(tmp_path, story)


def test_every_action_has_an_id_a_key_a_palette_entry_and_a_line_of_help(tmp_path):
    async def story(app, pilot):
        titles = {title for title, _ in await commands_of(app)}
        await pilot.press("question_mark")
        await pilot.pause()
        assert isinstance(app.screen, Help)
        shown = " ".join(str(app.screen.query_one("Static").render()).split())
        actions = Actions().all
        for action in actions:
            assert action.sentence in shown
            if action.id not in ("app.palette", "app.quit"):
                assert action.sentence in titles
        await pilot.press("2")  # no key acts behind what is open
        assert app.main.current == "train"
        await pilot.press("escape")
        assert app.main.current == "train"
        assert len(app.screen_stack) == 1
        assert {"Leave", "Theme", "Screenshot"} <= titles
        assert len({action.id for action in actions}) == len(actions)

    live(tmp_path, story)


@pytest.mark.extended
def test_the_mouse_does_what_the_keys_do(finished):
    async def story(app, pilot):
        def place(selector, words):
            return {"selector": selector, "offset": (text(app, selector).index(words) + 1, 0)}

        def click(selector, offset):
            return pilot.click(selector, offset=offset)

        await click(**place("#titles", "2 Adversarial"))
        await pilot.pause(0.2)
        assert app.main.current == "adversarial"
        await until(pilot, lambda: app.main.experiments["adversarial"].shown is not None)
        await click(**place("#keys", "map"))
        await until(pilot, lambda: isinstance(app.screen, SuccessMap), 5)
        await pilot.press("escape")
        await click("#label-list", (3, 4))
        await pilot.pause(0.2)
        assert app.main.experiments["adversarial"].row == 4
        assert len(app.screen_stack) == 1
        await pilot.pause(0.6)
        await click("#label-list", (3, 4))
        await pilot.pause(0.2)
        assert len(app.screen_stack) == 1  # two clicks long after one another are no double click
        await pilot.double_click("#label-list", offset=(3, 4))
        await until(pilot, lambda: isinstance(app.screen, NoiseView), 5)

    live(finished, story)


def test_marked_runs_are_compared(finished):
    async def story(app, pilot):
        await pilot.press("4", "c")
        assert "Mark two or more runs" in app.main.snapshot.refused["runs.compare"]
        table = app.query_one(DataTable)
        trainings = [n for n, run in enumerate(table.items) if "-train-" in run.run][:2]
        for row in trainings:
            table.move_cursor(row=row)
            await pilot.press("space")
        assert len(app.main.runs.marked_runs) == 2
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, Compare))
        await pilot.pause(0.2)
        assert all(run.id in text(app, "#ranked") for run in app.main.panes["runs"].marked_runs)
        chart = app.screen.query_one(Chart)
        before = chart.border_title
        assert len(chart.plot.lines) == 2
        await pilot.press("right")
        assert chart.border_title != before
        await pilot.press("escape", "space", "up", "up", "space")
        await until(pilot, lambda: len(app.screen_stack) == 1)

    live(finished, story)


@pytest.mark.extended
def test_space_pauses_where_experiments_are_and_marks_where_runs_are(finished, tmp_path):
    async def story(app, pilot):
        task = long_training(app, tmp_path)
        await until(pilot, lambda: task.step > 0)
        await pilot.press("space")
        assert task.control.paused
        assert not app.main.runs.marked_runs
        await pilot.press("4", "space")
        assert len(app.main.runs.marked_runs) == 1
        assert task.control.paused
        await pilot.press("1", "space")
        assert not task.control.paused
        await pilot.press("s")
        await until(pilot, lambda: task.state == "stopped")

    live(finished, story)


def test_a_mark_goes_with_its_run(tmp_path, digits):
    kept = examples.trained(tmp_path, digits, 1, "baseline", 0.9)
    removed = examples.trained(tmp_path, digits, 2, "two-conv", 0.9)

    async def story(app, pilot):
        await pilot.press("4", "space", "space")
        assert len(app.main.runs.marked_runs) == 2
        remove_run(Run(tmp_path / removed))
        app.main.panes["runs"].refresh_text()
        assert [run.id for run in app.main.runs.marked_runs] == [kept]

    live(tmp_path, story)


def test_a_run_that_diverged_opens_with_its_samples(tmp_path, digits):
    run = Run(tmp_path / examples.diverged(tmp_path, digits, 3))
    journal = run.path / "events.jsonl"
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    for line in lines:
        if line["event"] == "preview":
            line["values"]["probability"] = [None] * 16
    journal.write_text("".join(json.dumps(line) + "\n" for line in lines))

    async def story(app, pilot):
        await pilot.press("4", "enter")
        await until(pilot, lambda: "/16" in str(app.query_one("#samples").border_subtitle), 5)
        await pilot.press("enter")
        await pilot.pause()
        assert "nan%" in text(app, "#closeup")

    live(tmp_path, story, size=(200, 60))


def test_o_says_where_the_files_are_and_how_to_bring_them_home(finished, monkeypatch):
    monkeypatch.setenv("SSH_CONNECTION", "10.0.0.9 50000 10.0.0.1 2222")

    async def story(app, pilot):
        await pilot.press("4", "o")
        await until(pilot, lambda: isinstance(app.screen, Files))
        await pilot.pause(0.1)
        run = app.main.panes["runs"].chosen
        assert str(run.path) in text(app, "#folder")
        assert "events.jsonl" in text(app, "#files")
        line = shlex.split(app.screen.line)
        assert line[:4] == ["scp", "-r", "-P", "2222"]
        assert line[4].endswith(f"@10.0.0.1:{run.path}")
        await pilot.press("escape")

    live(finished, story)


def test_the_filter_ends_by_escape(tmp_path):
    async def story(app, pilot):
        await pilot.press("4", "slash", "x", "1")
        assert app.query_one("#filter").value == "x1"
        assert text(app, "#filter-prompt") == "filter"
        assert text(app, "#keys") == " enter to the runs  escape shows all again  "  # no letters
        await pilot.press("escape")
        assert app.query_one("#filter").value == ""
        assert "/ filter" in text(app, "#keys")
        await pilot.press("1")
        assert app.main.current == "train"

    live(tmp_path, story)


@pytest.mark.extended
def test_own_keys_theme_and_defaults(tmp_path, own_preferences):
    own = Preferences("nord", {"run.choice": "f5"}, {"epochs": 7})

    async def story(app, pilot):
        assert app.theme == "nord"
        assert "f5 run" in text(app, "#keys")
        assert app.main.experiments["train"].config.epochs == 7
        await pilot.press("r")
        assert not app.conductor.tasks
        await pilot.press("f5")
        assert app.conductor.tasks
        await pilot.press("s")
        app.theme = "gruvbox"
        await pilot.pause()

    live(tmp_path, story, preferences=own)
    assert 'theme = "gruvbox"' in own_preferences.read_text()


@pytest.mark.extended
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
        app.main.on_runs_pane_chosen(type("Chosen", (), {"run": Run(tmp_path)}))
        await pilot.pause()
        assert "has no run.json" in said[0]

    live(finished, story)


def test_example_runs_are_like_real_ones():
    assert examples.FOUND.keys() <= train_config().to_json().keys()
