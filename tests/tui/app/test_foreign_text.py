"""What lies in the artifacts folder is shown as text: no markup, no control character."""

import json
import shutil

import pytest

from engine.files.text import visible
from engine.runs.store import list_runs
from tests.tui.pilot import live, text, until
from tui.app.screens.files import Files

EVIL = "\x1b]0;owned\x07\x9b31m[/][bold red]x[/bold][@click=app.leave]y"


def on_screen(app):
    """Return what is drawn, as the terminal gets it: a line a row."""
    return ["".join(s.text for s in strip) for strip in app.screen._compositor.render_strips()]


def assert_tame(app):
    for line in on_screen(app):
        assert line == visible(line)


def poisoned(finished, folder):
    """Copy runs, each under a name and with words that mean harm."""
    for run in list_runs(finished):
        name = f"{run.id}-{EVIL.replace('/', '|')}"
        shutil.copytree(run.path, folder / name)
        path = folder / name / "run.json"
        info = json.loads(path.read_text())
        info |= {"run_id": name, "command": EVIL, "message": EVIL}
        info["environment"]["device_name"] = EVIL
        info["config"]["unheard_of"] = EVIL
        path.write_text(json.dumps(info))


@pytest.mark.extended
def test_every_section_and_dialog_shows_it_literally(finished, tmp_path):
    poisoned(finished, tmp_path)

    async def story(app, pilot):
        for section in "1234":
            await pilot.press(section)
            await pilot.pause(0.3)
            assert_tame(app)
        assert any("[bold red]x" in line for line in on_screen(app))
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, Files))
        await pilot.pause(0.2)
        assert_tame(app)
        assert any("[bold red]" in line for line in on_screen(app))
        await pilot.press("escape", "space", "space", "c")
        await pilot.pause(0.3)
        assert_tame(app)
        await pilot.press("escape", "enter")
        await pilot.pause(0.3)
        assert_tame(app)
        app.tell(EVIL)
        await pilot.pause(0.3)
        assert_tame(app)
        assert app.faults.count == 0

    live(tmp_path, story, size=(220, 40))


def test_a_screenshot_goes_to_the_current_folder_which_is_said(finished, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    async def story(app, pilot):
        app.deliver_screenshot()  # what the palette's entry calls
        [picture] = tmp_path.glob("*.svg")
        await until(pilot, lambda: str(picture) in text(app, "#progress"), 5)
        monkeypatch.setattr(app, "save_screenshot", refuse)
        app.action_screenshot()
        assert "Permission denied" in app.last

    def refuse(filename, path, time_format):
        raise PermissionError(13, "Permission denied")

    live(finished, story, size=(220, 40))
