"""A section without a run: what it is for, and the key that begins."""

import numpy as np
import pytest
from rich.text import Text
from textual.geometry import Size

from engine.data.digits import open_digits, ten_digits
from tests.tui.pilot import live, text, until
from tui.app.widgets.invitation import Invitation, draw_invitation
from tui.drawing.classes import arranged
from tui.drawing.pixels import ASCII


@pytest.mark.parametrize(("size", "columns", "side"), [
    ((86, 30), 5, 14), ((35, 7), 5, 6), ((170, 50), 5, 32), ((12, 40), 1, 6), ((10, 4), 0, 0),
])  # fmt: skip
def test_images_are_as_large_as_full_rows_allow(size, columns, side):
    assert arranged(10, *size) == (columns, side)


def test_an_invitation_fits_whatever_the_room_and_keeps_its_words():
    key = Text("press r to train baseline")
    for width in range(25, 120, 7):
        for height in range(8, 60, 3):
            drawn = draw_invitation("Some words", key, ten_digits(), ASCII, Size(width, height))
            lines = drawn.split("\n")
            assert len(lines) <= height
            assert max(line.cell_len for line in lines) <= width
            assert "Some words" in drawn.plain
            assert key.plain in drawn.plain


def test_the_ten_digits_are_the_examples_of_their_dataset():
    assert np.array_equal(open_digits().examples(20), ten_digits())


@pytest.mark.extended
def test_every_section_invites_until_it_has_a_run(tmp_path):
    def invited():
        return text(app_now[0], f"#{app_now[0].main.current} #invitation")

    app_now = []

    async def story(app, pilot):
        app_now.append(app)
        for key, words in (
            ("2", "press a to craft all 10"), ("3", "press a to draw all 74"),
            ("4", "press 1 to go to Train"), ("1", "press r to train baseline"),
        ):  # fmt: skip
            await pilot.press(key)
            await until(pilot, lambda: app.main.pane.query(Invitation), 5)
            await until(pilot, lambda words=words: words in invited(), 5)
        assert not app.query_one("#loss").region.area
        await pilot.press("full_stop", "z")  # with the focus, and all the room
        await pilot.press("r")
        await until(pilot, lambda: not app.main.pane.query(Invitation), 10)
        await until(pilot, lambda: app.query_one("#loss").region.area, 5)
        assert app.focused is app.main.pane.home
        await pilot.press("s", "4")
        await until(pilot, lambda: not app.main.runs.query(Invitation), 20)

    live(tmp_path / "none", story)


def test_runs_that_are_there_are_not_preceded_by_an_invitation(finished):
    async def story(app, pilot):
        for key in "1234":
            await pilot.press(key)
            await pilot.pause(0.2)
            assert not app.query(Invitation)

    live(finished, story)


def test_the_classes_of_the_chosen_dataset_replace_the_digits_once_it_is_open(tmp_path):
    path = tmp_path / "shapes.npz"
    generator = np.random.default_rng(0)
    images = generator.integers(0, 255, (600, 12, 12), np.uint8)
    labels = np.arange(600, dtype=np.uint8) % 3
    np.savez(path, x_train=images, y_train=labels, x_test=images,
             y_test=labels)  # fmt: skip

    async def story(app, pilot):
        panel = app.main.pane.query_one(Invitation)
        await until(pilot, lambda: len(app.conductor.examples.get(str(path), ())) == 3, 30)
        await until(pilot, lambda: panel.images is app.conductor.examples[str(path)], 5)

    live(tmp_path / "none", story, dataset=str(path))
