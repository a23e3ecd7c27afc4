import numpy as np
import pytest

from engine.runs.curves import Curve, binned, ema, thinned


def curve_of(values):
    return Curve(np.arange(1, len(values) + 1), np.asarray(values, float))


def test_a_short_curve_stays_as_it_is():
    curve = curve_of(np.arange(30))
    assert thinned(curve, 10) is curve
    assert binned(curve, 30) == (curve, 1)


def test_a_thinned_curve_keeps_every_peak_and_every_gap():
    values = np.random.default_rng(0).standard_normal(10_007)
    values[[1234, 7777]] = 9, -9
    values[5000] = np.nan
    thin = thinned(curve_of(values), 100)
    assert len(thin.steps) < 500
    assert (np.diff(thin.steps) > 0).all()
    np.testing.assert_array_equal(values[thin.steps - 1], thin.values)
    assert {1235, 7778, 5001, 10_007} <= set(thin.steps.tolist())


@pytest.mark.parametrize("count", [101, 1000, 12_345])
def test_the_means_of_parts_are_those_of_numpy(count):
    values = np.random.default_rng(1).standard_normal(count)
    values[7:40] = np.nan
    curve, size = binned(curve_of(values), 100)
    assert len(curve.steps) <= 100
    parts = [values[first : first + size] for first in range(0, count, size)]
    means = [np.nanmean(part) if np.isfinite(part).any() else np.nan for part in parts]
    np.testing.assert_allclose(curve.values, means)
    assert curve.steps[-1] == count


def test_a_moving_average_over_means_is_that_over_all_values():
    steps = np.arange(200_000)
    values = np.sin(steps / 30_000) + np.random.default_rng(2).standard_normal(200_000) / 10
    reach = 4000
    whole = ema(values, 1 - 1 / reach)
    curve, size = binned(curve_of(values), 10_000)
    short = ema(curve.values, 1 - size / reach)
    np.testing.assert_allclose(short[2000:], whole[curve.steps[2000:] - 1], atol=0.01)
