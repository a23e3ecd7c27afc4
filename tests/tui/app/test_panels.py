"""Sizes of panels: dragged with the mouse, kept in config.toml."""

import asyncio
import tomllib

import pytest

from engine.config import RunConfig
from tests.conftest import a_few
from tests.tui.pilot import until
from tui.app.app import MnistTui
from tui.app.panels import LEAST
from tui.app.preferences import Preferences


@pytest.fixture
def config(tmp_path, monkeypatch):
    """The user's config.toml, which is not there yet."""
    path = tmp_path / "config.toml"
    monkeypatch.setattr("tui.app.app.preferences_path", lambda: path)
    return path


@pytest.fixture
def opened(config, finished):
    """Return what runs a story in an app with that file."""

    def play(story, size=(120, 40)):
        async def run():
            shared = RunConfig(dataset="digits", artifacts=str(finished))
            app = MnistTui(shared, preferences=Preferences.read(config))
            async with app.run_test(size=size) as pilot:
                panes = app.main.experiments.values()
                await until(pilot, lambda: all(pane.newest() is not None for pane in panes))
                await pilot.pause(0.2)
                await story(app, pilot)
                assert app.faults.count == 0

        asyncio.run(run())

    return play


async def drag(pilot, start, end):
    """Drag with the mouse from one place of the screen to another."""
    await pilot.mouse_down(offset=start)
    await pilot.hover(offset=end)
    await pilot.mouse_up(offset=end)
    await pilot.pause(0.1)


@pytest.mark.parametrize(
    ("keys", "panel", "side", "edge", "to"),
    a_few(
        [
            ("1", "#networks", "width", lambda r: (r.right - 1, 10), (40, 10)),
            ("1", "#samples", "width", lambda r: (r.x, 10), (60, 10)),
            ("1", "#samples", "width", lambda r: (r.x - 1, 10), (60, 10)),
            ("1", "#loss", "height", lambda r: (r.x + 5, r.bottom - 1), (50, 27)),
            ("2", "#noise-panel", "height", lambda r: (r.x + 5, r.bottom), (50, 24)),
            ("2", "#noise-loss", "height", lambda r: (r.x + 5, r.bottom - 1), (48, 30)),
        ],
        2,
        1,
        several=True,
    ),
)
def test_an_edge_is_dragged_kept_and_found_again(opened, config, keys, panel, side, edge, to):
    sizes = []

    async def story(app, pilot):
        await pilot.press(keys)
        await pilot.pause()
        widget = app.query_one(panel)
        start = edge(widget.region)
        far = widget.region.x == start[0] or widget.region.x - 1 == start[0]
        await drag(pilot, start, to)
        at = to[0] if side == "width" else to[1]
        first, last = (
            (widget.region.x, widget.region.right)
            if side == "width"
            else (widget.region.y, widget.region.bottom)
        )
        assert abs((first if far else last - 1) - at) <= 1
        sizes.append(getattr(widget.outer_size, side))

    async def again(app, pilot):
        await pilot.press(keys)
        await pilot.pause()
        sizes.append(getattr(app.query_one(panel).outer_size, side))

    opened(story)
    assert tomllib.loads(config.read_text())["panels"]["normal"].keys() == {panel[1:]}
    opened(again)
    assert sizes[0] == sizes[1]


@pytest.mark.extended
def test_a_double_click_gives_an_edge_its_usual_place(opened, config):
    async def story(app, pilot):
        await pilot.pause(0.2)
        models = app.query_one("#networks")
        usual = models.outer_size.width
        await drag(pilot, (models.region.right - 1, 10), (50, 10))
        assert models.outer_size.width != usual
        await pilot.double_click(offset=(models.region.right - 1, 10))
        await pilot.pause(0.1)
        assert models.outer_size.width == usual

    opened(story)
    assert not tomllib.loads(config.read_text())["panels"]["normal"]


def test_each_arrangement_has_sizes_of_its_own(opened, config):
    config.write_text("# mine\n[panels.wide]\nsamples = 0.25\n")

    async def story(app, pilot):
        before = app.query_one("#samples").outer_size.width
        await pilot.resize_terminal(200, 60)
        await pilot.pause(0.2)
        assert app.query_one("#samples").outer_size.width == 50
        await pilot.resize_terminal(120, 40)
        await pilot.pause(0.2)
        assert app.query_one("#samples").outer_size.width == before

    opened(story)
    assert config.read_text() == "# mine\n[panels.wide]\nsamples = 0.25\n"


@pytest.mark.extended
def test_no_panel_is_dragged_away(opened):
    async def story(app, pilot):
        models = app.query_one("#networks")
        for to in ((0, 10), (119, 10), (60, 39)):
            await drag(pilot, (models.region.right - 1, 10), to)
            assert models.outer_size.width >= LEAST["width"]
            assert app.query_one("#curves").outer_size.width >= LEAST["width"] - 1

    opened(story)


def test_a_drag_elsewhere_changes_nothing(opened, config):
    async def story(app, pilot):
        await drag(pilot, (5, 10), (50, 10))
        await drag(pilot, (60, 8), (30, 12))

    opened(story)
    assert not config.exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[panels]\nsamples = 0.5", "samples in [panels] is ignored: the tables are panels.narrow"),
        ("[panels.wide]\nsamples = 2", "must be a number from 0.05 to 0.95"),
        ("[panels.wide]\nsamples = nan", "must be a number from 0.05 to 0.95"),
        ('[panels.wide]\nsamples = "x"', "must be a number from 0.05 to 0.95"),
        ("[panels.huge]\nsamples = 0.5", "huge.samples in [panels] is ignored"),
        ("panels = 3", "it must be a table, [panels]"),
    ],
)
def test_a_size_that_cannot_be_is_refused_in_a_line(config, text, words):
    config.write_text(text)
    found = Preferences.read(config)
    assert not found.panels
    [line] = found.problems
    assert words in line
