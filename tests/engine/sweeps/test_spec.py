"""What a sweep is asked to do, and the settings that come of it."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import UsageError
from engine.sections.adversarial.config import AdversarialConfig
from engine.sweeps.spec import MOST_RUNS, Condition, Drawn, Range, Spec, field_of, seeds_of

TRAIN = Spec(section="train", name="a-sweep", options={"dataset": "digits"})

RATES = st.lists(st.sampled_from([0.001, 0.01, 0.03, 0.1, 1]), min_size=1, max_size=5)
MODELS = st.lists(st.sampled_from(["baseline", "two-conv", "linear"]), min_size=1, max_size=4)


def written(settings):
    return [repr(sorted(setting.items())) for setting in settings]


@given(RATES, MODELS, st.randoms(use_true_random=False))
def test_neither_the_order_of_axes_nor_that_of_values_changes_what_is_run(rates, models, source):
    axes = {"learning_rate": tuple(rates), "model": tuple(models)}
    mixed = [(name, tuple(source.sample(values, len(values)))) for name, values in axes.items()]
    source.shuffle(mixed)
    settings = written(replace(TRAIN, grid=axes).settings())
    assert sorted(settings) == sorted(written(replace(TRAIN, grid=dict(mixed)).settings()))
    assert len(settings) == len(set(settings)) == len(set(rates)) * len(set(models))


def test_two_ways_of_writing_the_same_values_are_one_setting():
    baseline = {"model": "baseline"}
    recipe = {"learning_rate": 0.01, "model": "baseline"}  # what the recipe says anyhow
    assert replace(TRAIN, listed=(baseline, recipe, dict(baseline))).settings() == [baseline]
    other = {"learning_rate": 0.02, "model": "baseline"}
    assert replace(TRAIN, listed=(recipe, other)).settings() == [recipe, other]


@given(st.integers(0, 5), st.integers(1, 20))
def test_what_is_drawn_depends_on_seed_option_and_place_alone(seed, runs):
    options = {"learning_rate": Range(1e-3, 1.0, log=True), "batch_size": Range(16, 128)}
    drawn = Drawn(runs, seed, options).settings()
    assert drawn == Drawn(runs, seed, dict(reversed(options.items()))).settings()
    assert drawn == Drawn(runs + 3, seed, options).settings()[:runs]
    for setting in drawn:
        assert 1e-3 <= setting["learning_rate"] <= 1
        assert type(setting["batch_size"]) is int
        assert 16 <= setting["batch_size"] <= 128


def test_a_log_range_is_as_often_in_each_power_of_ten():
    values = [Range(1e-3, 1.0, log=True).draw(random.Random(place)) for place in range(3000)]
    below = [sum(value < 10.0**power for value in values) / 3000 for power in (-2, -1)]
    assert below == pytest.approx([1 / 3, 2 / 3], abs=0.03)


def test_conditions_leave_settings_out_and_set_what_follows():
    grid = {"model": ("baseline", "linear"), "learning_rate": (0.01, 0.1)}
    conditions = (
        Condition({"model": ("linear",), "learning_rate": (0.1,)}, skip=True),
        Condition({"model": ("baseline",)}, {"epochs": 3}),
    )
    expected = [
        {"model": "baseline", "learning_rate": 0.01, "epochs": 3},
        {"model": "baseline", "learning_rate": 0.1, "epochs": 3},
        {"model": "linear", "learning_rate": 0.01},
    ]
    for order in (conditions, conditions[::-1]):
        assert replace(TRAIN, grid=grid, conditions=order).settings() == expected
    merged = Condition({}, {"learning_rate": 0.5})  # makes both rates one setting
    assert len(replace(TRAIN, grid=grid, conditions=(merged,)).settings()) == 2


def test_conditions_that_contradict_each_other_are_refused():
    both = (Condition({}, {"epochs": 3}), Condition({"model": ("linear",)}, {"epochs": 4}))
    with pytest.raises(UsageError, match="Two conditions set --epochs"):
        replace(TRAIN, grid={"model": ("linear",)}, conditions=both).settings()


def test_a_condition_sees_what_holds_for_all_runs():
    spec = replace(TRAIN, conditions=(Condition({"dataset": ("digits",)}, {"epochs": 2}),))
    assert spec.settings() == [{"epochs": 2}]
    with pytest.raises(UsageError, match="exclude every run"):
        replace(TRAIN, conditions=(Condition({"dataset": ("digits",)}, skip=True),)).settings()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "../etc"}, "name has letters"),
        ({"name": ""}, "name has letters"),
        ({"grid": {"colour": ("red",)}}, "no option 'colour'"),
        ({"grid": {"seed": (1, 2)}}, "--seeds"),
        ({"grid": {"artifacts": ("a", "b")}}, "one folder"),
        ({"grid": {"epochs": ()}}, "no value"),
        ({"section": "paint"}, "no section"),
        ({"seeds": ()}, "at least one seed"),
        ({"seeds": tuple(range(MOST_RUNS + 1))}, "at most 10,000"),
        ({"grid": {"epochs": tuple(range(1, 102))}, "seeds": tuple(range(100))}, "at most 10,000"),
    ],
)  # fmt: skip
def test_what_cannot_be_planned_is_refused_in_one_line(changes, words):
    with pytest.raises(UsageError, match=words) as error:
        replace(TRAIN, **changes)
    assert "\n" not in str(error.value)


def test_a_value_that_an_option_cannot_have_is_refused():
    with pytest.raises(UsageError, match="--learning-rate must be above 0"):
        replace(TRAIN, grid={"learning_rate": (0.1, -1)}).settings()


@pytest.mark.parametrize(
    ("text", "seeds"),
    [("0..3", (0, 1, 2, 3)), ("7", (7,)), ("0..2,5", (0, 1, 2, 5)), ("3..3", (3,)),
     ("1, 0", (1, 0)), ("0..1,1..2", (0, 1, 2))],
)  # fmt: skip
def test_seeds_include_both_ends(text, seeds):
    assert seeds_of(text) == seeds


@pytest.mark.parametrize("text", ["", "3..1", "-1", "a", "0..", "0...3", "0..9999999999", "1;2"])
def test_seeds_that_are_none_are_refused(text):
    with pytest.raises(UsageError, match=r"[Ss]eeds"):
        seeds_of(text)


def test_options_may_be_named_as_on_a_command_line():
    assert field_of(AdversarialConfig, "label") == "labels"
    assert field_of(AdversarialConfig, "batch-size") == "batch_size"


@pytest.mark.parametrize("ends", [(2, 1), (float("nan"), 1), (0, float("inf"))])
def test_a_range_goes_upwards(ends):
    with pytest.raises(UsageError, match="low to high"):
        Range(*ends)
    with pytest.raises(UsageError, match="above zero"):
        Range(0, 1, log=True)


def test_the_axes_are_the_options_in_which_settings_differ():
    spec = replace(TRAIN, grid={"model": ("baseline", "linear"), "epochs": (2,)})
    assert spec.differing(spec.settings()) == {"model": ("baseline", "linear")}
