import re

import numpy as np
import pytest
from rich.style import Style
from rich.text import Text
from textual.events import Click
from textual.geometry import Size
from textual.widgets import OptionList, Static

from tests.tui.pilot import live, until
from tui.app.keymap import Keymap
from tui.app.sections import experiments
from tui.app.widgets.bar import bar
from tui.app.widgets.chart import Line, Plot, draw, spark
from tui.app.widgets.keybar import key_line
from tui.drawing.pixels import ASCII, BLOCKS, draw_framed, draw_grey, draw_signed, shrink
from tui.drawing.thumbnails import fitting_size, thumbnails

DOTTED = re.compile("[⠁-⣿]")


def rows(text):
    return text.plain.split("\n")


def test_a_28x28_image_is_28x14_cells_with_two_pixels_each():
    image = np.zeros((28, 28))
    image[0, 0], image[1, 0] = 1.0, 0.5
    text = draw_grey(image)
    assert [len(row) for row in rows(text)] == [28] * 14
    style = text.get_style_at_offset(__import__("rich.console", fromlist=["Console"]).Console(), 0)
    assert style.color.triplet.rgb == "rgb(255,255,255)"
    assert style.bgcolor.triplet.rgb == "rgb(128,128,128)"


def test_a_bar_is_full_by_its_share_and_empty_where_there_is_none():
    lengths = [bar(share, 8, "red").plain.count("━") for share in (0, 0.5, 1, np.nan)]
    assert lengths == [0, 4, 8, 0]


@pytest.mark.parametrize("own", [{}, {"run.pause": "ctrl+shift+f5", "app.help": "ctrl+f12"}])
@pytest.mark.parametrize("width", [40, 60, 80, 100, 120])
def test_the_key_bar_leaves_out_whole_keys_but_never_help_and_quit(width, own):
    keys = Keymap(own)
    for section in keys.actions.sections:
        line = key_line(section, (), keys, width).plain
        assert len(line.rstrip()) <= width
        whole = [f"{keys.shown(a.id)} {a.word}" for a in keys.actions.of_section(section)]
        rest = line
        for words in whole:
            rest = rest.replace(words, "", 1)
        assert not rest.strip()
        assert f"{keys.shown('app.help')} help" in line
        assert f"{keys.shown('app.quit')} quit" in line
    if width >= 60 and not own:
        assert all("s stop" in key_line(s, (), keys, width).plain for s in keys.actions.sections)
        assert all("space pause" in key_line(s, (), keys, width).plain for s in experiments())


@pytest.mark.parametrize("shades", [ASCII, BLOCKS])
def test_shaded_images_have_no_colour(shades):
    for text in (draw_grey(np.eye(10), shades), draw_signed(np.eye(10), 1, shades)):
        assert text.plain.isascii() or shades is BLOCKS
        assert not text.spans
    assert rows(draw_grey(np.ones((2, 3)), shades)) == [shades.grey[-1] * 3]


def test_signed_images_tell_more_from_less_and_survive_nan():
    for shades in (ASCII, BLOCKS):
        text = draw_signed(np.array([[1.0, -1.0, 0.0, np.nan]] * 2), 1.0, shades)
        assert text.plain[2:] == "  "
        assert len(set(text.plain)) == 3
    assert draw_signed(np.zeros((2, 2)), 0.0).plain == "▀▀"


def test_shrinking_averages_areas():
    image = np.arange(16.0).reshape(4, 4)
    assert shrink(image, 2, 2).tolist() == [[2.5, 4.5], [10.5, 12.5]]
    assert np.allclose(shrink(np.ones((28, 28)), 10, 10), 1)
    assert shrink(image, 99, 99).shape == (4, 4)


@pytest.mark.parametrize("size", [(16, 3), (30, 8), (80, 20), (5, 2), (0, 0)])
@pytest.mark.parametrize(
    "values",
    [
        [], [1.0], [1.0, 1.0], [np.nan] * 5, [1, np.inf, 2, -np.inf, 3], [1e-30, 1e30],
        list(np.linspace(-1, 1, 3000)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("log", [False, True])
def test_a_chart_never_crashes_and_keeps_its_size(size, values, log):
    line = Line(np.arange(len(values)), np.array(values, float), "red")
    text = draw(Plot([line], log=log), *size)
    drawn = rows(text)
    if len(drawn) > 1:
        assert len(drawn) == size[1]
        assert all(len(row) <= size[0] for row in drawn)


@pytest.mark.parametrize("height", [1, 2, 3, 4, 9])
@pytest.mark.parametrize("width", [1, 5, 11, 15, 16, 24, 60])
def test_a_chart_of_any_size_shows_its_curve_and_stays_within(width, height):
    line = Line(np.arange(1, 401), np.linspace(2.3, 0.1, 400), "red")
    drawn = rows(draw(Plot([line]), width, height))
    assert len(drawn) == height
    assert max(map(len, drawn)) <= width
    assert sum(len(DOTTED.findall(row)) for row in drawn) >= min(width, height)
    numbered = any("┤" in row for row in drawn)
    assert numbered == (width >= 15 and height >= 3)


def test_numbers_at_the_axis_do_not_run_into_each_other():
    line = Line(np.arange(1, 401), np.linspace(2.3, 0.1, 400), "red")
    for width in range(15, 40):
        assert set(rows(draw(Plot([line]), width, 5))[-1].split()) <= {"0", "200", "400"}


def test_no_peak_is_hidden():
    values = np.zeros(10_000)
    values[5_003] = 1
    text = draw(Plot([Line(np.arange(10_000), values, "red")]), 40, 10)
    assert any(0x2800 < ord(c) <= 0x28FF for c in rows(text)[0])  # the top row is reached


def test_a_gap_stays_a_gap():
    values = np.ones(100)
    values[40:60] = np.nan
    text = draw(Plot([Line(np.arange(100), values, "red")], low=0, high=2), 60, 9)
    middle = next(row for row in rows(text) if DOTTED.search(row))
    assert re.search(f"{DOTTED.pattern}{{5}} {{5}}", middle)
    assert len(DOTTED.findall(middle)) < 50


def test_sparks_never_crash():
    assert spark([], 4) == "    "
    assert spark([np.nan, np.inf], 4) == "    "
    assert spark([0, 1], 4) == "▁█  "
    assert spark([1, np.nan, 1], 3)[1] == " "
    assert spark([0.99, 1], 2, limits=(0, 1)) == "██"


def test_thumbnails_fill_the_width():
    one = (draw_grey(np.ones((4, 4)), ASCII), draw_grey(np.ones((2, 1)), ASCII))
    drawn = rows(thumbnails([one] * 3, 4, 10))  # small ones stand close
    assert drawn == ["@@@@ @@@@", "@@@@ @@@@", "@    @", "@@@@", "@@@@", "@"]
    large = (draw_grey(np.ones((2, 12)), ASCII), Text("x"))
    assert rows(thumbnails([large] * 2, 12, 30)) == ["@" * 12 + "  " + "@" * 12, f"x{'':13}x", ""]
    assert fitting_size(16, 120, 64) == 28
    assert fitting_size(16, 120, 60) == 26
    assert fitting_size(16, 10, 5) == 8


def test_a_line_that_is_no_longer_finite_is_told_by_a_badge():
    values = np.array([3.0, 2.0, np.nan, np.inf])
    plot = Plot([Line(np.arange(1, 5), values, "red")], log=True)
    assert plot.diverged == 3
    assert "diverged at step 3" in str(draw(plot, 60, 8))
    assert "diverged" not in str(draw(plot, 22, 8))  # no room: no half words


def test_the_cursor_is_a_column_behind_the_curve():
    line = Line(np.arange(101), np.full(101, 0.5), "red")
    without = draw(Plot([line], low=0, high=1), 60, 10)
    with_one = draw(Plot([line], low=0, high=1, cursor=50), 60, 10)
    changed = {
        column
        for a, b in zip(rows(without), rows(with_one), strict=True)
        for column, (x, y) in enumerate(zip(a.ljust(60), b.ljust(60), strict=True))
        if x != y
    }
    assert len(changed) == 1


def test_a_chart_up_to_a_step_has_the_axes_of_the_whole():
    values = np.where(np.arange(101) < 90, np.linspace(1, 5, 101), np.nan)
    lines = [Line(np.arange(101), values, "red"), Line(np.arange(60, 80), np.ones(20), "blue")]
    whole, part, none = (rows(draw(Plot(lines, until=at), 60, 10)) for at in (None, 40, -1))
    middle = 6 + int(0.4 * 54)
    assert [row[:middle] for row in part[3:]] == [row[:middle] for row in whole[3:]]
    assert [row[middle + 1 :] for row in part] == [row[middle + 1 :] for row in none]
    assert [row[:5] for row in none] == [row[:5] for row in whole]
    assert none[-1] == whole[-1]
    assert "diverged at step 90" in whole[0]
    assert whole[3:-1] != part[3:-1] != none[3:-1]


def test_a_chart_sends_one_style_for_a_run_of_cells():
    line = Line(np.arange(101), np.linspace(0, 1, 101), "red")
    drawn = draw(Plot([line]), 60, 10)
    assert len(drawn.spans) < 60


def test_a_frame_stands_around_its_field():
    drawn = rows(draw_framed(np.zeros((8, 8)), (slice(2, 6), slice(3, 5)), ASCII))
    shades = np.array([list(line) for line in drawn])
    assert (shades[1:3, 2] != " ").all()
    assert (shades[1:3, 3:5] == " ").all()
    assert (shades[:, :2] == " ").all()


@pytest.mark.parametrize("move", ["page_up", "page_down"])
def test_a_list_that_is_not_laid_out_turns_no_pages(tmp_path, move):
    """Below the smallest size, in a select that opens, in the palette before it shows anything."""

    async def story(app, pilot):
        options = OptionList("one", "two")
        options.display = False
        await app.screen.mount(options)
        for highlighted in (None, 0):
            options.highlighted = highlighted
            getattr(options, f"action_{move}")()
        assert options.highlighted == 0

    live(tmp_path, story)


def test_a_click_on_an_option_that_is_gone_chooses_nothing(tmp_path):
    """The palette's list is replaced as one types, and a click may have been meant for the last."""

    async def story(app, pilot):
        options = OptionList("one", "two")
        await app.screen.mount(options)
        options.focus()
        where = {"x": 1, "y": 1, "screen_x": 1, "screen_y": 1, "delta_x": 0, "delta_y": 0}
        keys = {"button": 1, "shift": False, "meta": False, "ctrl": False}
        for option, highlighted in ((1, 1), (7, 1)):
            style = Style.from_meta({"option": option})
            options.post_message(Click(widget=options, **where, **keys, style=style))
            await pilot.pause()
            assert options.highlighted == highlighted

    live(tmp_path, story)


def test_a_text_that_changes_twice_around_a_layout_is_shown_whole(tmp_path):
    async def story(app, pilot):
        words = Static("")
        await app.screen.mount(words)
        await pilot.pause()
        words.update("\n".join("ab"))
        app.screen._refresh_layout(Size(100, 30))  # the terminal is resized before it is idle
        words.update("\n".join("abcd"))
        await until(pilot, lambda: not words._layout_required)
        await pilot.pause(0.1)
        assert words.size.height == 4

    live(tmp_path, story)
