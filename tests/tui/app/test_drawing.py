"""Every picture at every width: what stands on the screen is what was to be drawn."""

import asyncio
from itertools import cycle, product

import numpy as np
import pytest
from rich.text import Text
from textual.containers import VerticalScroll
from textual.events import Resize
from textual.geometry import Size

from engine.analysis.compare import compare
from engine.config import RunConfig
from engine.networks.architectures import ARCHITECTURES, BEST_MODEL, CLASSES
from engine.runs.run import Run
from tests.conftest import a_few
from tests.tui import example_runs as examples
from tests.tui.pilot import until
from tests.tui.pixels import cells_of_text, drawn_in, images_in, seen_of
from tui.app.app import MnistTui
from tui.app.screens.closeup import CloseUp
from tui.app.sections.adversarial.infused import Infused
from tui.app.sections.visualize.pane import field_of
from tui.app.widgets.lines import Lines
from tui.app.widgets.room import Room, Rows
from tui.comparison import pictures
from tui.drawing import pixels
from tui.drawing.pixels import ASCII, draw_grey, exactly
from tui.drawing.thumbnails import fitting_size, thumbnails

LAYOUT = ARCHITECTURES[BEST_MODEL].layout
NEURONS = {layer.name: layer.neurons for layer in reversed(LAYOUT.layers)}  # as they are listed
WIDTHS, HEIGHTS = range(60, 241), (18, 24, 40, 60)
SOME_WIDTHS = (60, 75, 76, 80, 100, 109, 110, 130, 159, 160, 200, 240)  # what changes at which


def grey(image):
    """Return an image [H, W] in [0, 1] as the pixels that a screen shows: [H, W, 3]."""
    level = (np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)
    return np.stack([level] * 3, axis=-1)


def assert_drawn(cells, expected):
    """Compare the images among cells with those expected, functions of a side in pixels."""
    found = images_in(cells)
    assert len(found) == len(expected)
    assert len({image.shape for image in found}) == 1
    for image, of_size in zip(found, expected, strict=True):
        assert image.shape[0] == image.shape[1]
        np.testing.assert_array_equal(image, of_size(image.shape[0]))


def assert_seen(app, room):
    """Compare what the screen shows of a panel with its picture at the same place."""
    seen, top = seen_of(room, app), int(room.scroll_y)
    drawn = drawn_in(room.query_one(Lines))[top:]
    assert all(len(row) == room.room.width for row in seen)
    for visible, row in zip(seen, drawn, strict=False):
        assert [cell[0] for cell in visible] == [cell[0] for cell in row]
        assert visible == row


def samples_of(pane):
    images = pane.shown.history.images("samples")
    edge = pane.shown.margin
    return [
        lambda size, image=image: grey(exactly(image[edge:-edge, edge:-edge], size))
        for image in images
    ]


def infused_of(pane):
    infused = Infused.at(pane.shown, None)
    index = pane.index_of(pane.row)
    edge = pane.shown.margin // 2
    return [
        lambda size, digit=digit: grey(
            exactly(infused.sum(index, digit)[edge:-edge, edge:-edge], size)
        )
        for digit in range(CLASSES)
        if digit != pane.row
    ]


def noise_of(pane):
    infused = Infused.at(pane.shown, None)
    image = infused.noises[pane.index_of(pane.row)]

    def of_size(size):
        large = exactly(image, size)
        unit = np.clip(large / infused.bound, -1, 1)[..., None]
        tint = np.where(unit > 0, (178, 24, 43), (33, 102, 172))
        return (247 * (1 - abs(unit)) + tint * abs(unit)).astype(np.uint8)

    return [of_size]


def neurons_of(pane):
    preview = pane.shown.history.preview("images")
    rows = pane.rows_of_layer()
    return [
        lambda size, row=row: grey(
            exactly(field_of(pane.shown.config.targets[row], preview.images[row]), size)
        )
        for row in rows
    ]


async def resize(app, width, height, widget):
    """Resize the terminal, and wait until a widget is drawn for it (a pilot's way takes longer)."""
    size = Size(width, height)
    app._driver._size = size
    app.post_message(Resize(size, size))
    while app.screen.size != size:
        await asyncio.sleep(0.002)
    for waiting in (widget, app.screen) * 2:  # its own resizing, and the layout of what it drew
        drawn = asyncio.Event()
        waiting.call_after_refresh(drawn.set)
        await drawn.wait()


async def settled(check):
    """Check what stands on the screen once nothing changes any more, for twenty seconds."""
    for _ in range(400):
        try:
            return check()
        except AssertionError:  # classes by size, which follow a layout, lead to another one
            await asyncio.sleep(0.05)
    return check()


VIEWS = {  # section, keys, panel, what is in it, from which width on it is shown
    "samples": ("1", "#samples", samples_of, 76),
    "noise": ("2", "#noise-panel", noise_of, 60),
    "infused": ("2", "#infused", infused_of, 76),
    "logits": ("3", "#neuron-grid", neurons_of, 60),
    "pool2": ("3", "#neuron-grid", neurons_of, 60),
    "pool1": ("3", "#neuron-grid", neurons_of, 60),
}


@pytest.fixture(scope="module")
def opened(finished):
    """Return what runs a story in an app in colour on the example runs."""

    def play(story, size=(120, 40)):
        async def run():
            app = MnistTui(RunConfig(dataset="digits", artifacts=str(finished)))
            async with app.run_test(size=size) as pilot:
                await until(pilot, lambda: app.focused is not None)
                panes = app.main.experiments.values()
                await until(pilot, lambda: all(pane.newest() is not None for pane in panes))
                await story(app, pilot)

        asyncio.run(run())

    return play


async def look_at(app, pilot, view, widths):
    """Go to a view, then through sizes; compare what it shows at each."""
    key, panel, expected, from_width = VIEWS[view]
    await pilot.press(key)
    pane = app.main.panes[app.main.current]
    await until(pilot, lambda: pane.shown is not None)
    if view in NEURONS:
        before = list(NEURONS)[: list(NEURONS).index(view)]
        pane.query_one(Rows).highlighted = sum(1 + NEURONS[layer] for layer in before)
    room = app.query_one(panel, Room)
    for width, height in zip(widths, cycle(HEIGHTS), strict=False):
        await resize(app, width, height, room)

        def check():
            assert_drawn(drawn_in(room.query_one(Lines)), expected(pane))
            assert_seen(app, room)

        if width >= from_width:
            await settled(check)


@pytest.mark.parametrize("view", a_few(VIEWS, 1, 1))
def test_grids_on_the_screen(opened, view):
    async def story(app, pilot):
        await look_at(app, pilot, view, SOME_WIDTHS)

    opened(story)


@pytest.mark.long
@pytest.mark.parametrize("view", VIEWS)
def test_grids_on_the_screen_at_every_width(opened, view):
    async def story(app, pilot):
        await look_at(app, pilot, view, [width for width in WIDTHS for _ in HEIGHTS])

    opened(story)


def rooms():
    """Yield the rooms that a panel can have in terminals of every width."""
    for width in range(8, max(WIDTHS)):
        yield Size(width, HEIGHTS[width % len(HEIGHTS)] - 5)


@pytest.mark.extended
@pytest.mark.parametrize("view", a_few(VIEWS, 0, 2))
def test_grids_in_rooms_of_every_width(opened, view):
    key, panel, expected, _ = VIEWS[view]

    async def story(app, pilot):
        await pilot.press(key)
        pane = app.main.panes[app.main.current]
        await until(pilot, lambda: pane.shown is not None)
        if view in NEURONS:
            before = list(NEURONS)[: list(NEURONS).index(view)]
            pane.query_one(Rows).highlighted = sum(1 + NEURONS[layer] for layer in before)
            await pilot.pause()
        drawing = app.query_one(panel, Room)._drawing
        for room in rooms():
            drawn = drawing(room)
            assert max(map(len, drawn.plain.split("\n"))) <= room.width
            assert_drawn(cells_of_text(drawn), expected(pane))

    opened(story)


CLOSE_LOOKS = {  # section, keys, number of images
    "sample": ("1", ("enter",), 1),
    "noise": ("2", ("enter",), 3),
    "logit": ("3", ("enter",), 10),
    "pool1": ("3", ("k", "enter"), 10),
}


@pytest.mark.extended
@pytest.mark.parametrize("view", a_few(CLOSE_LOOKS, 0, 1))
def test_close_looks_in_every_room(opened, view, recorded):
    key, keys, count = CLOSE_LOOKS[view]

    async def story(app, pilot):
        await pilot.press(key)
        pane = app.main.pane
        await until(pilot, lambda: pane.shown is not None)
        await pilot.press(*keys)
        await until(pilot, lambda: isinstance(app.screen, CloseUp))
        for width in WIDTHS:
            room = Size(width - 5, HEIGHTS[width % len(HEIGHTS)] - 2)
            recorded.clear()
            drawn = app.screen.picture(room)
            assert max(map(len, drawn.plain.split("\n"))) <= room.width
            assert_recorded(cells_of_text(drawn), recorded, count)
        for width, height in product((-5, 0, 1, 7, 30), (-5, 0, 1, 7)):  # smaller than it needs
            app.screen.picture(Size(width, height))
        await resize(app, 20, 5, app.screen.query_one(VerticalScroll))
        assert app.faults.count == 0

    opened(story)


@pytest.mark.extended
@pytest.mark.parametrize("view", a_few(CLOSE_LOOKS, 0, 1))
def test_close_looks_on_the_screen(opened, view, recorded):
    key, keys, count = CLOSE_LOOKS[view]

    async def story(app, pilot):
        await pilot.press(key)
        pane = app.main.pane
        await until(pilot, lambda: pane.shown is not None)
        await pilot.press(*keys)
        await until(pilot, lambda: isinstance(app.screen, CloseUp))
        for width, height in zip(SOME_WIDTHS, cycle(HEIGHTS), strict=False):
            panel = app.screen.query_one(VerticalScroll)
            await resize(app, width, height, panel)

            def check(panel=panel):
                recorded.clear()
                app.screen.picture(app.screen.room)  # what was to be drawn
                assert_recorded(drawn_in(app.screen.query_one("#closeup")), recorded, count)
                if view in ("sample", "noise"):
                    assert panel.max_scroll_y == 0

            await settled(check)
            while panel.scroll_y < panel.max_scroll_y:
                before = panel.scroll_y
                await pilot.press("pagedown")
                assert panel.scroll_y > before

    opened(story)


@pytest.fixture
def recorded(monkeypatch):
    """Return the list to which every image is added that is drawn: [H, W, 3]."""
    images = []

    def record(colours):
        images.append(colours)
        return draw(colours)

    draw = pixels._half_blocks
    monkeypatch.setattr(pixels, "_half_blocks", record)
    monkeypatch.setattr(pixels, "_grey", pixels._grey.__wrapped__)
    return images


def assert_recorded(cells, recorded, count):
    """Compare the images among cells with those that were drawn."""
    found = images_in(cells)
    assert len(found) == len(recorded) == count
    for image, drawn in zip(found, recorded, strict=True):
        np.testing.assert_array_equal(image, drawn)


@pytest.mark.long
def test_compared_pictures_at_every_width(tmp_path, digits, recorded):
    runs = [Run(tmp_path / examples.crafted(tmp_path, digits, n, "a network")) for n in (1, 2)]
    comparison = compare(runs)
    for width in WIDTHS:
        recorded.clear()
        drawn = pictures(comparison, width, None)
        assert max(map(len, drawn.plain.split("\n"))) <= width
        assert_recorded(cells_of_text(drawn), recorded, 2 * CLASSES)


def test_thumbnails_are_never_wider_than_their_width():
    pictures = [(draw_grey(np.ones((12, 12))), Text("a caption that is long"))] * 5
    for width in range(1, 60):
        lines = thumbnails(pictures, 12, width).split("\n")
        assert max(line.cell_len for line in lines) <= width
        assert fitting_size(5, width, 20) >= 8


def test_captions_do_not_move_the_pictures_beside_them():
    pictures = [(draw_grey(np.ones((14, 14)), ASCII), Text("a caption that is long"))] * 2
    top, *_, caption = thumbnails(pictures, 14, 40).plain.rstrip("\n").split("\n")
    assert top == f"{'@' * 14}  {'@' * 14}"
    assert caption == "a caption that  a caption that"
