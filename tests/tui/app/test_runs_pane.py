"""The table of runs."""

import shutil

from tests.tui import example_runs as examples
from tests.tui.pilot import live, text


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
