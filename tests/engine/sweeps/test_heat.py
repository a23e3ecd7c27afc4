"""What a sweep came to over two of its options."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.sweeps.heat import APART, RANGES, heat, options_of, pairs_of
from tests.engine.sweeps.made import state


def grid():
    """Three rates by two networks by three seeds; the larger rate is better, seeds differ."""
    return [
        state(0.5 + rate + seed / 100, seed=seed, model=model, learning_rate=rate)
        for model in ("linear", "mlp") for rate in (0.3, 0.1, 0.2) for seed in range(3)
    ]  # fmt: skip


def test_options_are_ordered_by_how_many_values_they_have_and_numbers_by_size():
    assert options_of(grid()) == {
        "learning_rate": [0.1, 0.2, 0.3], "model": ["linear", "mlp"], "seed": [0, 1, 2],
    }  # fmt: skip
    assert list(pairs_of(options_of(grid()))) == [("model", "learning_rate")]
    one = [state(0.5, seed=seed, learning_rate=rate) for rate in (1, 2) for seed in (0, 1)]
    assert list(pairs_of(options_of(one))) == [("seed", "learning_rate")]
    assert list(pairs_of(options_of(one[:1]))) == []
    # A whole report trains three networks, which is no option of the sweep.
    report = [state(0.5, model=model) for model in ("linear", "mlp")]
    assert list(options_of(report)) == ["model"]


def test_a_cell_is_the_mean_of_its_runs_with_the_interval_over_seeds():
    found = heat(grid(), "accuracy", "model", "learning_rate")
    assert found.rows.labels == ("linear", "mlp")
    assert found.columns.labels == ("0.1", "0.2", "0.3")
    assert found.mean == pytest.approx(np.array([[0.61, 0.71, 0.81]] * 2))
    assert (found.count == 3).all()
    # Student's t with two degrees of freedom: 4.303 times 0.01 / √3.
    assert found.margin == pytest.approx(np.full((2, 3), 4.303 * 0.01 / math.sqrt(3)), rel=1e-3)
    assert found.others == ("seed",)
    assert found.shares[0].tolist() == pytest.approx([0, 0.5, 1])


def test_a_mean_of_several_settings_has_no_interval():
    found = heat(grid(), "accuracy", "seed", "learning_rate")
    assert (found.count == 2).all()
    assert np.isnan(found.margin).all()
    assert found.others == ("model",)


def test_cells_without_a_result_stay_empty():
    runs = [*grid()[:-3], state(None, status="failed", model="mlp", learning_rate=0.2)]
    found = heat(runs, "accuracy", "model", "learning_rate")
    assert found.count[1].tolist() == [3, 0, 3]
    assert math.isnan(found.mean[1, 1])
    assert math.isnan(found.shares[1, 1])
    empty = heat([], "accuracy", "model", "learning_rate")
    assert empty.mean.size == 0
    assert all(map(math.isnan, (*empty.span, *empty.scale)))


def test_one_that_learned_nothing_does_not_hide_what_the_others_differ_by():
    rates = dict(zip((1, 2, 3, 4, 5, 6), (0.1, 0.90, 0.91, 0.92, 0.93, 0.94), strict=True))
    runs = [state(value, seed=seed, learning_rate=rate) for rate, value in rates.items()
            for seed in (0, 1)]  # fmt: skip
    found = heat(runs, "accuracy", "seed", "learning_rate")
    assert found.span == (0.1, 0.94)
    assert found.scale == (0.90, 0.94)
    assert found.shares[0].tolist() == pytest.approx([0, 0, 0.25, 0.5, 0.75, 1])


@given(st.lists(st.floats(1e-5, 10), min_size=APART + 1, max_size=40, unique=True))
def test_many_numbers_are_put_into_ranges_and_none_is_lost(rates):
    runs = [state(0.5, seed=seed, learning_rate=rate) for rate in rates for seed in (0, 1)]
    found = heat(runs, "accuracy", "seed", "learning_rate")
    assert found.mean.shape == (2, RANGES)
    assert found.count.sum() == len(runs)
    assert found.count[0, 0] > 0
    assert found.count[0, -1] > 0
