"""The whole app where the terminal shows images: they stand where cells would."""

import numpy as np
import pytest

from tests.conftest import a_few
from tests.tui.kitty_terminal import KittyTerminal
from tests.tui.pilot import live, until
from tests.tui.views import open_view
from tui.app.terminal.images import Images
from tui.drawing.pixels import UPPER_HALF, draw_grey
from tui.drawing.placing import STAND_INS

PICTURED = (("train", "noise"), ("sample", "adversarial", "visualize", "neuron"),
            ("runs", "compare", "mistakes", "mistake", "resists", "pad"))  # fmt: skip
SIZES = ((120, 40), (60, 18), (80, 24), (200, 60))


def lines_of(app):
    return ["".join(s.text for s in strip) for strip in app.screen._compositor.render_strips()]


def written(app):
    """Return what goes to the terminal for the whole screen."""
    update = app.screen._compositor.render_update(full=True, screen_stack=app._background_screens)
    images = Images(app.images.placing, clock=lambda: 0.0)
    data = images.translate(update.render_segments(app.console))
    while images.late:
        images._level = 0.0
        data += images.catch_up()
    return data


@pytest.mark.extended
@pytest.mark.parametrize("size", a_few(SIZES, 0, 1))
@pytest.mark.parametrize("views", a_few(PICTURED, 0, 2))
def test_images_stand_where_cells_would_and_are_whole(finished, in_kitty, views, size):
    in_cells = {}

    async def remember(app, pilot):
        for view in views:
            await open_view(app, pilot, view)
            await pilot.pause(0.3)
            in_cells[view] = lines_of(app)

    async def compare(app, pilot):
        for view in views:
            await open_view(app, pilot, view)
            await pilot.pause(0.3)
            lines = lines_of(app)
            for line, other in zip(lines, in_cells[view], strict=True):
                for mine, cell in zip(line, other, strict=True):
                    placed = STAND_INS.match(mine) is not None
                    # On the pad, what has one colour in both halves is blank in cells.
                    assert placed or cell != UPPER_HALF
                    assert not placed or cell in (UPPER_HALF, " ")
            terminal = KittyTerminal(*size)
            terminal.feed(written(app))
            placed = {(y, x) for y, line in enumerate(lines) for x, mine in enumerate(line)
                      if STAND_INS.match(mine)}  # fmt: skip
            assert terminal.cells.keys() == placed
            for y, x in placed:
                id, row, column = terminal.cells[y, x]
                image = app.images.placing.find(lines[y][x])
                assert (row, column) == image.place(lines[y][x])
                assert terminal.images[id][1:] == (image.columns, image.rows)
                pixels = image.enlarged()
                got = terminal.images[id][0][..., : pixels.shape[-1] if pixels.ndim > 2 else 1]
                assert got.tobytes() == pixels.tobytes()

    live(finished, remember, size, plain=False)
    live(finished, compare, size, plain=False, images="kitty")


def test_a_screenshot_has_cells(finished, in_kitty):
    async def story(app, pilot):
        pane = app.main.experiments["train"]
        await until(pilot, lambda: pane.shown is not None)
        await pilot.pause(0.3)
        assert STAND_INS.search("".join(lines_of(app)))
        pictures = app.export_screenshot()
        assert UPPER_HALF in pictures
        assert not STAND_INS.search(pictures)
        assert STAND_INS.search("".join(lines_of(app)))  # the screen itself stays

    live(finished, story, plain=False, images="kitty")


@pytest.mark.extended
def test_images_in_ascii_leave_everything_else_as_it_is(finished, in_kitty):
    async def story(app, pilot):
        pane = app.main.experiments["train"]
        await until(pilot, lambda: pane.shown is not None)
        await pilot.pause(0.3)
        lines = "\n".join(lines_of(app))
        assert UPPER_HALF not in lines
        assert "╭" in lines or "┌" in lines
        assert not app.main.runs.look.plain

    live(finished, story, plain=False, images="ascii")


def test_an_error_in_what_sends_images_leaves_blanks_and_the_app_alive(
    finished, in_kitty, monkeypatch
):
    async def story(app, pilot):
        pane = app.main.experiments["train"]
        await until(pilot, lambda: pane.shown is not None)
        await pilot.pause(0.3)
        placed = draw_grey(np.ones((4, 4)), app.images.placing).plain
        monkeypatch.setattr(app.images, "translate", lambda data: 1 / 0)
        assert app.translated(f"a{placed}b") == "a    \n    b"
        assert "division by zero" in app.last
        app._exception = None  # it was meant
        assert app.is_running

    live(finished, story, plain=False, images="kitty")
