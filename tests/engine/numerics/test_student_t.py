"""Our distributions say what scipy's say."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from engine.numerics.student_t import at_most, beta_share, rate_between, t_quantile, two_tails

freedoms = st.integers(1, 3000) | st.floats(1, 3000)
shapes = st.floats(0.5, 3000)


@given(st.floats(0.0005, 0.9995), freedoms)
def test_the_quantiles_of_t(p, df):
    assert t_quantile(p, df) == pytest.approx(stats.t.ppf(p, df), rel=1e-9, abs=1e-9)


def test_the_quantiles_that_intervals_take():
    for df in range(1, 200):
        assert t_quantile(0.975, df) == pytest.approx(stats.t.ppf(0.975, df), rel=1e-12)


@given(st.floats(-1e4, 1e4), freedoms)
def test_the_tails_of_t_however_thin(t, df):
    assert two_tails(t, df) == pytest.approx(2 * stats.t.sf(abs(t), df), rel=1e-9, abs=1e-300)


def test_the_tails_at_the_ends():
    assert two_tails(0, 3) == 1
    assert two_tails(math.inf, 3) == 0
    assert math.isnan(two_tails(math.nan, 3))


@given(shapes, shapes, st.floats(0, 1))
def test_the_incomplete_beta_function(a, b, x):
    assert beta_share(a, b, x) == pytest.approx(special.betainc(a, b, x), rel=1e-8, abs=1e-13)


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_binomial_distribution_and_its_exact_interval(counts):
    k, n = counts
    assert at_most(k, n) == pytest.approx(stats.binom.cdf(k, n, 0.5), rel=1e-8, abs=1e-13)
    exact = stats.binomtest(k, n).proportion_ci(0.95, "exact")
    assert rate_between(k, n) == pytest.approx(tuple(exact), abs=1e-10)
