"""The table of runs."""

import asyncio
import os
import shutil

import pytest

from tests.tui import example_runs as examples
from tests.tui.pilot import live, text, until
from tests.tui.player import playing, press
from tui.app.sections.runs.columns import columns_for


def test_an_artifacts_folder_that_cannot_be_read_is_told_where_runs_were(tmp_path, digits):
    artifacts = tmp_path / "artifacts"
    examples.trained(artifacts, digits, 1, "baseline", 0.9)

    async def story(app, pilot):
        await pilot.press("4")
        assert not app.query_one("#no-runs").display
        shutil.rmtree(artifacts)
        artifacts.symlink_to(artifacts)
        app.main.panes["runs"].refresh_text()
        await pilot.pause()
        assert app.query_one("#no-runs").display
        assert str(artifacts) in text(app, "#no-runs").replace("\n", "")
        assert app.main.panes["runs"].query_one(".panel").border_title == "Runs"
        artifacts.unlink()
        examples.trained(artifacts, digits, 1, "baseline", 0.9)
        app.main.panes["runs"].refresh_text()
        assert not app.query_one("#no-runs").display

    live(artifacts, story)


@pytest.fixture
def hundreds(tmp_path, digits):
    """A folder of more runs than are read, or drawn, at once."""
    artifacts = tmp_path / "artifacts"
    first = examples.trained(artifacts, digits, 1, "baseline", 0.9)
    for number in range(2, 601):
        path = artifacts / f"20260102-{number // 60:02d}{number % 60:02d}00-000-train-baseline"
        path.mkdir()
        for name in ("run.json", "result.json"):
            os.link(artifacts / first / name, path / name)
    return artifacts


@pytest.mark.extended
def test_filtering_marking_and_moving_read_no_files(hundreds, monkeypatch):
    async def story(app, pilot):
        await pilot.press("4")
        pane = app.main.panes["runs"]
        await until(pilot, lambda: len(pane._runs) == 600)
        assert len(pane.table.rows) < 600

        newest = [run.run for run in pane._runs]
        await pilot.press("space", "space", "down", "space")
        assert pane._marked == {newest[0], newest[1], newest[3]}
        await pilot.press("slash", *'"-03')
        assert len(pane.table.rows) == len([run for run in newest if "-03" in run]) < 100
        await pilot.press("escape")
        assert pane._marked == {newest[0], newest[1], newest[3]}
        await pilot.press("pagedown", "home")
        assert pane.chosen.id == newest[0]
        for _ in range(60):
            await pilot.press("pagedown")
        await pilot.press("down")
        assert pane.chosen.id == newest[-1]
        assert len(pane.table.rows) == 600
        await pilot.press("slash", *"train", "enter", "home", "end")
        assert pane.chosen.id == newest[-1]

        def fail(*arguments, **options):
            raise AssertionError("a file is read")

        with monkeypatch.context() as patch:  # nothing else runs here meanwhile, as nothing waits
            patch.setattr("tui.app.sections.runs.listing.summaries", fail)
            pane.mark()
            pane.write_rows()

    live(hundreds, story)


def test_a_paused_run_is_said_to_be_paused(tmp_path):
    async def play():
        async with playing(tmp_path) as (app, pilot):
            await press(app, "r")
            await until(pilot, lambda: app.conductor.own and app.conductor.own.step > 0)
            pane = app.main.panes["runs"]
            for keys, status in (([], "running"), (["1", "space"], "paused")):
                await press(app, *keys, "4")
                await until(pilot, lambda: pane.table.rows)
                assert status in str(pane.table.get_row_at(0))
            await press(app, "1", "space")
            app._leave("stop")

    asyncio.run(play())


@pytest.mark.extended
def test_the_run_under_the_cursor_is_previewed(tmp_path, digits):
    examples.write_examples(tmp_path, digits)
    failed = examples.diverged(tmp_path, digits, 3)
    damaged = tmp_path / "20200101-000000-000-train-baseline"
    damaged.mkdir()
    (damaged / "run.json").write_text("{")

    async def story(app, pilot):
        await pilot.press("4")
        pane = app.main.panes["runs"]
        preview = pane.preview
        chart = preview.query_one("#preview-curve")
        pictures = {"visualize": "logits 3", "adversarial": "3", "train": "2"}
        settings = dict.fromkeys(pictures, "steps 40") | {"train": "those of the recipe"}
        for item in list(pane.table.items):
            await until(pilot, lambda item=item: str(preview.border_title) == item.run, 10)
            words = text(app, "#preview-words")
            if item.run == damaged.name:
                assert "is damaged" in words.replace("\n", " ")
                assert not preview.charts.display
            else:
                assert chart.plot.lines
                assert pictures[item.section] in text(app, "#preview-pictures")
                assert f"settings: {settings[item.section]}" in words or item.run == failed
            if item.run == failed:
                assert "settings: learning rate 9" in words
                assert "diverged at step 203" in words.replace("\n", " ")
                assert "Loss" in str(chart.border_title)
            await pilot.press("down")

        def fail(*arguments):
            raise AssertionError("a run is read again")

        pane.preview._read = fail
        await pilot.press("up", "up")
        await until(pilot, lambda: str(preview.border_title) == pane.table.run_id, 10)

    live(tmp_path, story, size=(140, 50))


def test_where_there_is_no_room_nothing_is_read(tmp_path, digits):
    examples.trained(tmp_path, digits, 1, "baseline", 0.9)

    async def story(app, pilot):
        await pilot.press("4")
        pane = app.main.panes["runs"]
        pane.preview._read = None  # would fail
        await pilot.pause(0.3)
        assert not pane.preview.display
        await pilot.press("enter")
        await until(pilot, lambda: app.main.current == "train", 5)

    live(tmp_path, story, size=(80, 24))


@pytest.mark.extended
def test_marks_outlive_filters_orders_and_refreshes(tmp_path, digits):
    for number, model in enumerate(["baseline", "two-conv", "baseline"], 1):
        examples.trained(tmp_path, digits, number, model, 0.9 + number / 100)

    async def story(app, pilot):
        await pilot.press("4", "space", "down", "space")
        pane = app.main.panes["runs"]
        marked = {pane.table.items[0].run, pane.table.items[2].run}
        assert pane._marked == marked
        await pilot.press("slash", *"model:two", "enter", "b", "u")
        pane.refresh_text()
        assert pane._marked == marked
        title = str(pane.panel.border_title)
        assert title.startswith("Runs  1 of 3 · best result first · 2 marked (2 hidden)")
        assert [run.id for run in pane.marked_runs] == sorted(marked, reverse=True)
        assert pane.keys.actions.by_id["runs.compare"].reason(pane) is None
        await pilot.press("escape")
        assert "hidden" not in str(pane.panel.border_title)

    live(tmp_path, story)


def test_a_mistake_is_said_while_one_types_and_hides_nothing(tmp_path, digits):
    examples.trained(tmp_path, digits, 1, "baseline", 0.9)

    async def story(app, pilot):
        await pilot.press("4", "slash", *"accuracy>9x")
        pane = app.main.panes["runs"]
        assert pane.mistake.display
        assert "97%" in text(app, "#filter-mistake")
        assert pane.table.row_count == 1
        await pilot.press("backspace", "0", "%")
        assert not pane.mistake.display
        assert pane.table.row_count == 0

    live(tmp_path, story, size=(60, 18))


def test_a_list_without_rows_takes_every_move(tmp_path, digits):
    examples.write_examples(tmp_path, digits)

    async def story(app, pilot):
        await pilot.press("4", "slash", *"nothing", "enter")
        await until(pilot, lambda: app.main.runs.table.row_count == 0)
        await pilot.press("end", "home", "down", "up", "pagedown", "space", "enter")
        assert app.faults.count == 0

    live(tmp_path, story)


def test_headers_sort_by_the_mouse_and_headings_are_passed_over(tmp_path, digits):
    for number, accuracy in enumerate([0.9, 0.7, 0.8], 1):
        examples.trained(tmp_path, digits, number, "baseline", accuracy)

    async def story(app, pilot):
        await pilot.press("4")
        pane = app.main.panes["runs"]
        results = [0.8, 0.7, 0.9]
        for wanted in (sorted(results, reverse=True), sorted(results)):
            await until(pilot, lambda: pane._columns == columns_for(pane._room, pane._runs), 5)
            await pilot.pause(0.2)  # what is clicked on is what was drawn last
            at = sum(width + 2 for _, width in pane._columns[:2])  # state and run before it
            assert pane._columns[2][0] == "result"
            for _ in range(5):  # on a busy machine the table may be laid out meanwhile
                await pilot.click("#run-table", offset=(at + 3, 0))
                for _ in range(60):
                    if accuracies(pane) != wanted:
                        await pilot.pause(0.05)
                if accuracies(pane) == wanted:
                    break
            assert accuracies(pane) == wanted
        await pilot.press("u")
        assert pane.table.row_count == 4
        for keys in ([], ["home"], ["up", "up"], ["end", "down"], ["pageup"]):
            await pilot.press(*keys)
            assert pane.table.run is not None
        await pilot.click("#run-table", offset=(8, 1))  # the heading
        assert pane.chosen is not None

    live(tmp_path, story)


def accuracies(pane):
    return [run.measured["accuracy"] for run in pane.table.items]


def test_a_row_follows_its_active_run(tmp_path):
    async def play():
        async with playing(tmp_path) as (app, pilot):
            await press(app, "r")
            await until(pilot, lambda: app.conductor.own and app.conductor.own.step > 0)
            pane = app.main.panes["runs"]
            await press(app, "4")
            await until(pilot, lambda: pane.table.items)
            before = str(pane.table.get_row_at(0))
            await until(pilot, lambda: str(pane.table.get_row_at(0)) != before, 10)
            assert "running" in str(pane.table.get_row_at(0))
            app._leave("stop")

    asyncio.run(play())
