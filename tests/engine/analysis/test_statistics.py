"""Tests of differences: against scipy, by simulation, and what they say where nothing can be."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from engine.analysis.statistics import (
    flips_needed,
    holm,
    mcnemar,
    mcnemar_interval,
    paired,
    seeds_needed,
    sign_flips,
    spread,
    unpaired,
)

values = st.floats(-100, 100).map(lambda value: round(value, 4))
sixteenths = st.integers(-1600, 1600).map(lambda number: number / 16)
pairs = st.lists(st.tuples(values, values), min_size=2, max_size=14)
two_samples = st.tuples(*[st.lists(values, min_size=2, max_size=14)] * 2)


def apart(numbers):
    return np.std(numbers) > 1e-3


@given(st.dictionaries(st.integers(0, 99), values, min_size=2, max_size=20))
def test_a_mean_with_its_interval(by_seed):
    found, numbers = spread(by_seed), list(by_seed.values())
    assert (found.n, found.missing) == (len(numbers), 0)
    assert found.mean == pytest.approx(np.mean(numbers))
    assert found.deviation == pytest.approx(np.std(numbers, ddof=1), abs=1e-9)
    assert (by_seed[found.best], by_seed[found.worst]) == (max(numbers), min(numbers))
    lower = spread(by_seed, higher_is_better=False)
    assert (by_seed[lower.best], by_seed[lower.worst]) == (min(numbers), max(numbers))
    if apart(numbers):
        scipy = stats.t.interval(0.95, len(numbers) - 1, np.mean(numbers), stats.sem(numbers))
        assert (found.low, found.high) == pytest.approx(scipy)


def test_a_mean_of_one_of_none_and_of_equal_values():
    one = spread({3: 0.9, 4: math.nan, 5: math.inf})
    assert (one.n, one.missing, one.mean, one.best, one.worst) == (1, 2, 0.9, 3, 3)
    assert all(map(math.isnan, (one.deviation, one.low, one.high)))
    none = spread({1: math.nan})
    assert (none.n, none.missing, none.best) == (0, 1, None)
    assert math.isnan(none.mean)
    equal = spread({10: 0.1 + 0.2, 2: 0.3, 1: 0.3})  # which differ in their last bit
    assert (equal.deviation, equal.best, equal.worst) == (0, 10, 1)
    assert math.isnan(equal.low)
    assert spread({10: 0.3, 9: 0.3}).best == spread({9: 0.3, 10: 0.3}).best == 9


@given(pairs)
def test_the_paired_t_test(points):
    first, second = zip(*points, strict=True)
    found = paired(first, second)
    differences = np.subtract(first, second)
    assert found.mean == pytest.approx(differences.mean(), abs=1e-9)
    if not apart(differences):
        assert math.isnan(found.p) == (found.deviation == 0)
        return
    scipy = stats.ttest_rel(first, second)
    interval = scipy.confidence_interval(0.95)
    assert found.p == pytest.approx(scipy.pvalue, rel=1e-6)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


@pytest.mark.filterwarnings("ignore:Precision loss")  # scipy's, of values that are nearly equal
@given(two_samples)
def test_welchs_t_test(samples):
    first, second = samples
    found = unpaired(first, second)
    assert found.n == min(map(len, samples))
    if apart(first) or apart(second):
        scipy = stats.ttest_ind(first, second, equal_var=False)
        interval = scipy.confidence_interval(0.95)
        assert found.p == pytest.approx(scipy.pvalue, rel=1e-6)
        assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


@settings(max_examples=30)
@given(st.lists(st.tuples(sixteenths, sixteenths), min_size=1, max_size=9))
def test_the_permutation_test(points):
    """Of values whose sums are exact: scipy takes sums that rounding has parted for unequal."""
    first, second = zip(*points, strict=True)
    if len(points) > 1:
        scipy = stats.permutation_test(
            (first, second), lambda a, b, axis: np.mean(a - b, axis), vectorized=True,
            permutation_type="samples", n_resamples=math.inf,
        )  # fmt: skip
        assert sign_flips(first, second) == pytest.approx(scipy.pvalue)
    else:
        assert sign_flips(first, second) == 1


def test_sums_that_only_rounding_parts_are_as_far_from_zero():
    first = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -41.25, -99.5)
    second = (0.0, 0.0156, -1.5, -1.5, -1.25, -1.75, -100.0, -35.0)
    assert sign_flips(first, second) == 1  # no way to swap has a mean nearer to zero


def test_the_permutation_test_of_many_pairs():
    zeros, ones = [0.0] * 40, [1.0] * 40
    assert sign_flips(ones, zeros) == 2 / 2**40
    three = [1.0] * 37 + [-1.0] * 3
    assert sign_flips(three, zeros) == pytest.approx(stats.binomtest(3, 40).pvalue, rel=1e-12)
    many = np.random.default_rng(0).normal(0.1, 1, 400)
    expected = stats.ttest_1samp(many, 0).pvalue  # which is as good with so many
    assert sign_flips(many, np.zeros(400)) == pytest.approx(expected, rel=0.05)
    assert sign_flips(many, many) == 1
    assert math.isnan(sign_flips([], []))
    assert math.isnan(sign_flips([math.nan], [1]))


def test_equal_differences_are_equal_whatever_rounding_makes_of_them():
    first, second = [0.3, 0.9, 0.5], [0.1, 0.7, 0.3]
    assert len({a - b for a, b in zip(first, second, strict=True)}) > 1
    found = paired(first, second)
    assert found.deviation == 0
    assert math.isnan(found.p)
    assert math.isnan(found.low)
    assert sign_flips(first, second) == 0.25


@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemar_is_the_binomial_test_of_the_answers_that_differ(ours, theirs):
    if not ours + theirs:
        assert mcnemar(0, 0) == 1
        assert math.isnan(mcnemar_interval(0, 0, 9)[0])
        return
    p = mcnemar(ours, theirs)
    assert p == pytest.approx(stats.binomtest(ours, ours + theirs).pvalue, rel=1e-8)
    low, high = mcnemar_interval(ours, theirs, 1000)
    assert low <= (ours - theirs) / 1000 <= high
    assert (p < 0.05) == (not low <= 0 <= high)


@given(st.lists(st.floats(0, 1), max_size=12), st.randoms())
def test_holm_is_what_its_definition_says(ps, random):
    found = holm(ps)
    ordered = sorted(ps)
    for p, corrected in zip(ps, found, strict=True):
        steps = [(len(ps) - rank) * other for rank, other in enumerate(ordered) if other <= p]
        assert corrected == pytest.approx(min(1, max(steps)))
    places = list(range(len(ps)))
    random.shuffle(places)
    assert holm([ps[place] for place in places]) == [found[place] for place in places]


def test_holm_does_not_count_what_is_not_known():
    found = holm([0.02, math.nan, 0.01])
    assert [found[0], found[2]] == [0.02, 0.02]
    assert math.isnan(found[1])


@given(st.floats(0.12, 3), st.sampled_from([0.05, 0.05 / 3, 0.005]))
def test_so_many_seeds_have_a_power_of_80_percent(effect, level):
    n = int(seeds_needed(effect, 1.0, level))

    def power(n):
        critical = stats.t.ppf(1 - level / 2, n - 1)
        return stats.nct.sf(critical, n - 1, effect * math.sqrt(n))

    assert power(n + 1) > 0.8
    assert n < 4 or power(n - 2) < 0.8


def test_how_many_seeds_where_there_is_no_answer():
    assert seeds_needed(0, 1) == seeds_needed(1e-9, 1) == math.inf
    assert seeds_needed(-0.5, 1) == seeds_needed(0.5, 1) == 34
    assert seeds_needed(1, 0) == flips_needed() == 6
    assert math.isnan(seeds_needed(1, math.nan))
    for level in (0.05, 0.01, 0.05 / 6):
        n = flips_needed(level)
        assert (
            sign_flips([1.0] * n, [0.0] * n) < level <= sign_flips([1.0] * (n - 1), [0.0] * (n - 1))
        )


@given(pairs, st.randoms())
def test_the_order_of_the_pairs_does_not_matter(points, random):
    shuffled = list(points)
    random.shuffle(shuffled)
    for test in (paired, unpaired, sign_flips):
        one, other = (test(*zip(*order, strict=True)) for order in (points, shuffled))
        assert repr(one) == repr(other)
    seeds = dict(enumerate(a for a, _ in points))
    backwards = dict(reversed(seeds.items()))
    assert repr(spread(seeds)) == repr(spread(backwards))


# By simulation. The bounds are those that the count of 4,000 trials leaves one time in a million.

TRIALS = 4000


def allowed(rate):
    return stats.binom.ppf([5e-7, 1 - 5e-7], TRIALS, rate) / TRIALS


@pytest.mark.parametrize("n", [2, 3, 5, 10])
def test_an_interval_of_95_percent_covers_the_truth_in_95_percent(n):
    draws = np.random.default_rng(n).normal(0.97, 0.004, (TRIALS, n))
    found = [spread(dict(enumerate(row))) for row in draws]
    covered = np.mean([one.low <= 0.97 <= one.high for one in found])
    low, high = allowed(0.95)
    assert low <= covered <= high


@pytest.mark.parametrize("test", [lambda a, b: paired(a, b).p, lambda a, b: unpaired(a, b).p])
def test_of_settings_that_are_equal_5_percent_look_different(test):
    draws = np.random.default_rng(5).normal(0.97, 0.004, (TRIALS, 2, 6))
    called = np.mean([test(a.tolist(), b.tolist()) < 0.05 for a, b in draws])
    low, high = allowed(0.05)
    assert called <= high
    assert called >= low * 0.8  # Welch's is a little careful with so few


def test_the_permutation_test_is_right_whatever_the_distribution():
    draws = np.random.default_rng(6).standard_cauchy((TRIALS, 8))
    ps = np.array([sign_flips(row.tolist(), [0.0] * 8) for row in draws])
    for level in (8, 16, 64):
        low, high = allowed(level / 256)
        assert low <= np.mean(ps <= level / 256) <= high


def test_mcnemar_is_careful_and_no_more_than_that():
    random = np.random.default_rng(7)
    differing = random.binomial(500, 0.1, TRIALS)
    ours = random.binomial(differing, 0.5)
    called = np.mean([mcnemar(a, n - a) < 0.05 for a, n in zip(ours, differing, strict=True)])
    assert 0.015 < called <= allowed(0.05)[1]


def test_among_many_pairs_of_equals_holm_finds_a_difference_in_5_percent():
    random, called = np.random.default_rng(8), 0
    for _ in range(TRIALS):
        called += min(holm(random.uniform(size=10).tolist())) < 0.05
    assert called / TRIALS <= allowed(0.05)[1]
