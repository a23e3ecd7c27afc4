"""Trainings that learned nothing, and that this is said from their files alone."""

import json
import shutil

import numpy as np
import pytest

from engine.analysis.compare import compare, to_json
from engine.config import RECIPES
from engine.numerics.intervals import at_chance
from engine.report.choose import choose
from engine.report.document import render
from engine.report.referee import referee
from engine.runs.run import Run
from engine.runs.session import Session
from engine.sections import warning_of
from engine.sections.train.chance import chance_words, guessing_rate
from engine.sections.train.config import TrainConfig
from engine.sections.train.evaluate import evaluate
from engine.sections.train.loop import TrainState, train
from tests.conftest import a_few, train_config

MNIST_TEST = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def figures(accuracy, n, counts, answer=None):
    """Return a result's figures: of a network with one answer, or with all."""
    confusion = np.diag(counts)
    if answer is not None:
        confusion = np.zeros_like(confusion)
        confusion[:, answer] = counts
    return {"validation": {"accuracy": accuracy, "n": n}, "confusion": confusion.tolist()}


@pytest.mark.parametrize(
    ("accuracy", "n", "guessing", "chance"),
    [
        (0.1126, 5000, 0.1135, True),  # all of MNIST's validation images called "7"
        (0.1126, 5000, 0.1, False),  # which is why one in ten is no measure
        (0.13, 5000, 0.1135, False),
        (0.9265, 5000, 0.1135, False),
        (0.0896, 180, 0.115, True),
        (0.16, 180, 0.115, True),
        (0.20, 180, 0.115, False),
        (0.05, 5000, 0.1135, True),
        (0.0, 1, 0.1, True),
    ],
)
def test_chance_is_what_guessing_may_give_on_so_many_images(accuracy, n, guessing, chance):
    assert at_chance(accuracy, n, guessing) is chance


def test_guessing_is_always_giving_the_most_frequent_answer():
    assert guessing_rate(figures(0.5, 5000, MNIST_TEST)) == pytest.approx(0.1135)
    assert guessing_rate(figures(0.5, 5000, MNIST_TEST, answer=3)) == pytest.approx(0.1135)


def test_a_training_at_chance_says_so_and_what_to_do():
    said = chance_words(figures(0.0896, 180, [36] * 10, answer=4))
    assert said == (
        "ended at chance (8.96 % of the validation images): the network has learned nothing; "
        "lower --learning-rate or raise --epochs"
    )
    assert chance_words(figures(0.9265, 5000, MNIST_TEST)) == ""


@pytest.fixture(scope="module")
def hopeless(few, cpu, tmp_path_factory):
    """A folder with a training that learned nothing, one that did, and both networks attacked."""
    from engine.sections.adversarial.config import AdversarialConfig

    artifacts = str(tmp_path_factory.mktemp("hopeless"))
    common = {"epochs": 30, "artifacts": artifacts}
    found = {"dataset": "digits", "device": "cpu", "precision": "fp32", "threads": 1}
    runs = {}
    for name, rate in (("bad", 1e-7), ("good", 0.01)):
        config = train_config(model="two-conv", learning_rate=rate, **common)
        runs[name] = Session(config, few, cpu, listen=lambda event: None).run()
    for name in ("bad", "good"):
        config = AdversarialConfig(labels=(1,), steps=2, artifacts=artifacts)
        config = config.resolve(**found, run=runs[name].id, model="two-conv", other_runs={})
        runs[f"noise of {name}"] = Session(config, few, cpu, listen=lambda event: None).run()
    return runs


@pytest.mark.xdist_group("hopeless")
@pytest.mark.extended
def test_it_is_told_of_a_run_by_its_files_and_of_whatever_looks_at_its_network(hopeless):
    assert warning_of(hopeless["bad"]).startswith("ended at chance (")
    assert warning_of(hopeless["noise of bad"]).startswith(
        f"its network ({hopeless['bad'].id}) ended at chance ("
    )
    assert warning_of(hopeless["good"]) == warning_of(hopeless["noise of good"]) == ""


@pytest.mark.xdist_group("hopeless")
@pytest.mark.extended
def test_only_a_finished_training_is_told_of(hopeless, tmp_path):
    run = Run(tmp_path / hopeless["bad"].id)
    run.path.mkdir()
    info = hopeless["bad"].read_info()
    for status in ("running", "stopped", "failed"):
        (run.path / "run.json").write_text(json.dumps(info | {"status": status}))
        assert warning_of(run) == ""


@pytest.mark.xdist_group("hopeless")
@pytest.mark.extended
def test_a_network_that_is_gone_or_damaged_is_told_of_elsewhere(hopeless, tmp_path):
    noises = Run(tmp_path / "noises")
    noises.path.mkdir()
    (noises.path / "run.json").write_text(json.dumps(hopeless["noise of bad"].read_info()))
    assert warning_of(noises) == ""
    network = tmp_path / hopeless["bad"].id
    network.mkdir()
    (network / "run.json").write_text("[" * 10)
    assert warning_of(noises) == ""
    shutil.copy(hopeless["bad"].path / "run.json", network)
    (network / "result.json").write_text("{")
    assert warning_of(noises) == ""


@pytest.mark.xdist_group("hopeless")
@pytest.mark.extended
def test_a_comparison_tells_of_it(hopeless):
    told = to_json(compare([hopeless["bad"], hopeless["good"]]))["runs"]
    assert [row["warning"][:15] for row in told] == ["", "ended at chance"]
    noises = to_json(compare([hopeless["noise of bad"], hopeless["noise of good"]]))["runs"]
    assert sorted(bool(row["warning"]) for row in noises) == [False, True]


@pytest.mark.xdist_group("hopeless")
@pytest.mark.extended
def test_the_report_and_its_referee_tell_of_it(hopeless, few, cpu):
    artifacts = hopeless["bad"].path.parent
    for name, fails in (("bad", True), ("good", False)):
        ids = [hopeless[name].id, hopeless[f"noise of {name}"].id]
        chosen = choose(artifacts, ids)
        findings = list(referee(chosen, few, cpu))
        [learned] = [finding for finding in findings if "has learned" in finding.claim]
        assert learned.holds is not fails
        page = render(chosen, findings, "again")
        assert page.count("ended at chance (") == (2 if fails else 0)
        assert ('<tr class="fails"><td>two-conv' in page) is fails


@pytest.mark.extended
@pytest.mark.parametrize(
    ("model", "recipe"),
    a_few(
        [
            ("two-conv-fc", "tuned"),
            ("baseline", "assignment"),
            ("baseline", "tuned"),
            ("two-conv", "tuned"),
        ],
        0,
        2,
        several=True,
    ),
)
def test_every_recipe_works_on_the_digits(recipe, model, digits, cpu):
    config = TrainConfig(model=model, recipe=recipe, seed=1, dataset="digits", threads=2)
    config = config.resolve(device="cpu", precision="fp32")
    state = TrainState.begin(config, cpu)
    list(train(config, digits, cpu, state))
    *_, finished = evaluate(config, state.network, digits, cpu)
    assert finished.results["validation"]["accuracy"] > 0.9
    assert finished.results["test"]["accuracy"] > 0.9


def test_on_mnist_no_recipe_depends_on_the_dataset():
    common = {"epochs": 5, "batch_size": 128, "momentum": 0.9, "validation_interval": 10}
    expected = {
        "assignment": common | {"learning_rate": 0.01, "l2": 0.01, "schedule": "constant",
                                "nesterov": False, "augmentation": "none"},
        "tuned": common | {"learning_rate": 0.2, "l2": 5e-5, "schedule": "one-cycle",
                           "nesterov": True, "augmentation": "affine"},
    }  # fmt: skip
    for recipe in RECIPES:
        assert TrainConfig(recipe=recipe, dataset="mnist").defaults == expected[recipe]
    digits = TrainConfig(recipe="assignment", dataset="digits").defaults
    assert digits == expected["assignment"] | {"epochs": 40}
