"""Charts of characters."""

import re
import time

import numpy as np
import pytest
from rich.text import Text

from engine.runs.curves import Curve
from tui.app.widgets.lines import changed
from tui.drawing.canvas import path, stippled
from tui.drawing.chart import DOTTED, draw, lay_out
from tui.drawing.columns import columns_of
from tui.drawing.plot import Line, Plot
from tui.drawing.spark import spark

BRAILLE = re.compile("[⠁-⣿]")


def rows(text):
    return text.plain.split("\n")


def inked(text, *styles):
    """Return the rows with what has one of some styles; by default all but the grid."""
    shown = [" "] * len(text.plain)
    for start, end, style in text.spans:
        if style in styles or (not styles and style != DOTTED):
            shown[start:end] = text.plain[start:end]
    for place, character in enumerate(text.plain):
        if character == "\n":
            shown[place] = character
    return "".join(shown).split("\n")


def straight(steps=101, value=0.5, **options):
    return Line(np.arange(steps), np.full(steps, value), "red", **options)


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
    curve = inked(draw(Plot([line]), width, height))
    assert sum(len(BRAILLE.findall(row)) for row in curve) >= min(width, height)
    numbered = any("┤" in row for row in drawn)
    assert numbered == (width >= 11 and height >= 3)


def test_numbers_at_the_axis_do_not_run_into_each_other():
    line = Line(np.arange(1, 401), np.linspace(2.3, 0.1, 400), "red")
    for width in range(15, 40):
        numbers = rows(draw(Plot([line]), width, 5))[-1].split()
        assert set(numbers) <= {"0", "100", "200", "300", "400", "step"}
        assert "400" in numbers


def test_no_peak_is_hidden():
    values = np.zeros(10_000)
    values[5_003] = 1
    text = draw(Plot([Line(np.arange(10_000), values, "red")]), 40, 10)
    assert BRAILLE.search(inked(text)[0])  # the top row is reached


def test_a_gap_stays_a_gap():
    values = np.ones(100)
    values[40:60] = np.nan
    text = draw(Plot([Line(np.arange(100), values, "red")], low=0, high=2), 60, 9)
    middle = next(row for row in inked(text) if BRAILLE.search(row))
    assert re.search(f"{BRAILLE.pattern}{{5}} {{5}}", middle)
    assert len(BRAILLE.findall(middle)) < 50


def test_sparks_never_crash():
    assert spark([], 4) == "    "
    assert spark([np.nan, np.inf], 4) == "    "
    assert spark([0, 1], 4) == "▁█  "
    assert spark([1, np.nan, 1], 3)[1] == " "
    assert spark([0.99, 1], 2, limits=(0, 1)) == "██"


def test_a_line_that_is_no_longer_finite_is_told_by_a_badge():
    values = np.array([3.0, 2.0, np.nan, np.inf])
    plot = Plot([Line(np.arange(1, 5), values, "red")], log=True)
    assert plot.diverged == 3
    assert "diverged at step 3" in str(draw(plot, 60, 8))
    assert "diverged" not in str(draw(plot, 20, 8))  # no room: no half words


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
    drawings = [lay_out(Plot(lines, until=at), 60, 10) for at in (None, 40, -1)]
    whole, part, none = (rows(drawing.text) for drawing in drawings)
    margin = drawings[0].margin
    middle = margin + drawings[0].frame.column(40) // 2
    assert [row[:middle] for row in part[3:]] == [row[:middle] for row in whole[3:]]
    assert [row[middle + 1 :] for row in part] == [row[middle + 1 :] for row in none]
    assert [row[:margin] for row in none] == [row[:margin] for row in whole]
    assert none[-1] == whole[-1]
    assert "diverged at step 90" in whole[0]
    assert whole[3:-1] != part[3:-1] != none[3:-1]


def test_a_chart_sends_one_style_for_a_run_of_cells():
    line = Line(np.arange(101), np.linspace(0, 1, 101), "red")
    drawn = draw(Plot([line]), 60, 10)
    assert len(drawn.spans) < 60


def noisy(count):
    steps = np.arange(count)
    return steps, np.random.default_rng(0).uniform(1, 3, count)


def test_many_points_are_a_bright_mean_over_a_band_from_lowest_to_highest():
    plot = Plot([Line(*noisy(20_000), "$series-1")], low=0, high=4)
    text = draw(plot, 60, 21)
    bright, dim = (np.array([[*row] for row in inked(text, style)[:-1]]) != " "
                   for style in ("$series-1", "$band-1"))  # fmt: skip
    assert bright.any(1).nonzero()[0].tolist() == [9, 10]  # around the mean, 2
    assert dim.any(1).nonzero()[0].min() == 5  # 3, the highest
    assert dim.any(1).nonzero()[0].max() == 14  # 1, the lowest
    assert not (bright & dim).any()


def test_a_band_has_fewer_dots_inside_but_all_of_them_at_its_edges():
    mask = np.zeros((12, 10), bool)
    mask[2:10] = True
    thin = stippled(mask)
    assert thin[2].all()
    assert thin[9].all()
    assert thin[3:9].mean() == 0.5
    assert not thin[[0, 1, 10, 11]].any()
    light = stippled(mask, lightly=True)
    assert light[[2, 9]].all()
    assert light[3:9].mean() == 0.25


def test_a_smoothed_line_has_the_band_of_what_it_smooths():
    steps, values = noisy(2_000)
    smoothed = Line(steps, np.full(2_000, 2.0), "$series-1", around=(Curve(steps, values),))
    text = draw(Plot([smoothed], low=0, high=4), 60, 21)
    assert sum(bool(BRAILLE.search(row)) for row in inked(text, "$series-1")) == 1
    assert sum(bool(BRAILLE.search(row)) for row in inked(text, "$band-1")) >= 9


def test_the_grid_stands_at_the_numbers_and_never_in_a_cell_with_a_curve():
    text = draw(Plot([straight()], low=0, high=1), 60, 21)
    grid = inked(text, DOTTED)
    labelled = [number for number, row in enumerate(rows(text)) if "┤" in row]
    assert [float(rows(text)[number].split("┤")[0]) for number in labelled] == [
        1.0, 0.8, 0.6, 0.4, 0.2, 0.0
    ]  # fmt: skip
    assert [number for number, row in enumerate(grid) if row.count("⠁") + row.count("⠂")
            + row.count("⠄") + row.count("⡀") > 40] == labelled  # fmt: skip
    lined = [n for n, row in enumerate(inked(text, "red")) if BRAILLE.search(row)]
    assert not any(BRAILLE.search(grid[number]) for number in lined)


def test_lines_beyond_a_window_run_off_its_edges_and_fill_its_height():
    line = Line(np.arange(0, 101, 50), np.array([0.0, 1.0, 0.0]), "red")
    zoomed = lay_out(Plot([line], low=0, high=5, window=(60, 90)), 60, 10)
    assert (zoomed.frame.low, zoomed.frame.high) == pytest.approx((0.2, 0.8))
    drawn = inked(zoomed.text, "red")
    assert BRAILLE.search(drawn[0])
    columns = list(zip(*(row.ljust(60) for row in drawn), strict=True))
    inside = columns[zoomed.margin :][: zoomed.frame.columns]
    assert all(BRAILLE.search("".join(column)) for column in inside)


def test_a_gap_is_not_bridged_whatever_falls_into_its_column():
    levels = np.array([1.0, 1.0, np.nan, 1.0, 1.0])
    solid, broken = np.zeros(5, bool), np.array([0, 0, 1, 0, 0], bool)
    assert path(levels, solid, 3).any(0).all()
    assert path(levels, broken, 3).any(0).tolist() == [True, True, False, True, True]


def test_what_was_reduced_is_known_until_its_curve_grows():
    steps, values = noisy(1000)
    parts = [columns_of(Curve(steps[:n], values[:n]), 0, 999, 40) for n in (900, 900, 901)]
    assert parts[0] is parts[1]
    assert parts[1] is not parts[2]
    unordered = columns_of(Curve(steps[::-1].copy(), values[::-1].copy()), 0, 999, 40)
    np.testing.assert_allclose(unordered.mean, columns_of(Curve(steps, values), 0, 999, 40).mean)


@pytest.mark.alone
def test_a_hundred_thousand_points_are_drawn_in_ten_milliseconds():
    def seconds():
        steps, values = noisy(100_000)  # a new curve: nothing of it is known
        line = Line(steps, values, "red", "train", best="low")
        begun = time.process_time()
        draw(Plot([line], log=True), 120, 30)
        return time.process_time() - begun

    assert min(seconds() for _ in range(7)) <= 0.010


def test_a_band_of_few_points_is_filled_between_them():
    steps = np.array([0, 50, 100])
    edges = tuple(Curve(steps, np.full(3, value)) for value in (0.2, 0.8))
    line = Line(steps, np.full(3, 0.5), "$series-1", around=edges)
    drawn = inked(draw(Plot([line], low=0, high=1), 60, 21), "$band-1")
    rows_of_it = [row for row in drawn if BRAILLE.search(row)]
    assert len(rows_of_it) == 11  # 12 of 20, but for that of the line itself
    assert all(len(BRAILLE.findall(row)) > 40 for row in rows_of_it)


def test_only_the_cells_of_a_line_that_look_another_way_are_sent():
    def parts(one, other):
        return [(part.x, part.y, part.right) for part in changed([Text("x"), one], [one, other])][
            1:
        ]

    line = Text.assemble("ab", ("cde", "red"), "fg")
    assert parts(line, line.copy()) == []
    assert parts(line, Text.assemble("ab", ("cxe", "red"), "fg")) == [(3, 1, 4)]
    assert parts(line, Text.assemble("ab", ("cd", "red"), "efg")) == [(4, 1, 5)]  # another style
    assert parts(line, Text.assemble("ab", ("cde", "red"))) == [(5, 1, 7)]
    assert parts(Text("a猫b"), Text("a猫c")) == [(0, 1, 4)]  # cells are not characters
    apart = Text("x" + "." * 9 + "x.x")
    assert parts(apart, Text("y" + "." * 9 + "y.y")) == [(0, 1, 1), (10, 1, 13)]
