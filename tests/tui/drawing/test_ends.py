"""Names and values at the ends of lines."""

import numpy as np

from engine.networks.colours import SERIES
from tests.tui.drawing.test_chart import inked, rows
from tui.ascii import stand_in
from tui.drawing.chart import draw, lay_out
from tui.drawing.ends import End, room_for, spread
from tui.drawing.labels import BEST, SIGNS
from tui.drawing.plot import Line, Plot
from tui.drawing.ticks import short

STEPS = np.arange(1, 101)


def ends(*levels, behind=()):
    return [
        End(level, f"n{number}", "", "", bold=number not in behind)
        for number, level in enumerate(levels)
    ]


def names(placed):
    return {row: end.name for row, end in placed.items()}


def test_ends_keep_their_order_and_do_not_overlap():
    assert names(spread(ends(2.1, 5.0), 8)) == {2: "n0", 5: "n1"}
    assert names(spread(ends(2.6, 2.1), 8)) == {2: "n1", 3: "n0"}
    assert names(spread(ends(7.9, 7.8, 7.7), 8)) == {5: "n2", 6: "n1", 7: "n0"}
    assert names(spread(ends(0.0, 0.1, 0.2), 8)) == {0: "n0", 1: "n1", 2: "n2"}


def test_where_there_are_too_many_those_of_the_lines_behind_are_left_out():
    assert names(spread(ends(0.1, 1.0, 1.5, behind=(0,)), 2)) == {0: "n1", 1: "n2"}


def test_names_are_left_out_before_values():
    told = [("train", "0.312"), ("validation", "0.280")]
    assert room_for(told, 60) == (17, True)
    assert room_for(told, 38) == (6, False)
    assert room_for(told, 20) == (0, False)


def test_a_line_is_named_where_it_ends():
    lines = [
        Line(STEPS, np.linspace(1, 0.31, 100), "red", "train"),
        Line(STEPS, np.linspace(1, 0.62, 100), "blue", "validation"),
    ]
    drawn = [row.rstrip() for row in rows(draw(Plot(lines, low=0, high=1), 60, 11))]
    assert drawn[6].endswith(" train 0.310")
    assert drawn[3].endswith(" validation 0.620")
    narrow = [row.rstrip() for row in rows(draw(Plot(lines, low=0, high=1), 34, 11))]
    assert narrow[6].endswith(" 0.310")
    assert "train" not in "".join(narrow)


def test_while_a_line_grows_its_name_stands_behind_its_end():
    line = Line(STEPS, np.full(100, 0.5), "red", "train")
    drawing = lay_out(Plot([line], low=0, high=1, last_step=200), 80, 9)
    [row] = [row for row in rows(drawing.text) if "train 0.500" in row]
    assert row.index("train") == drawing.margin + drawing.frame.column(100) // 2 + 2


def test_the_first_best_step_is_marked_at_its_value():
    values = np.full(100, 0.5)
    values[[30, 60]] = 0.9
    values[80] = np.nan
    line = Line(STEPS, values, "$series-1", "validation", best="high")
    assert line.best_point == (31, 0.9)
    drawing = lay_out(Plot([line], low=0, high=1), 60, 21)
    [(row, place)] = [(n, r.index(BEST)) for n, r in enumerate(rows(drawing.text)) if BEST in r]
    assert row == drawing.frame.row(0.9) // 4
    assert place == drawing.margin + drawing.frame.column(31) // 2
    assert BEST not in "".join(inked(draw(Plot([line], low=0, high=0.8), 60, 21)))
    assert Line(STEPS, np.full(100, np.nan), "red", best="low").best_point is None


def test_the_ends_of_lines_tell_the_values_at_the_cursor_and_nothing_else_moves():
    lines = [
        Line(STEPS, np.linspace(10, 0.5, 100), "$series-1", "train"),
        Line(STEPS, np.linspace(9, 0.6, 100), "$series-2", "validation"),
    ]
    at = [lay_out(Plot(lines, cursor=step), 80, 11) for step in (1, 50, 100)]
    assert {drawing.frame for drawing in at} == {at[0].frame}
    assert "train 10.0" in at[0].text.plain
    assert "validation 9.000" in at[0].text.plain
    assert "validation 0.600" in at[2].text.plain
    replayed = lay_out(Plot(lines, cursor=50, until=50), 80, 11)
    assert replayed.told is None
    assert f"train {short(lines[0].at(50))}" in replayed.text.plain
    pointed = lay_out(Plot(lines, pointed=50), 80, 11)
    assert pointed.frame == lay_out(Plot(lines), 80, 11).frame
    assert pointed.told == 50
    assert lay_out(Plot(lines, pointed=1), 60, 11).told == 1


def test_without_colours_signs_tell_lines_apart():
    lines = [
        Line(STEPS, np.full(100, level), f"$series-{number}", f"n{number}")
        for number, level in ((1, 0.2), (2, 0.5), (3, 0.8))
    ]
    drawn = rows(draw(Plot(lines, low=0, high=1, marked=True), 80, 21))
    for number in (1, 2, 3):
        sign = SIGNS[number - 1]
        [row] = [row for row in drawn if sign in row]
        assert f"n{number} {sign} 0." in row
        assert row.count(sign) >= 4
    assert len({stand_in(sign) for sign in SIGNS + BEST}) == len(SIGNS) + 1 == SERIES + 1
    assert not any(sign in row for row in rows(draw(Plot(lines), 80, 21)) for sign in SIGNS[:3])
    alike = [Line(STEPS, np.full(100, value), "$series-1", "a") for value in (1, 2)]
    assert not any(SIGNS[0] in row for row in rows(draw(Plot(alike, marked=True), 80, 21)))
