"""What the app draws for terminals that can show little: ASCII alone, or no colour."""

import pytest

from tests.conftest import a_few
from tests.tui.pilot import live
from tests.tui.views import VIEWS, open_view
from tui.ascii import LAST, stand_in

SIZES = ((60, 18), (80, 24), (120, 40), (200, 60))


def lines_of(app):
    return ["".join(s.text for s in strip) for strip in app.screen._compositor.render_strips()]


def assert_ascii(app, *place):
    for line in lines_of(app):
        odd = {character for character in line if not " " <= character <= LAST}
        assert not odd, (*place, odd, line)
    assert {len(line) for line in lines_of(app)} == {app.size.width}


@pytest.mark.parametrize("size", a_few(SIZES, 0, 1))
def test_with_ascii_every_section_and_dialog_is_ascii(finished, size):
    async def story(app, pilot):
        for view in VIEWS:
            await open_view(app, pilot, view)
            assert_ascii(app, view)
            await pilot.resize_terminal(size[0] + 7, size[1] + 3)  # what is open is drawn anew
            await pilot.pause(0.1)
            assert_ascii(app, view)
            await pilot.resize_terminal(*size)

    live(finished, story, size)


def test_with_ascii_what_is_foreign_keeps_its_width(finished):
    async def story(app, pilot):
        app.tell("日本 – e\u0301 ☃")
        await pilot.pause(0.4)
        assert any("???? - e ?" in line for line in lines_of(app))
        assert_ascii(app)

    live(finished, story)


@pytest.mark.parametrize("view", a_few(VIEWS, 2, 4))
def test_without_colour_there_is_none_and_still_unicode(finished, view, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")

    async def story(app, pilot):
        await open_view(app, pilot, view)
        strips = app.screen._compositor.render_strips()
        for segment in (segment for strip in strips for segment in strip):
            for colour in (segment.style.color, segment.style.bgcolor):
                assert colour is None or colour.is_default
        lines = lines_of(app)
        assert not any("▀" in line for line in lines)
        assert any(not line.isascii() for line in lines)

    live(finished, story, plain=False)


def test_without_colour_the_chosen_row_and_focus_show(finished, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")

    async def story(app, pilot):
        for keys, words in ((("1", "j"), "two-conv"), (("4",), "visualize")):
            await pilot.press(*keys)
            await pilot.pause(0.3)
            chosen = [
                segment.text
                for strip in app.screen._compositor.render_strips()[2:]
                for segment in strip
                if segment.style.reverse
            ]
            assert any(words in text for text in chosen)
            assert not any("baseline" in text for text in chosen)
            assert any("┏" in line for line in lines_of(app))

    live(finished, story, plain=False)


def test_dots_become_strokes_of_their_direction_and_areas_lighter_ones():
    assert [*map(stand_in, "⠀⠁⠉⠒⠤⣀")] == [*' ."--_']
    assert [*map(stand_in, "⠡⠢⡠⠔⢸⡇")] == [*"\\\\//||"]
    assert [*map(stand_in, "⢕⡪⠅⣿")] == [*":::#"]
