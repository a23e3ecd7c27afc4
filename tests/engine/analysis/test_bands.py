"""Curves of several seeds as one, with the interval of their mean."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from engine.analysis.bands import aligned_band, band
from engine.runs.curves import Curve

tables = st.integers(2, 6).flatmap(
    lambda runs: st.lists(
        st.lists(st.integers(-1000, 1000), min_size=runs, max_size=runs), min_size=1, max_size=8
    )
)


def curve(points):
    return Curve(np.array(list(points)), np.array(list(points.values()), float))


@given(tables)
def test_the_interval_at_each_step_is_scipys(rows):
    table = np.array(rows, float)  # [S, R]
    steps = np.arange(len(table)) * 10
    curves = [Curve(steps, column) for column in table.T]
    for found in (band(curves), aligned_band(curves)):
        assert found.steps.tolist() == steps.tolist()
        assert found.mean == pytest.approx(table.mean(1))
        for row, low, high in zip(table, found.low, found.high, strict=True):
            if np.ptp(row) == 0:
                assert low == high == row[0]
                continue
            expected = stats.t.interval(0.95, len(row) - 1, row.mean(), stats.sem(row))
            assert (low, high) == pytest.approx(expected)


def test_one_run_has_a_mean_and_no_interval():
    found = aligned_band([curve({1: 0.5, 2: 0.7})])
    assert found.mean.tolist() == [0.5, 0.7]
    assert np.isnan([*found.low, *found.high]).all()


def test_other_steps_are_read_off_the_lines_between():
    found = aligned_band([curve({0: 0, 10: 10, 20: 20}), curve({0: 2, 5: 7, 20: 22})])
    assert found.steps.tolist() == [0, 5, 10, 20]
    assert found.mean.tolist() == [1, 6, 11, 21]  # the one is always 2 above the other
    assert found.deviation == pytest.approx([math.sqrt(2)] * 4)
    assert found.count.tolist() == [2] * 4


def test_a_run_that_ended_early_does_not_cut_the_others_short_and_is_not_drawn_on():
    whole = [curve({step: step + n for step in range(0, 50, 10)}) for n in (0, 2)]
    diverged = curve({0: 1, 10: 11, 20: math.nan, 30: math.inf})
    found = aligned_band([*whole, diverged])
    assert found.steps.tolist() == [0, 10, 20, 30, 40]
    assert found.count.tolist() == [3, 3, 2, 2, 2]
    assert found.mean.tolist() == [1, 11, 21, 31, 41]
    alone = aligned_band([whole[0], diverged])
    assert alone.steps.tolist() == [0, 10]  # half of them are not more than half


def test_rows_of_several_values_count_by_their_mean_and_what_is_not_there_by_nothing():
    labels = Curve(np.array([1, 2]), np.array([[0.0, 1.0], [1.0, 1.0]]))
    assert aligned_band([labels]).mean.tolist() == [0.5, 1.0]
    assert aligned_band([]) is None
    assert aligned_band([curve({1: math.nan}), curve({})]) is None
    assert aligned_band([curve({1: 1.0}), curve({2: 1.0})]) is None  # no step in common
