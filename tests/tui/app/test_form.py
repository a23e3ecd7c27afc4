"""The form of options: what it shows, what it says it will run, and what it runs."""

import pytest
from textual.widgets import Input

from tests.conftest import a_few
from tests.tui.pilot import live, text, until
from tui.app.screens.edit import Edit
from tui.app.widgets.fields import Toggle
from tui.ascii import ERRORS
from tui.commands import command_line


def words_of(field):
    return str(field.render())


async def open_form(app, pilot, *keys):
    await pilot.press(*keys, "e")
    await until(pilot, lambda: isinstance(app.screen, Edit))
    await pilot.pause(0.1)
    return app.screen


def commands_shown(app):
    lines = text(app, "#command").split("$ ")[1:]
    return [" ".join(line.split()) for line in lines]


def started(app):
    """Keep what would be started instead of starting it, as lines of a command."""
    lines = []
    app.main.start = lambda commands: lines.extend(map(command_line, commands))
    return lines


def test_a_toggle_says_on_or_off_in_any_alphabet():
    on, off = Toggle(value=True).words, Toggle(value=False).words
    assert (on, off) == ("[x] on", "[ ] off")
    assert on.encode("ascii", ERRORS) != off.encode("ascii", ERRORS)


def test_toggles_change_by_space_and_show_it(tmp_path):
    async def story(app, pilot):
        form = await open_form(app, pilot)
        field = form.query_one("#field-offline")
        field.focus()
        before = words_of(field)
        await pilot.press("space")
        await pilot.pause()
        assert words_of(field) != before
        assert ("--offline" in text(app, "#command")) == field.value

    live(tmp_path, story)


@pytest.mark.extended
@pytest.mark.parametrize("size", a_few([(60, 18), (120, 40)], 0, 1))
def test_up_and_down_move_between_all_fields_and_open_nothing(tmp_path, size):
    async def story(app, pilot):
        form = await open_form(app, pilot)
        for name in form.names:
            assert form.focused.id == f"field-{name}"
            top, bottom = form.focused.region.y, form.focused.region.bottom
            panel = form.query_one("#fields").region
            assert panel.y <= top < bottom <= panel.bottom
            assert not form.query(".-expanded")
            await pilot.press("down")
            await pilot.pause(0.05)
        await pilot.press("up")
        assert form.focused.id == f"field-{form.names[-1]}"

    live(tmp_path, story, size=size)


@pytest.mark.extended
def test_enter_and_space_open_a_choice_and_letters_find_an_entry(tmp_path):
    async def story(app, pilot):
        form = await open_form(app, pilot)
        recipe = form.query_one("#field-recipe")
        for key in ("enter", "space"):
            await pilot.press(key)
            await pilot.pause(0.1)
            assert recipe.expanded
            await pilot.press("escape")
            await pilot.pause(0.1)
            assert not recipe.expanded
            assert isinstance(app.screen, Edit)
        await pilot.press("enter", "t", "enter")
        await pilot.pause(0.1)
        assert recipe.value == "tuned"
        assert not recipe.expanded
        await pilot.press("a")  # closed
        assert recipe.value == "assignment"
        await pilot.press("t")
        assert recipe.value == "tuned"
        bells = []
        app.bell = lambda: bells.append(1)
        await pilot.press("z")
        assert recipe.value == "tuned"
        assert bells
        await pilot.press("down", "down", "7")
        assert isinstance(form.focused, Input)
        assert form.focused.value == "7"

    live(tmp_path, story)


SELECTIONS = {  # keys, then what the title and the command lines say
    "one model": (("j",), "two-conv", ["--model two-conv "]),
    "marked models": (
        ("x", "j", "x", "j"),
        "baseline, two-conv",
        ["--model baseline --model two-conv "],
    ),
    "all models": (("x", "j", "x", "j", "x"), "baseline, two-conv, two-conv-fc", ["run train "]),
    "one target": (("2", "j"), "target 1", ["--label 1 "]),
    "marked targets": (("2", "x", "j", "j", "x", "j"), "target 0, 2", ["--label 0 --label 2 "]),
    "a layer": (("3",), "logits", ["--layer logits "]),
    "marked neurons": (
        ("3", "j", "x", "j", "x", *["j"] * 9, "x"),
        "logits 0, 1, pool2",
        ["--layer logits --neuron 0 --neuron 1 ", "--layer pool2 "],
    ),
}


@pytest.mark.extended
@pytest.mark.parametrize("selection", a_few(SELECTIONS, 0, 3))
@pytest.mark.parametrize("later", [False, True], ids=["now", "later"])
def test_the_form_names_shows_and_runs_the_same(tmp_path, selection, later):
    keys, title, options = SELECTIONS[selection]

    async def story(app, pilot):
        lines = started(app)
        form = await open_form(app, pilot, *keys)
        form.query_one("#field-seed").value = "7"
        await pilot.pause(0.1)
        assert str(form.query_one(".dialog").border_title).endswith(f": {title}")
        shown = commands_shown(app)
        assert len(shown) == len(options)
        assert all(words in line for words, line in zip(options, shown, strict=True))
        assert all("--seed 7" in line for line in shown)
        if later:
            await pilot.press("ctrl+s")
            await until(pilot, lambda: len(app.screen_stack) == 1)
            await pilot.press("r")
        else:
            await pilot.press("ctrl+r")
        await until(pilot, lambda: lines)
        assert lines == shown
        assert not app.main.experiments[app.main.current].marked

    live(tmp_path, story, size=(200, 60))


@pytest.mark.parametrize("later", a_few([False, True], 1), ids=["now", "later"])
def test_another_model_in_the_form_takes_the_place_of_the_marks(tmp_path, later):
    async def story(app, pilot):
        lines = started(app)
        form = await open_form(app, pilot, "x", "j", "x")
        model = form.query_one("#field-model")
        assert model.value == ("baseline", "two-conv")
        model.value = "two-conv-fc"
        await pilot.pause(0.1)
        assert str(form.query_one(".dialog").border_title).endswith(": two-conv-fc")
        shown = commands_shown(app)
        await pilot.press("ctrl+s" if later else "ctrl+r")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        if later:
            await pilot.press("r")
        await until(pilot, lambda: lines)
        assert lines == shown
        assert "--model two-conv-fc " in lines[0]
        assert app.main.experiments["train"].model == "two-conv-fc"

    live(tmp_path, story, size=(200, 60))


def test_copy_takes_every_command_line(tmp_path):
    async def story(app, pilot):
        await open_form(app, pilot, "3", "x", *["j"] * 11, "x")
        shown = commands_shown(app)
        await pilot.press("ctrl+y")
        await until(pilot, lambda: app.clipboard)
        assert app.clipboard.split("\n") == shown
        assert len(shown) == 2

    live(tmp_path, story, size=(200, 60))


def test_a_tilde_in_a_path_becomes_the_home_folder_and_the_command_can_be_pasted(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("HOME", str(tmp_path))

    async def story(app, pilot):
        lines = started(app)
        form = await open_form(app, pilot)
        form.query_one("#field-artifacts").value = "~/runs"
        await pilot.pause(0.1)
        [shown] = commands_shown(app)
        assert f"--artifacts {tmp_path}/runs" in shown.replace("\n", "")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: lines)
        assert lines == [shown]

    live(tmp_path, story, size=(200, 60))


def test_what_an_empty_field_shows_may_be_typed_too(tmp_path):
    async def story(app, pilot):
        form = await open_form(app, pilot, "2")
        before = form.edited
        for name in ("threads", "epsilon", "run", "data_root"):
            field = form.query_one(f"#field-{name}")
            assert field.value == ""
            field.value = field.placeholder
        await pilot.pause(0.1)
        assert form.edited == before
        assert text(app, "#command").startswith("$ mnist-tui run adversarial")

    live(tmp_path, story)


@pytest.mark.parametrize("device", a_few(["tpu", "cuda:", "cuda:x", "CPU", "meta"], 1))
def test_a_device_that_is_none_is_refused_by_the_form_in_one_line(tmp_path, device):
    async def story(app, pilot):
        lines = started(app)
        form = await open_form(app, pilot)
        form.query_one("#field-device").value = device
        await pilot.pause(0.1)
        words = f"--device must be auto, cpu, cuda or cuda:N, not {device!r}."
        assert text(app, "#command") == words
        await pilot.press("ctrl+r")
        assert app.screen is form
        for good in ("cuda:1", "cpu", ""):
            form.query_one("#field-device").value = good
            await pilot.pause(0.1)
            assert "must be" not in text(app, "#command")
        assert not lines

    live(tmp_path, story)


def test_a_dataset_of_one_s_own_stays_chosen_in_the_form(tmp_path):
    async def story(app, pilot):
        form = await open_form(app, pilot)
        field = form.query_one("#field-dataset")
        assert field.value == "/a folder/mine.npz"
        assert "--dataset '/a folder/mine.npz'" in " ".join(text(app, "#command").split())
        field.value = "kmnist"
        await pilot.pause()
        assert "--dataset kmnist" in text(app, "#command")

    live(tmp_path, story, dataset="/a folder/mine.npz", size=(200, 60))
