"""Help explains the focused panel first, then the section's keys, then the others."""

import re

import pytest

from tests.tui.pilot import live, text, until
from tui.app.keys.keymap import Keymap
from tui.app.sections.about_panels import about_panel


def test_what_is_said_of_a_panel_names_the_user_s_keys():
    name, words = about_panel("models", Keymap({"run.choice": "f4"}))
    assert name == "Models"
    assert "f4 trains the chosen one, x marks several" in words
    assert about_panel("another", Keymap()) == about_panel(None, Keymap()) == ("", "")


@pytest.mark.extended
def test_every_panel_is_explained(finished):
    async def story(app, pilot):
        for key, pane in zip("1234", app.main.panes.values(), strict=True):
            await pilot.press(key)
            await pilot.pause(0.1)
            for panel in pane.query(".panel"):
                name, words = about_panel(panel.id, app.keys)
                assert name, panel
                assert len(re.findall(r"[.]( |$)", words)) in (1, 2, 3, 4), words
                assert "[" not in words

    live(finished, story, size=(200, 60))


@pytest.mark.parametrize("size", [(60, 18), (130, 40)], ids=str)
def test_help_begins_with_the_focused_panel(finished, size):
    async def story(app, pilot):
        await pilot.press("full_stop", "question_mark")
        await until(pilot, lambda: app.screen.query("#keys-of-all"), 5)
        await pilot.pause(0.2)
        focused = app.main.pane.panel
        name, words = about_panel(focused.id, app.keys)
        shown = text(app, "#keys-of-all")
        assert shown.startswith(f"{name}\n")
        assert words in " ".join(shown.split())
        order = [shown.index(heading) for heading in ("Runs", "The app", "In other sections")]
        assert order == sorted(order)
        assert shown.index("Filter the runs by words") > order[-1]

    live(finished, story, size=size)
