"""The confusion matrix, the mistakes and what resists a noise: drawn, moved in, opened."""

import shutil

import numpy as np
import pytest
from rich.text import Text
from textual.color import Color
from textual.containers import VerticalScroll

from tests.conftest import a_few
from tests.tui.pilot import live, text, until
from tui.app.colours import contrast
from tui.app.heat import Heat
from tui.app.screens.confusion import ConfusionMatrix
from tui.app.screens.gallery import Gallery, ImageView
from tui.app.screens.success import SuccessMap
from tui.app.widgets.probabilities import probability_bars
from tui.drawing.matrix import HEADS, Matrix
from tui.drawing.sheet import Sheet

THINGS = tuple(f"thing {n}" for n in range(100))
CLOTHES = ("T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker",
           "bag", "ankle boot")  # fmt: skip
ROOMS = [(56, 16), (76, 22), (116, 38), (236, 68), (30, 6)]


def matrix(room, names, keep=(0, 0), first=(0, 0), needed=4):
    return Matrix.fit(
        room, names, len(names), needed=needed, total=8, below=1, keep=keep, first=first
    )


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("names", [("a", "b"), CLOTHES, THINGS])
def test_a_matrix_fits_and_shows_the_cell_under_the_cursor(room, names):
    last = len(names) - 1
    for keep in [(0, 0), (last, last), (last // 2, 0)]:
        shape = matrix(room, names, keep)
        assert keep[0] in shape.rows
        assert keep[1] in shape.columns
        drawn = shape.draw(
            ("label", "predicted"), names, range(len(names)),
            lambda row, column: (str(row), "bold"), ("all", str), keep,
        )  # fmt: skip
        lines = drawn.plain.split("\n")
        assert max(map(len, lines)) <= room[0]
        assert len(lines) <= max(room[1] - 1, HEADS + 1)
        row, column = keep
        y = HEADS + (row - shape.first[0]) * shape.high
        x = shape.head + (column - shape.first[1]) * shape.cell
        assert shape.at(x, y) == keep
        assert shape.at(x + shape.cell - 1, y + shape.high - 1) == keep
    assert shape.at(0, HEADS) is None


def test_all_ten_columns_fit_the_smallest_terminal_and_a_large_one_names_them():
    assert matrix((56, 16), CLOTHES).shown == (10, 10)
    large = matrix((196, 56), CLOTHES)
    assert large.high > 1
    assert large.cell > len("T-shirt/top")
    assert matrix((56, 16), THINGS, (50, 50), first=(45, 45)).first == (45, 45)  # it stays


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("pixels", [8, 20, 28, 64])
def test_a_sheet_fits_and_knows_what_is_where(room, pixels):
    sheet = Sheet.fit(*room, pixels=pixels, count=50, lines=2)
    picture = Text("\n".join(["x" * sheet.side] * (sheet.side // 2)))
    captions = [Text("a caption that is far too long for it"), Text("no")]
    lines = sheet.draw([(picture, captions)] * sheet.page, 0).plain.split("\n")
    assert len(lines) <= room[1]
    assert max(map(len, lines)) <= room[0]
    assert sheet.at(0, 0) == 0
    assert sheet.at(sheet.side, 0) is None  # between two pictures
    assert sheet.at(sheet.across * sheet.columns, 0) is None
    last = sheet.across * (sheet.columns - 1), sheet.down * (sheet.rows - 1)
    assert sheet.at(*last) == sheet.page - 1


def test_a_sheet_is_enlarged_only_where_many_fit():
    assert Sheet.fit(116, 36, pixels=28, count=500, lines=2).side == 28
    assert Sheet.fit(116, 36, pixels=28, count=1, lines=2).side == 56
    assert Sheet.fit(56, 15, pixels=28, count=500, lines=1).page >= 6


@pytest.mark.parametrize("dark", [True, False])
def test_what_is_wrong_stands_out_the_more_the_larger(dark):
    surface = Color.parse("#1e1e1e" if dark else "#d8d8d8")
    heat = Heat(dark, surface, Heat.full_of(0.116))
    assert heat.full == 0.2
    papers = [Color.parse(heat.wrong(share).split()[-1]) for share in (0.001, 0.01, 0.05, 0.2)]
    distances = [contrast(paper, surface) for paper in papers]
    assert distances == sorted(distances)
    assert distances[-1] > contrast(Color.parse(heat.calm(1).split()[-1]), surface)
    plain = Heat(dark, surface, 0.2, colour=False)
    assert plain.wrong(0.2) == "bold"
    assert "on" not in plain.wrong(0.001).split()


def test_probabilities_name_what_was_predicted_and_what_is_true():
    values = np.full(10, 0.01)
    values[[3, 8]] = 0.7, 0.2
    lines = probability_bars(CLOTHES, values, 8, width=70, lines=10).plain.split("\n")
    assert len(lines) == 10
    assert lines[3].startswith("3 dress")
    assert lines[3].endswith(" 70.0% predicted")
    assert lines[8].endswith(" 20.0% label")
    few = probability_bars(THINGS, np.eye(100)[7], 42, width=24, lines=4).plain.split("\n")
    assert [line.split()[0] for line in few] == ["0", "1", "7", "42"]
    assert max(map(len, few)) <= 24
    assert "–" in probability_bars(("a", "b"), np.full(2, np.nan), 0, width=30, lines=4).plain


def title(app):
    return str(app.screen.query_one(VerticalScroll).border_title)


async def loaded(app, pilot):
    gallery = app.screen
    assert isinstance(gallery, Gallery)
    await until(pilot, lambda: gallery.exhibit is not None or gallery.problem)
    await pilot.pause()


def test_a_cell_of_the_confusion_matrix_opens_its_images(finished):
    async def story(app, pilot):
        await pilot.press("1", "m")
        assert isinstance(app.screen, ConfusionMatrix)
        counts, (row, column) = app.screen.counts, app.screen.place
        assert row != column
        assert counts[row, column] == counts[~np.eye(10, dtype=bool)].max()
        assert f"label {row}, predicted {column}: {counts[row, column]} image" in title(app)
        await pilot.press("left", "right", "enter")
        await loaded(app, pilot)
        assert len(app.screen.exhibit) == counts[row, column]
        assert f"label {row}" in text(app, "#closeup")
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, ImageView)
        assert "90.0%" in text(app, "#closeup")
        await pilot.press("escape", "escape")
        await pilot.pause()
        matrix = app.screen
        x, y = matrix.layout_.head, HEADS
        await pilot.click("#closeup", offset=(x + 1, y))  # label 0, predicted 0
        await pilot.pause()
        assert matrix.place == (0, 0)
        await loaded(app, pilot)
        assert len(app.screen.exhibit) == counts[0, 0]

    live(finished, story)


def test_mistakes_are_paged_through_by_keys_wheel_and_pointer(finished):
    async def story(app, pilot):
        await pilot.press("1", "v")
        await loaded(app, pilot)
        gallery = app.screen
        assert "1/16" in title(app)
        assert "confidence 90.0%" in text(app, "#closeup")
        page = gallery._sheet.page
        assert page < 16
        gallery.action_page(1)
        assert gallery.place == page
        gallery.action_page(1)  # there is none
        assert gallery.place == page
        await pilot.press("home")
        await pilot.hover("#closeup", offset=(gallery._sheet.across, 0))
        await pilot.pause()
        assert gallery.place == 1
        await pilot.click("#closeup", offset=(0, 0))
        await pilot.pause()
        assert isinstance(app.screen, ImageView)
        await pilot.press("right", "right", "escape")
        await pilot.pause()
        assert app.screen is gallery
        assert gallery.place == 2  # it is where one has gone
        await pilot.press("v")
        assert len(app.screen_stack) == 1

    live(finished, story, size=(80, 24))


@pytest.mark.extended
def test_what_resists_a_noise_is_shown_with_the_noise_on_it(finished):
    async def story(app, pilot):
        await pilot.press("2", "j", "v")
        await loaded(app, pilot)
        exhibit = app.screen.exhibit
        assert exhibit.target == 1
        assert len(exhibit) > 0
        assert all(exhibit._of(n)[2] for n in range(len(exhibit)))
        assert not np.array_equal(exhibit.image(0), exhibit.clean(0))
        await pilot.press("enter")
        await pilot.pause()
        assert "sum, clamped" in text(app, "#closeup")
        assert "resists" in text(app, "#closeup")
        await pilot.press("escape", "escape", "m", "l", "enter")
        await pilot.pause()
        await loaded(app, pilot)
        [source] = {app.screen.exhibit._of(n)[0] for n in range(len(app.screen.exhibit))}
        resists = [app.screen.exhibit._of(n)[2] for n in range(len(app.screen.exhibit))]
        assert resists == sorted(resists, reverse=True)
        await pilot.press("escape")
        assert isinstance(app.screen, SuccessMap)
        assert f"{source} read as 1" in title(app)

    live(finished, story)


@pytest.mark.parametrize("damage", a_few(["missing", "cut", "other images"]))
def test_answers_that_cannot_be_shown_say_why(finished, tmp_path, damage):

    copy = tmp_path / "runs"
    shutil.copytree(finished, copy)
    for run in copy.glob("*-train-*"):
        path = run / "answers.npz"
        if damage == "missing":
            path.unlink()
        elif damage == "cut":
            path.write_bytes(path.read_bytes()[:500])
        else:
            info = (run / "run.json").read_text()
            sha = info.split('"sha256": "')[1][:64]
            for name in ("run.json", "events.jsonl"):
                (run / name).write_text((run / name).read_text().replace(sha, "f" * 64))

    async def story(app, pilot):
        await pilot.press("1", "v")
        await loaded(app, pilot)
        words = {"missing": "version 0.1", "cut": "is damaged", "other images": "other images"}
        assert words[damage] in " ".join(text(app, "#closeup").split())
        await pilot.press("enter", "down", "pagedown", "end", "escape")
        assert len(app.screen_stack) == 1

    live(copy, story)


def test_a_training_without_an_end_says_why_there_is_no_matrix(finished):
    async def story(app, pilot):
        await until(pilot, lambda: app.main.pane.shown is not None)
        app.main.pane.shown.history.finished = None
        said = []
        app.notify = lambda words, **options: said.append(words)
        await pilot.press("1", "m", "v")
        assert [words.split(";")[0] for words in said] == 2 * [
            "The test images are judged once a run has taken all its steps"
        ]

    live(finished, story)


@pytest.mark.extended
def test_a_sample_has_all_probabilities_at_the_end_of_its_run(finished):
    async def story(app, pilot):
        await until(pilot, lambda: app.main.pane.shown is not None)
        await pilot.press("1", "enter")
        await pilot.pause()
        view = app.screen
        assert "confidence" in text(app, "#closeup")
        view.probabilities = np.full((16, 10), 0.0123)
        for size in [(60, 18), (120, 40)]:
            await pilot.resize_terminal(*size)
            await pilot.pause(0.1)
            view.draw()
            await pilot.pause()
            assert text(app, "#closeup").count("1.2%") == 11  # and as the confidence
            assert view._drawn.plain.count("\n") < view.room.height
        await pilot.press("escape", "left", "enter")
        await pilot.pause()
        assert "1.2%" not in text(app, "#closeup")  # an earlier step

    live(finished, story)
