"""The panels of a section: which has the focus, one that is enlarged, charts zoomed together."""

from dataclasses import replace

import numpy as np
import pytest
from textual.content import Content
from textual.events import MouseScrollDown, MouseScrollUp

from tests.conftest import a_few
from tests.tui.pilot import live, until
from tui.app.widgets.chart import Chart
from tui.app.widgets.room import Room
from tui.drawing.plot import Line, Plot


def charts_of(app):
    return list(app.main.pane.query(Chart))


async def opened(app, pilot, key):
    await pilot.press(key)
    pane = app.main.pane
    await until(pilot, lambda: pane.shown is not None and charts_of(app)[0].plot.lines)
    await pilot.pause(0.1)
    return pane


def wheel(chart, kind, x=20, y=3):
    where = chart.region.offset
    event = kind(chart, x, y, 0, 0, 0, False, False, False, where.x + x, where.y + y)
    chart.post_message(event)


def test_keys_zoom_and_pan_all_charts_of_a_section_together(finished):
    async def story(app, pilot):
        pane = await opened(app, pilot, "1")
        loss, accuracy = charts_of(app)
        whole = str(loss.render())
        await pilot.press("plus")
        assert loss.plot.window == accuracy.plot.window == (200, 400)
        assert str(loss.render()) != whole
        await pilot.press("less_than_sign")
        assert loss.plot.window == accuracy.plot.window == (150, 350)
        pane.redraw()  # as while a run goes on
        assert loss.plot.window == accuracy.plot.window == (150, 350)
        await pilot.press("left")  # the last event
        await pilot.press("minus")
        assert loss.plot.window is None
        await pilot.press("plus", "0")
        assert pane.window is None
        assert str(loss.render()).replace("⠄", " ").split() != []
        await pilot.press("plus", "j")  # another run is shown whole
        assert pane.window is None
        assert loss.plot.window is None

    live(finished, story)


def test_the_wheel_zooms_around_the_mouse_and_the_mouse_reads_out_all_charts(finished):
    async def story(app, pilot):
        pane = await opened(app, pilot, "1")
        loss, accuracy = charts_of(app)
        await pilot.hover("#loss", offset=(20, 4))
        await until(pilot, lambda: str(accuracy.border_subtitle).startswith("step "), 5)
        step = int(str(accuracy.border_subtitle).split()[1])
        assert 0 < step < 400
        assert str(loss.border_subtitle).startswith(f"step {step}  [$series-1]─ train[")
        assert pane.cursor is None
        wheel(loss, MouseScrollUp)
        await until(pilot, lambda: accuracy.plot.window is not None, 5)
        first, last = accuracy.plot.window
        assert last - first == pytest.approx(400 / 1.25)
        assert first < step < last
        wheel(loss, MouseScrollDown)
        await until(pilot, lambda: accuracy.plot.window is None, 5)
        await pilot.hover("#titles")
        await until(pilot, lambda: not str(accuracy.border_subtitle).startswith("step "), 5)

    live(finished, story, size=(200, 50))


@pytest.mark.parametrize("key", a_few(["1", "2", "3"], 1))
def test_the_focus_goes_around_the_panels_and_keys_keep_working(finished, key):
    async def story(app, pilot):
        pane = await opened(app, pilot, key)
        listed, panels = app.focused, pane.panels
        assert len(panels) == len(pane.query(".panel")) >= 3
        assert pane.panel is panels[0]
        for panel in panels[1:]:
            await pilot.press("full_stop")
            assert app.focused is panel
            assert panel.has_focus_within
        row, cursor = pane.row, pane.cursor
        await pilot.press("left", "l")  # a room of images scrolls by neither
        assert pane.cursor is cursor
        chart = next(panel for panel in panels if isinstance(panel, Chart))
        await pilot.click(chart, offset=(8, 3))
        assert app.focused is chart
        await pilot.press("j", "down")
        assert pane.row == row + 2
        await pilot.press("enter")
        assert len(app.screen_stack) == 2
        await pilot.press("escape")
        app.main.set_focus(panels[-1])
        await pilot.press("full_stop")
        assert app.focused is listed
        await pilot.press("comma")
        assert pane.panel is panels[-1]

    live(finished, story, size=(160, 50))


def seen(pane):
    return [panel for panel in pane.query(".panel") if panel.region.area]


@pytest.mark.parametrize("key", a_few(["1", "2", "3"], 1))
@pytest.mark.parametrize("size", [(60, 18), (160, 50)])
def test_a_panel_gets_the_whole_section_and_gives_it_back(finished, key, size):
    async def story(app, pilot):
        pane = await opened(app, pilot, key)
        listed, before = app.focused, [(panel, panel.region) for panel in seen(pane)]
        charts = [panel for panel, _ in before if isinstance(panel, Chart)]
        if not charts:  # left out where there is no room
            return
        await pilot.press("left", "z")
        await pilot.pause()
        assert seen(pane) == charts[:1]
        assert charts[0].region == pane.region
        assert app.focused is charts[0]
        await pilot.press("full_stop")
        await pilot.pause()
        [whole] = seen(pane)
        assert whole.region == pane.region
        assert whole is not charts[0]
        await pilot.press("tab", "shift+tab")  # it stays
        await pilot.pause()
        assert seen(pane) == [whole]
        cursor = pane.cursor
        assert cursor is not None
        await pilot.press("escape")
        await pilot.pause()
        assert [(panel, panel.region) for panel in seen(pane)] == before
        assert app.focused is listed
        assert pane.cursor == cursor
        await pilot.press("escape")
        assert pane.cursor is None

    live(finished, story, size=size)


@pytest.mark.extended
def test_a_dragged_size_is_there_again_after_a_panel_had_the_whole_section(finished):
    async def story(app, pilot):
        pane = await opened(app, pilot, "1")
        app.main._shares["normal.networks"] = 0.4
        app.main.size_panels()
        await pilot.pause()
        networks = pane.query_one("#networks")
        width = networks.region.width
        assert width == pytest.approx(0.4 * pane.region.width, abs=1)
        await pilot.press("z")
        await pilot.resize_terminal(140, 50)
        await pilot.pause()
        assert charts_of(app)[0].region == pane.region
        await pilot.press("z")
        await pilot.pause()
        assert networks.region.width == pytest.approx(0.4 * 140, abs=1)

    live(finished, story, size=(120, 40))


def test_the_preview_of_a_run_is_enlarged_too_where_there_is_one(finished):
    async def story(app, pilot):
        await pilot.press("4")
        pane = app.main.runs
        await until(pilot, lambda: pane.preview.region.area, 5)
        await pilot.press("z")
        await pilot.pause()
        assert seen(pane) == [pane.preview]
        assert pane.preview.region == pane.region
        await pilot.press("escape")
        await pilot.pause()
        assert app.focused is pane.table
        await pilot.resize_terminal(60, 18)
        await pilot.pause()
        await pilot.press("full_stop", "comma", "z")
        assert app.focused is pane.table
        assert pane.whole is None

    live(finished, story)


def test_images_that_have_the_focus_scroll_line_by_line(finished):
    async def story(app, pilot):
        pane = await opened(app, pilot, "1")
        room = pane.query_one("#samples", Room)
        app.main.set_focus(room)
        await pilot.press("down", "j")
        assert room.scroll_y == min(2, room.max_scroll_y) > 0
        await pilot.press("up", "k")
        assert room.scroll_y == 0

    live(finished, story, size=(80, 24))


def test_a_chart_sends_the_lines_that_changed(finished, monkeypatch):
    async def story(app, pilot):
        await opened(app, pilot, "1")
        chart = charts_of(app)[0]
        sent = []
        monkeypatch.setattr(chart, "refresh", lambda *regions: sent.append(regions))
        app.main.pane.redraw()
        assert not sent  # it looks the same
        line = chart.plot.lines[-1]
        values = line.values.copy()
        values[np.argsort(values)[len(values) // 2]] *= 1.2  # neither the lowest nor the highest
        chart.plot = replace(
            chart.plot, lines=[*chart.plot.lines[:-1], replace(line, values=values)]
        )
        regions = [region for one in sent for region in one]
        assert all(sent)
        assert 0 < len(regions) <= 4  # of some fifteen, and the border's
        assert {region.height for region in regions} == {1}

    live(finished, story)


@pytest.mark.parametrize(
    ("width", "said"),
    [(30, "t 0.400  v 0.300"), (40, "─ train  ━ validation"), (90, "◆ best 0.300")],
)
def test_the_border_says_what_the_ends_of_lines_do_not(tmp_path, width, said):
    steps = np.arange(100)
    lines = [
        Line(steps, np.full(100, 0.4), "$series-1", "train" if width > 30 else "t"),
        Line(steps, np.full(100, 0.3), "$series-1", "validation" if width > 30 else "v",
             best="low" if width > 60 else "", thick=width > 30),
    ]  # fmt: skip

    async def story(app, pilot):
        chart = Chart(classes="panel")
        chart.styles.width = width
        chart.styles.border = ("round", "red")
        await app.screen.mount(chart)
        await pilot.pause()
        chart.plot = Plot(lines)
        told = Content.from_markup(chart.border_subtitle).plain
        assert told.startswith(said)
        if width == 40:
            chart.plot = Plot(lines, cursor=50)
            told = Content.from_markup(chart.border_subtitle).plain
            assert told == "─ train 0.400  ━ validation 0.300"

    live(tmp_path, story, size=(120, 60))
