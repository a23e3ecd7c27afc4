"""Settings are compared in words and figures, and nothing is said that the runs do not show."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.analysis.answers import read_answers
from engine.analysis.statistics import LEVEL, mcnemar
from engine.analysis.verdicts import Group, verdicts
from engine.files.numbers import plain
from engine.runs.run import Run
from tests.tui import example_runs as examples

shares = st.integers(0, 10_000).map(lambda right: right / 10_000)
settings = st.lists(st.dictionaries(st.integers(0, 6), shares, max_size=6), min_size=2, max_size=5)


def of(label, *values, first=0, **options):
    """A setting whose runs have the seeds from ``first`` on, values in percent."""
    return Group(label, {first + n: value / 100 for n, value in enumerate(values)}, **options)


def said(*groups, **options):
    return [verdict.sentence() for verdict in verdicts(groups, **options)]


BASE = of("baseline", 96.0, 96.2, 95.9, 96.1, 96.3, 96.0)
NEAR = of("near", 96.1, 96.1, 96.0, 96.0, 96.4, 96.1)
BEST = of("best", 97.3, 97.6, 97.2, 97.2, 97.6, 97.4)


def test_a_difference_and_none_in_words():
    assert said(BASE, BEST) == [
        "best is better than baseline by 1.30 points (95 % 1.19 to 1.41, 6 seeds, p < 0.0001)"
    ]
    assert said(BASE, NEAR) == [
        "no difference between near and baseline can be told: 0.03 points "
        "(95 % −0.08 to 0.14, 6 seeds, p = 0.47); about 80 seeds would tell one of that size"
    ]


def test_no_difference_at_all_needs_no_seeds():
    values = [0.3, 0.9, 0.6, 0.7]
    other = [0.4, 0.8, 0.5, 0.8]  # whose differences do not quite come to nothing
    assert sum(a - b for a, b in zip(values, other, strict=True)) != 0
    [words] = said(*(Group(name, dict(enumerate(v))) for name, v in (("a", values), ("b", other))))
    assert words == (
        "no difference between a and b can be told: 0.00 points (95 % −18.37 to 18.37, 4 seeds, "
        "p = 1.00)"
    )


def test_less_may_be_better():
    [loss] = verdicts([BASE, BEST], higher_is_better=False, points=False)
    assert loss.sentence() == (
        "baseline is better than best by 0.013 (95 % 0.0119 to 0.0141, 6 seeds, p < 0.0001)"
    )


def test_every_pair_is_compared_and_corrected_for_the_others():
    alone = [verdicts(pair)[0] for pair in [(BASE, NEAR), (BASE, BEST), (NEAR, BEST)]]
    together = verdicts([BASE, NEAR, BEST])
    assert [one.p for one in alone] == [one.p for one in together]
    assert [one.p for one in alone] == [one.p_holm for one in alone]
    assert {one.pairs for one in together} == {3}
    smallest = min(together, key=lambda one: one.p)
    assert smallest.p_holm == pytest.approx(3 * smallest.p)
    assert together[0].needed > alone[0].needed  # for three comparisons


def test_what_only_the_others_make_doubtful_says_so():
    close = of("close", 96.3, 96.3, 96.5, 96.1, 96.6, 96.4)
    assert verdicts([BASE, close])[0].told
    others = [of(f"other {n}", *np.array([*BASE.values.values()]) * 100 + n / 97) for n in range(3)]
    found = next(one for one in verdicts([BASE, close, *others]) if one.better == "close")
    assert found.p < LEVEL < found.p_holm
    words = found.sentence()
    assert words.startswith("no difference between close and baseline can be told among 10 pairs")
    assert found.needed > 6


def test_the_same_difference_with_each_seed_is_left_to_the_signs():
    ahead = [of("ahead", *(value * 100 + 0.5 for value in list(BASE.values.values())[:n]))
             for n in (2, 6)]  # fmt: skip
    assert said(BASE, ahead[1]) == [
        "ahead is better than baseline by 0.50 points (the same with each of 6 seeds, p = 0.031)"
    ]
    assert said(BASE, ahead[0]) == [
        "no difference between ahead and baseline can be told: 0.50 points (the same with each of "
        "2 seeds, p = 0.50); about 6 seeds would tell one of that size"
    ]
    assert said(BASE, Group("twin", BASE.values)) == [
        "baseline and twin came to the same with each of 6 seeds"
    ]


def test_where_the_permutation_test_does_not_confirm_it_the_sentence_says_so():
    def ahead(*points):
        values = [value * 100 + more for value, more in zip(BASE.values.values(), points)]  # noqa: B905
        return verdicts([BASE, of("ahead", *values)])[0]

    doubtful = ahead(0.5, 0.6, 0.7, 0.5, 0.6, -0.1)
    assert doubtful.told
    assert doubtful.p_flips == 4 / 64
    assert doubtful.sentence().endswith("; the permutation test does not confirm it, p = 0.062")
    for sure in (ahead(0.5, 0.6, 0.7, 0.5, 0.6, 0.5), ahead(0.5, 0.6, 0.7, 0.5, 0.6)):
        assert sure.sentence().endswith(")")  # of five pairs it never could


def test_only_shared_seeds_are_pairs():
    late = of("late", 97.3, 97.2, 97.4, 97.1, first=4)
    [verdict] = verdicts([BASE, late])
    assert (verdict.n, verdict.runs, verdict.test) == (2, (4, 6), "paired t")
    assert "2 shared seeds" in verdict.sentence()
    [verdict] = verdicts([BASE, of("others", 97.3, 97.2, 97.4, 97.1, first=5)])
    assert (verdict.n, verdict.test) == (4, "Welch")
    assert "4 and 6 seeds, not the same ones" in verdict.sentence()
    assert said(of("x", 90, 90), of("y", 91, 91, first=7)) == [
        "x and y cannot be compared: no value changes with the seed, and they share no seeds"
    ]
    assert said(BASE, of("alone", 97, first=9)) == [
        "alone and baseline cannot be compared: they share no seed, and one of them has a single "
        "run"
    ]
    assert (
        said(BASE, of("alone", 97))
        == said(of("alone", 97), BASE)
        == ["alone and baseline cannot be compared: one seed is too few to tell what is luck"]
    )


def test_runs_without_a_result_do_not_count():
    failed = Group("failed", BEST.values | {1: math.nan, 9: math.inf})
    [verdict] = verdicts([BASE, failed])
    assert (verdict.n, verdict.runs) == (5, (5, 6))
    assert said(BASE, Group("x", {0: math.nan}), Group("y", {})) == [
        "baseline and x cannot be compared: no run of x has a result",
        "baseline and y cannot be compared: no run of y has a result",
        "x and y cannot be compared: no run of x and y has a result",
    ]


def test_nothing_is_compared_across_datasets():
    elsewhere = [of(name, *BEST.values.values(), data="fashion") for name in "ab"]
    found = verdicts([BASE, BEST, *elsewhere])
    assert [(one.better, one.worse) for one in found] == [("best", "baseline"), ("a", "b")]


def test_means_are_taken_of_what_both_have():
    values = dict.fromkeys(range(3), 0.5)
    both = {seed: {1: 0.9 + seed / 100, 2: 0.1} for seed in range(3)}
    one = {seed: {1: 0.91 + seed / 50, 3: 0.2} for seed in range(3)}
    other = {seed: {7: 0.3} for seed in range(3)}
    a, b, c = (Group(name, values, parts=parts) for name, parts in
               zip("abc", (both, one, other), strict=True))  # fmt: skip
    [verdict] = verdicts([a, b])
    assert verdict.better == "b"
    assert verdict.difference == pytest.approx(0.02)
    assert said(a, c) == [
        "a and c cannot be compared: they have nothing in common that was measured"
    ]


def test_what_two_settings_share_is_said_once():
    tuned = [Group(f"{one.label}, tuned", one.values) for one in (BASE, BEST)]
    assert said(*tuned)[0].startswith("tuned: best is better than baseline by")
    more = [BASE, Group("baseline, tuned", BEST.values)]
    assert said(*more)[0].startswith("baseline, tuned is better than baseline by")


@pytest.mark.parametrize(("p", "words"), [
    (0.00005, "p < 0.0001"), (0.0005, "p < 0.001"), (0.0123, "p = 0.012"), (0.0497, "p = 0.04970"),
    (0.0503, "p = 0.05030"), (0.0996, "p = 0.100"), (0.126, "p = 0.13"), (1, "p = 1.00"),
])  # fmt: skip
def test_p_values_are_rounded_to_no_wrong_side(p, words):
    from engine.analysis.verdicts import _p

    assert _p(p) == words


@given(settings, st.randoms())
def test_the_order_of_settings_and_seeds_does_not_matter(found, random):
    groups = [Group(f"setting {n}", values) for n, values in enumerate(found)]
    turned = [Group(one.label, dict(reversed(one.values.items()))) for one in groups]
    random.shuffle(turned)
    assert sorted(said(*groups)) == sorted(said(*turned))


@given(settings)
def test_every_verdict_has_a_sound_sentence(found):
    for one in verdicts([Group(f"setting {n}", values) for n, values in enumerate(found)]):
        words = one.sentence()
        assert "nan" not in words
        assert one.told == (" is better than " in words)
        assert bool(one.reason) == (not one.test)
        assert not one.difference < 0
        json.dumps(plain(one.to_json()), allow_nan=False)


def training(folder, digits, number, wrong):
    """A finished training that has all but the images at ``wrong`` right."""
    answers = examples.trained_answers(digits)
    said = answers["label"].copy()
    said[wrong] = (said[wrong] + 1) % 10
    run = Run(folder / examples.trained(folder, digits, number, "two-conv", 0.9))
    content = answers | {"prediction": said, "sha256": np.array(digits.sha256)}
    run.write("answers.npz", examples.npz_bytes(content))
    run.update(status="finished")
    return run


def test_the_answers_of_a_network_are_read_once(tmp_path, digits, monkeypatch):
    read = []
    found = read_answers(training(tmp_path, digits, 1, slice(3)))
    monkeypatch.setattr(
        "engine.analysis.verdicts.read_answers", lambda run: read.append(run) or found
    )
    runs = [Run(tmp_path / name) for name in "abcd"]
    assert len(said(*(Group(run.id, {0: 0.5}, {0: run}) for run in runs))) == 6
    assert sorted(run.id for run in read) == ["a", "b", "c", "d"]


def test_two_networks_are_compared_by_their_answers(tmp_path, digits):
    images = len(digits.test)
    first = training(tmp_path, digits, 1, slice(10, 50))
    second = training(tmp_path, digits, 2, slice(45, 60))
    a, b = (Group(name, {seed: 0.5}, {seed: run})
            for name, seed, run in (("a", 1, first), ("b", 2, second)))  # fmt: skip
    [verdict] = verdicts([a, b])
    assert (verdict.better, verdict.n, verdict.test) == ("b", images, "McNemar")
    assert verdict.difference == pytest.approx(25 / images)
    assert verdict.p == mcnemar(35, 10)
    assert verdict.sentence() == (
        f"b is better than a by {2500 / images:.2f} points (95 % 3.25 to 9.78, {images} images, "
        "p < 0.001); with one seed each, it is about these two networks alone"
    )
    many = Group("many", {1: 0.5, 2: 0.6}, {1: first, 2: second})
    assert verdicts([a, many])[0].difference == 0  # of the seed that they share
    answers = examples.trained_answers(digits) | {"sha256": np.array(digits.sha256)}
    other = answers | {"label": np.roll(answers["label"], 1)}
    second.write("answers.npz", examples.npz_bytes(other))
    assert said(a, b) == ["a and b cannot be compared: they were tested on different images"]
    (second.path / "answers.npz").unlink()
    words = "cannot be compared: one seed is too few to tell what is luck, and "
    assert said(a, b) == [f"a and b {words}there is no sound answers.npz of both"]
    assert said(a, Group("b", {2: 0.5})) == [f"a and b {words[:-6]}"]
