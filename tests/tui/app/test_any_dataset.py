"""The app on datasets and networks of one's own: few classes, many, names, large layers."""

import pytest
from textual.widgets import Input, OptionList

from tests.conftest import a_few
from tests.tui import example_runs as examples
from tests.tui import other_runs as others
from tests.tui.pilot import live, text, until
from tests.tui.views import VIEWS, open_view
from tui.app.screens.dataset import ChooseDataset
from tui.app.screens.edit import FILE, Edit
from tui.commands import command_line

FEW, MANY = "/data/shapes.npz", "/data/things.npz"


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    folder = tmp_path_factory.mktemp("few")
    others.write_few(folder)
    return folder


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    folder = tmp_path_factory.mktemp("many")
    others.write_many(folder)
    return folder


@pytest.fixture(scope="module")
def mixed(tmp_path_factory, digits):
    """Runs of three datasets in one folder."""
    folder = tmp_path_factory.mktemp("mixed")
    examples.trained(folder, digits, 1, "baseline", 0.91)
    others.write_few(folder)
    others.write_many(folder)
    return folder


def shown_on(app):
    """Return what stands on the screen."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


async def settled(app, pilot):
    panes = app.main.experiments.values()
    await until(pilot, lambda: all(pane.newest() is not None for pane in panes))
    await until(pilot, lambda: app.main.experiments["train"].shown is not None)
    await pilot.pause(0.3)


def rows_of(app):
    models = app.main.experiments["train"].models
    return [(str(option.prompt).split("\n"), option.disabled) for option in models.options]


@pytest.mark.extended
@pytest.mark.parametrize(("runs", "dataset", "size"), a_few([
    ("few", FEW, (60, 18)), ("many", MANY, (120, 40)), ("few", FEW, (200, 60)),
    ("few", FEW, (80, 24)), ("few", FEW, (120, 40)),
    ("many", MANY, (60, 18)), ("many", MANY, (80, 24)), ("many", MANY, (200, 60)),
], 0, 1, several=True))  # fmt: skip
def test_every_view_opens_at_every_size(request, runs, dataset, size):
    async def story(app, pilot):
        await settled(app, pilot)
        for view in VIEWS:
            await open_view(app, pilot, view)
            assert app.faults.count == (view == "fault"), view
            if view == "fault":
                app.faults.count = 0
                app.main.pane.clear_fault()

    live(request.getfixturevalue(runs), story, size=size, plain=False, dataset=dataset)


@pytest.mark.extended
def test_three_classes_have_their_names_and_are_text(few):
    async def story(app, pilot):
        await settled(app, pilot)
        assert "circle" in shown_on(app)  # below a sample
        assert "[red]squ" in shown_on(app)
        for keys, words in {
            ("2",): ("1 [red]square[/]", "Noise for 0 circle"),
            ("2", "enter"): ("1 [red]square[/] to be read as 0 circle", "2 five-pointed star"),
            ("2", "m"): ("true class", "1 [red]square[/]"),
            ("3",): ("0 circle", "[red]square[/]", "head 500"),
            ("3", "j", "enter"): ("logits 0 circle",),
            ("4",): ("shapes",),
        }.items():
            await pilot.press(*keys)
            await pilot.pause(0.3)
            for one in words:
                assert one in shown_on(app), (keys, one)
            if app.screen is not app.main:
                await pilot.press("escape")
        assert app.faults.count == 0

    live(few, story, size=(200, 60), dataset=FEW)


@pytest.mark.extended
def test_a_hundred_classes_scroll(many):
    async def story(app, pilot):
        await settled(app, pilot)
        pane = app.main.experiments["adversarial"]
        await pilot.press("2")
        assert len(pane.targets.options) == 100
        await pilot.press("end")
        await pilot.pause(0.3)
        assert pane.row == 99
        assert "99 thing 99" in shown_on(app)
        assert "Noise for 99 thing 99" in shown_on(app)
        await pilot.press("enter", "right")
        await pilot.pause(0.3)
        assert "to be read as 99 thing 99" in shown_on(app)
        await pilot.press("escape", "m")
        await pilot.pause(0.3)
        assert "other classes" in shown_on(app)
        first = text(app, "#closeup")
        await pilot.press("end")
        assert text(app, "#closeup") != first
        await pilot.press("escape", "3")
        await pilot.pause(0.3)
        neurons = app.main.experiments["visualize"].neurons
        assert len(neurons.options) == 101 + 501 + 6

    live(many, story, size=(80, 24), dataset=MANY)


@pytest.mark.extended
def test_networks_stand_below_their_dataset(mixed):
    async def story(app, pilot):
        await settled(app, pilot)
        rows = rows_of(app)
        headings = [words[0] for words, heading in rows if heading]
        assert headings[0] == "digits"
        assert set(headings[1:]) == {"shapes", "things"}
        by_dataset, here = {}, ""
        for words, heading in rows:
            here = words[0] if heading else here
            if not heading:
                by_dataset.setdefault(here, []).append(" ".join(words))
        assert len(by_dataset["digits"]) == 6
        assert "91.00%" in by_dataset["digits"][0]
        assert [others.MODEL in row and "87.65%" in row for row in by_dataset["shapes"]] == [True]
        pane = app.main.experiments["train"]
        await pilot.press("end")
        await pilot.pause(0.2)
        [[config]] = pane.configs_of_choice()
        assert (config.model, config.dataset) == (others.MODEL, pane.shown.config.dataset)
        await pilot.press("x", "home", "x")  # of two datasets: a command line for each
        commands = [command_line(configs) for configs in pane.configs_of_choice()]
        assert len(commands) == 2
        assert "--dataset digits" in commands[0]
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, Edit))
        assert [command_line(configs) for configs in app.screen.read()] == commands

    live(mixed, story)


@pytest.mark.extended
def test_the_dataset_is_chosen_for_all_sections(mixed):
    async def story(app, pilot):
        await settled(app, pilot)
        await pilot.press("i")
        await until(pilot, lambda: isinstance(app.screen, ChooseDataset))
        options = app.screen.query_one(OptionList)
        assert "Fashion-MNIST" in " ".join(str(option.prompt) for option in options.options)
        options.highlighted = app.screen.names.index(FEW)
        await pilot.press("enter")
        await pilot.pause(0.3)
        assert {pane.config.dataset for pane in app.main.experiments.values()} == {FEW}
        assert rows_of(app)[0] == (["shapes"], True)
        assert app.main.experiments["adversarial"].shown.config.dataset == FEW

    live(mixed, story)


def test_a_file_that_is_none_is_refused_below_its_field(mixed, tmp_path):
    (tmp_path / "own.npz").touch()

    async def story(app, pilot):
        await pilot.press("i", "end", "enter")
        await until(pilot, lambda: isinstance(app.focused, Input))
        app.focused.value = str(tmp_path / "none.npz")
        await pilot.press("enter")
        await pilot.pause(0.2)
        assert "There is no file" in text(app, "#wrong")
        app.focused.value = str(tmp_path / "own.npz")
        await pilot.press("enter")
        await pilot.pause(0.3)
        assert len(app.screen_stack) == 1
        assert app.main.experiments["train"].config.dataset == str(tmp_path / "own.npz")
        assert rows_of(app)[0] == (["own"], True)

    live(mixed, story, size=(60, 18))


@pytest.mark.parametrize("size", a_few([(60, 18), (120, 40)], 1))
def test_a_network_of_one_s_own_is_added_in_the_form(tmp_path, monkeypatch, size):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text("class Net: pass\n")

    async def story(app, pilot):
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, Edit))
        form = app.screen
        await pilot.press("down", "enter", "end", "enter")
        await until(pilot, lambda: app.focused is form.query_one("#file-model"))
        assert form.query_one("#field-model").value is FILE
        for typed, wrong in {
            "net.py": "net.py:NAME", "none.py:Net": "none.py.", "net.py:Net": "",
        }.items():  # fmt: skip
            app.focused.value = typed
            await pilot.pause(0.2)
            below = form.query_one("#wrong-model")
            assert wrong in str(below.render())
            assert below.display == bool(wrong)
        assert "--model net.py:Net" in text(app, "#command")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        await pilot.pause(0.2)
        pane = app.main.experiments["train"]
        assert pane.model == "net.py:Net"
        assert "--model net.py:Net" in command_line(pane.configs_of_choice()[0])

    live(tmp_path / "none", story, size=size)


def test_a_row_of_a_network_holds_its_name_and_hash_at_80_columns(few):
    async def story(app, pilot):
        await settled(app, pilot)
        assert others.MODEL in shown_on(app)
        await pilot.press("4")
        await pilot.pause(0.3)
        assert "train-" + others.MODEL in shown_on(app)
        assert "87.65%" in shown_on(app)
        await pilot.press("2", "n")
        await pilot.pause(0.3)
        line = next(line for line in shown_on(app).split("\n") if "20260203-040513-013" in line)
        for words in (others.MODEL, "87.65%", "shapes", "assignment", "seed 0"):
            assert words in line

    live(few, story, size=(80, 24), dataset=FEW)
