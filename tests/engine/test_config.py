import dataclasses
import math
import os
from contextlib import suppress

import pytest

from engine.config import RECIPES
from engine.data.known import NAMES
from engine.errors import UsageError
from engine.options import options_of
from engine.sections import configs
from engine.sections.train.config import TrainConfig

SECTIONS = configs()


def test_recipe_fills_in_what_nobody_chose():
    config = TrainConfig(model="baseline", epochs=3).resolve(dataset="mnist")
    assert (config.epochs, config.batch_size, config.learning_rate) == (3, 128, 0.01)
    assert (config.momentum, config.l2, config.validation_interval) == (0.9, 0.01, 10)


def test_digits_have_epochs_of_their_own_unless_chosen():
    assert TrainConfig().resolve(dataset="digits").epochs == 40
    assert TrainConfig(epochs=2).resolve(dataset="digits").epochs == 2
    assert TrainConfig().resolve(dataset="mnist").epochs == 5


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_file_of_few_images_is_trained_for_more_epochs(recipe):
    def resolve(images, **options):
        config = TrainConfig(recipe=recipe, dataset="mine.npz", **options)
        return config.resolve(dataset=os.path.abspath("mine.npz"), images=images)

    assert resolve(55_000).epochs == resolve(1_000_000).epochs == 5
    for images in (20, 300, 12_345):
        steps = resolve(images).total_steps(images)
        assert 2150 <= steps < 2150 + resolve(images).steps_per_epoch(images)
    assert resolve(300, batch_size=1).epochs == 8
    assert resolve(300, epochs=2).epochs == 2
    assert "epochs" not in TrainConfig(recipe=recipe, dataset="mine.npz").defaults
    assert TrainConfig(recipe=recipe).resolve(dataset="mnist", images=300).epochs == 5


def test_only_handwriting_is_turned_and_stretched():
    for dataset in (*NAMES, "/mine.npz"):
        changed = TrainConfig(recipe="tuned", dataset=dataset).defaults["augmentation"]
        assert changed == ("affine" if dataset in ("mnist", "digits", "kmnist") else "none")
        assert TrainConfig(dataset=dataset).defaults["augmentation"] == "none"


def test_fashion_mnist_has_values_of_its_own_for_tuned_alone():
    mnist, fashion = (
        {recipe: TrainConfig(recipe=recipe, dataset=name).defaults for recipe in RECIPES}
        for name in ("mnist", "fashion-mnist")
    )
    assert fashion["assignment"] == mnist["assignment"]
    assert fashion["tuned"] == mnist["tuned"] | {
        "batch_size": 64, "learning_rate": 0.1, "l2": 1e-4, "validation_interval": 20,
        "augmentation": "none",
    }  # fmt: skip


def test_kmnist_is_trained_as_mnist_is():
    for recipe in RECIPES:
        mnist, kmnist = (TrainConfig(recipe=recipe, dataset=d) for d in ("mnist", "kmnist"))
        assert kmnist.defaults == mnist.defaults


def resolved(section, **options):
    found = {"dataset": "mnist", "data_found": "/somewhere", "threads": 1}
    if section != "train":
        found |= {"run": "a-run", "model": "two-conv-fc", "other_runs": {}}
    return SECTIONS[section](**options).resolve(**found)


@pytest.mark.parametrize("section", SECTIONS)
def test_nothing_is_left_open_and_paths_are_absolute(section):
    config = resolved(section, artifacts="here")
    assert config.artifacts == os.path.abspath("here")
    optional = {"data_root", "epsilon", "neurons", "layout"}  # None is a value of theirs
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


WRONG = [
    ("train", "dataset", 3, "--dataset must be plain text, not 3."),
    ("train", "seed", "x", "--seed must be a whole number, not 'x'."),
    ("train", "seed", True, "--seed must be a whole number, not True."),
    ("train", "seed", None, "--seed must be a whole number, not None."),
    ("train", "seed", 1.0, "--seed must be a whole number, not 1.0."),
    ("train", "epochs", [3], "--epochs must be a whole number, not (3,)."),
    ("train", "learning_rate", "0.1", "--learning-rate must be a number, not '0.1'."),
    ("train", "learning_rate", 10**400, "--learning-rate must be at most 100"),
    ("train", "l2", False, "--l2 must be a number, not False."),
    ("train", "offline", 1, "--offline must be true or false, not 1."),
    ("train", "artifacts", None, "--artifacts must be plain text, not None."),
    ("train", "artifacts", "a\0b", r"--artifacts must be plain text, not 'a\x00b'."),
    ("train", "data_root", "\udcff", r"--data-root must be plain text, not '\udcff'."),
    ("train", "data_found", 3, "--data-found must be plain text, not 3."),
    ("train", "model", ["baseline"], "--model must be plain text"),
    ("train", "schedule", "cosine", "--schedule must be one of constant, one-cycle, not 'cosine'."),
    ("train", "augmentation", 1, "--augmentation must be plain text, not 1."),
    ("train", "nesterov", "yes", "--nesterov must be true or false, not 'yes'."),
    ("train", "device", {"a": 1}, "--device must be plain text, not {'a': 1}."),
    ("adversarial", "labels", ["a"], "--label must be whole numbers, not ('a',)."),
    ("adversarial", "labels", [True], "--label must be whole numbers, not (True,)."),
    ("adversarial", "labels", 3, "--label must be whole numbers, not 3."),
    ("adversarial", "labels", [], "--label must be given at least once"),
    ("adversarial", "labels", [10], "--label must be between 0 and 9, not 10."),
    ("adversarial", "batch_size", 0, "--batch-size must be at least 1, not 0."),
    ("adversarial", "model", "../lenet", "--model must be the name of a model, not "),
    ("adversarial", "other_runs", ["x"], "--other-runs must be ids of runs by model, not ('x',)."),
    ("adversarial", "other_runs", {"baseline": 3}, "--other-runs must be ids of runs by model"),
    ("adversarial", "run", 3, "--run must be plain text, not 3."),
    ("visualize", "layers", [3], "--layer must be names, not (3,)."),
    ("visualize", "layers", "logits", "--layer must be names, not 'logits'."),
    ("visualize", "neurons", ["3"], "--neuron must be whole numbers, not ('3',)."),
    ("visualize", "neurons", {"3": 1}, "--neuron must be whole numbers, not {'3': 1}."),
]


@pytest.mark.parametrize(("section", "name", "value", "words"), WRONG)
def test_every_field_is_checked_whatever_its_type(section, name, value, words):
    config = SECTIONS[section]
    for build in (lambda: config(**{name: value}), lambda: config.from_json({name: value})):
        with pytest.raises(UsageError) as caught:
            build()
        assert str(caught.value).startswith(words)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("value", [3, 0.5, "x", True, None, [], ["x"], {}, {"x": 1}, [[1]], -1])
def test_any_json_in_any_field_is_a_config_or_one_clear_line(section, value):
    config = SECTIONS[section]
    for item in dataclasses.fields(config):
        with suppress(UsageError):  # and nothing else
            found = config.from_json({item.name: value})
            assert config.from_json(found.to_json()) == found


@pytest.mark.parametrize("values", [[], "x", None, 3])
def test_what_is_no_object_is_no_config(values):
    with pytest.raises(UsageError, match="A config must be an object"):
        TrainConfig.from_json(values)


def test_a_number_that_is_whole_is_one():
    assert TrainConfig(learning_rate=1, momentum=0).learning_rate == 1
