"""The table of runs."""

import asyncio
import os
import shutil

import pytest

from tests.tui import example_runs as examples
from tests.tui.pilot import live, text, until
from tests.tui.player import playing, press


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
            for name in ("summaries", "list_runs"):
                patch.setattr(f"tui.app.sections.runs.{name}", fail)
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
