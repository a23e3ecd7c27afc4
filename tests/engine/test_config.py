import dataclasses
import math
import os

import pytest

from engine.config import SECTIONS, TrainConfig, options_of
from engine.errors import UsageError


def test_recipe_fills_in_what_nobody_chose():
    config = TrainConfig(model="baseline", epochs=3).resolve(dataset="mnist")
    assert (config.epochs, config.batch_size, config.learning_rate) == (3, 128, 0.01)
    assert (config.momentum, config.l2, config.validation_interval) == (0.9, 0.01, 10)


def test_digits_have_epochs_of_their_own_unless_chosen():
    assert TrainConfig().resolve(dataset="digits").epochs == 40
    assert TrainConfig(epochs=2).resolve(dataset="digits").epochs == 2
    assert TrainConfig().resolve(dataset="mnist").epochs == 5


def resolved(section, **options):
    found = {"dataset": "mnist", "data_found": "/somewhere", "threads": 1}
    if section != "train":
        found |= {"run": "a-run", "model": "two-conv-fc", "other_runs": {}}
    return SECTIONS[section](**options).resolve(**found)


@pytest.mark.parametrize("section", SECTIONS)
def test_nothing_is_left_open_and_paths_are_absolute(section):
    config = resolved(section, artifacts="here")
    assert config.artifacts == os.path.abspath("here")
    optional = {"data_root", "epsilon", "neurons"}  # None is a value of theirs
    assert {k for k, v in config.to_json().items() if v is None} <= optional


def test_mnist_takes_430_steps_an_epoch():
    config = TrainConfig().resolve(dataset="mnist")
    assert config.steps_per_epoch(55_000) == 430
    assert config.total_steps(55_000) == 2150


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("epochs", 0, "--epochs must be at least 1, not 0."),
        ("batch_size", -1, "--batch-size must be at least 1"),
        ("learning_rate", 0.0, "--learning-rate must be above 0"),
        ("learning_rate", math.nan, "must be a finite number"),
        ("momentum", 1.0, "--momentum must be at most 0.9999"),
        ("l2", -0.1, "--l2 must be at least 0"),
        ("model", "lenet", "must be one of baseline, two-conv, two-conv-fc"),
        ("recipe", "best", "must be one of assignment, tuned"),
        ("dataset", "cifar", "must be one of auto, mnist, digits"),
        ("precision", "fp8", "must be one of auto, fp32, bf16"),
        ("threads", 0, "--threads must be at least 1"),
        ("seed", -1, "--seed must be at least 0"),
    ],
)
def test_wrong_values_are_refused_in_one_clear_line(option, value, words):
    with pytest.raises(UsageError) as caught:
        TrainConfig(**{option: value})
    assert words in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("section", SECTIONS)
def test_json_round_trip(section):
    config = resolved(section)
    assert type(config).from_json(config.to_json() | {"of_a_later_version": 1}) == config


@pytest.mark.parametrize("section", SECTIONS)
def test_every_option_has_help(section):
    assert all(rules.help for rules in options_of(SECTIONS[section]).values())
    assert dataclasses.is_dataclass(SECTIONS[section])
