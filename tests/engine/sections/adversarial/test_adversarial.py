import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from engine.data.dataset import Split
from engine.errors import UsageError
from engine.networks.architectures import ARCHITECTURES
from engine.networks.network import Network
from engine.numerics.seeding import Stream, stream
from engine.runs.events import Finished, Preview, Progress, to_json
from engine.sections.adversarial import rules
from engine.sections.adversarial.config import AdversarialConfig
from engine.sections.adversarial.craft import craft
from engine.sections.adversarial.evaluate import (
    effective_distortion,
    evaluate,
    judge_noise,
    matched_random_noise,
)
from engine.sections.adversarial.state import CraftState
from engine.sections.train.loop import TrainState, train
from tests.conftest import a_few, train_config


@pytest.fixture(scope="module")
def networks(digits, cpu):
    """A trained two-conv and a baseline to transfer to."""

    def trained(model):
        config = train_config(model=model, epochs=8, batch_size=64, learning_rate=0.02, l2=0.0)
        state = TrainState.begin(config, cpu)
        list(train(config, digits, cpu, state))
        return state.network.requires_grad_(False)

    return trained("two-conv"), {"baseline": trained("baseline")}


def config(**options):
    found = {"dataset": "digits", "device": "cpu", "precision": "fp32", "threads": 1,
             "run": "a-run", "model": "two-conv", "other_runs": {"baseline": "b-run"}}  # fmt: skip
    return AdversarialConfig(**{"batch_size": 32} | options).resolve(**found)


def run(config, data, device, networks, state=None):
    state = state or CraftState.begin(config, device, *networks)
    return list(events_of(config, data, device, state)), state


def events_of(config, data, device, state):
    yield from craft(config, data, device, state)
    yield from evaluate(config, state.made(), data, device)


@pytest.mark.extended
@pytest.mark.parametrize("options", [{}, {"recipe": "assignment"}, {"epsilon": 0.3}])
def test_all_targets_at_once_equal_separate_runs(options, few, cpu, networks):
    together, state = run(config(steps=6, **options), few, cpu, networks)
    for label in range(10):
        alone, single = run(config(steps=6, labels=(label,), **options), few, cpu, networks)
        assert torch.allclose(single.noise[0], state.noise[label], atol=1e-5)
        one, of_ten = alone[-1].results["targets"][0], together[-1].results["targets"][label]
        assert (one["label"], one["success"]) == (label, of_ten["success"])


def test_crafting_never_sees_a_test_image(digits, cpu, networks):
    from dataclasses import replace

    blank = Split(np.zeros_like(digits.test.images), digits.test.labels)
    _, one = run(config(steps=2), digits, cpu, networks)
    _, other = run(config(steps=2), replace(digits, test=blank), cpu, networks)
    assert torch.equal(one.noise, other.noise)


def test_the_noise_works_and_random_noise_of_its_size_does_not(digits, cpu, networks):
    events, state = run(config(steps=60), digits, cpu, networks)
    for target in events[-1].results["targets"]:
        assert target["success"]["rate"] > 0.95
        assert target["random_noise_success"] < 0.35
    assert state.noise.abs().max() <= 1


@pytest.mark.parametrize("recipe", a_few(["tuned", "assignment"], 1))
@pytest.mark.parametrize("epsilon", [0.0, 0.05, 0.3])
def test_a_budget_is_held_exactly_at_every_step(recipe, epsilon, few, cpu, networks):
    settings = config(recipe=recipe, epsilon=epsilon, steps=10)
    state = CraftState.begin(settings, cpu, *networks)
    bound = np.float32(epsilon)
    events = []
    for event in events_of(settings, few, cpu, state):
        assert state.noise.abs().max() <= bound
        events.append(event)
    for target in events[-1].results["targets"]:
        assert target["epsilon"] == epsilon
        assert target["distortion"]["linf"] <= bound


def test_the_report_s_rule_by_hand(digits, cpu, networks):
    """One step from zero: mean over the batch of gradient over RMS, times 0.01, subtracted."""
    network, _ = networks
    settings = config(recipe="assignment", labels=(3,), steps=1)
    state = CraftState.begin(settings, cpu, *networks)
    run(settings, digits, cpu, networks, state)
    random = stream(0, Stream.NOISE_BATCHES, 0)
    chosen = random.choice(len(digits.train), 32, replace=False, shuffle=False)
    expected, counted = torch.zeros(1, 28, 28), 0
    for index in chosen:
        if digits.train.labels[index] == 3:
            continue
        image = torch.tensor(digits.train.images[index])[None, None].float() / 255
        image.requires_grad_()
        loss = F.cross_entropy(network(image.clamp(0, 1)), torch.tensor([3]))
        (gradient,) = torch.autograd.grad(loss, image)
        expected += gradient[0] / gradient.square().mean().sqrt()
        counted += 1
    assert torch.allclose(state.noise[0], -0.01 * expected / counted, atol=1e-5)


def test_images_of_the_target_digit_count_for_nothing(digits, cpu, networks):
    """A batch of the target digit alone has no gradient and no success."""
    settings = config(labels=(4,))
    state = CraftState.begin(settings, cpu, *networks)
    images, labels = cpu.place(digits.train)
    fours = torch.nonzero(labels == 4).flatten()
    direction, loss, hit = rules.direction_of_step(
        settings, state, cpu, torch.tensor([4]), images, labels, fours
    )
    assert loss.tolist() == hit.tolist() == [0.0]
    assert not direction.any()


def test_events_follow_fixed_steps(few, cpu, networks):
    events, _ = run(config(steps=23, batch_size=4), few, cpu, networks)
    progress = [event for event in events if isinstance(event, Progress)]
    assert [event.step for event in progress] == list(range(1, 24))
    assert {event.series["loss"].shape for event in progress} == {(1, 10)}
    names = [event.name for event in events if isinstance(event, Preview)]
    assert names == ["sources", "noise", "noise", "noise", "test_sources", "noise"]
    assert isinstance(events[-1], Finished)


@pytest.mark.parametrize("options", a_few([{}, {"recipe": "assignment"}, {"epsilon": 0.2}], 1))
def test_state_is_complete_at_each_progress(options, few, cpu, networks, tmp_path):
    settings = config(steps=20, batch_size=8, **options)
    whole, state = run(settings, few, cpu, networks)
    first, halfway = [], CraftState.begin(settings, cpu, *networks)
    for event in craft(settings, few, cpu, halfway):
        first.append(event)
        if isinstance(event, Progress) and event.step == 10:
            break
    torch.save(halfway.state_dict(), tmp_path / "c.pt")
    resumed = CraftState.begin(settings, cpu, *networks)
    resumed.load_state_dict(torch.load(tmp_path / "c.pt", weights_only=True))
    rest, resumed = run(settings, few, cpu, networks, resumed)

    def lines(events):
        return [json.dumps(to_json(event)) for event in events]

    assert lines([*first, *rest]) == lines(whole)
    assert resumed.files() == state.files()


class Says(torch.nn.Module):
    """A network that says what the image's brightest row says: row r means class r."""

    def forward(self, images):
        return images[:, 0, :10].sum(2)


def planted(labels):
    images = np.zeros((len(labels), 28, 28), np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[label, :10] = 255
    return Split(images, np.array(labels, np.uint8))


def test_judging_by_hand(cpu):
    """Noise of 0.6 in 20 pixels of row 2 beats the ten white ones, but only where it is alone."""
    noise = torch.zeros(1, 1, 28, 28)
    noise[0, 0, 2, :20] = 0.6
    test = planted([0, 1, 2, 2, 3, 3])
    [(target, answers)] = judge_noise(
        noise, (2,), network=Says(), others={"other": Says()}, test=test, device=cpu,
        classes=10, epsilon=None, seed=0,
    )  # fmt: skip
    assert answers.tolist()[:2] == answers.tolist()[4:] == [2, 2]
    assert target["success"]["n"] == 4  # the two images of digit 2 are left out
    assert target["success"]["rate"] == 1.0
    assert target["by_source"][:4] == [1.0, 1.0, None, 1.0]
    assert target["transfer"] == {"other": 1.0}
    assert target["distortion"]["l2"] == pytest.approx(0.6 * 20**0.5, rel=1e-6)
    assert target["distortion"]["effective_l2"] == pytest.approx(0.6 * 20**0.5, rel=1e-6)


def test_effective_distortion_is_what_is_left_after_the_clamp():
    images = torch.zeros(2, 1, 28, 28, dtype=torch.uint8)
    images[1] = 255
    noise = torch.full((1, 28, 28), 0.5)
    noise[0, 0, 0] = -0.25
    l2, linf = effective_distortion(images, noise)
    dark, bright = 0.5 * 783**0.5, 0.25  # on black only the bright part acts, on white the dark
    assert l2 == pytest.approx((dark + bright) / 2, rel=1e-6)
    assert linf == pytest.approx((0.5 + 0.25) / 2)


@pytest.mark.parametrize("l2", [0.5, 6.0, 12.0])
def test_random_noise_has_the_same_mean_effective_l2(digits, l2):
    images = torch.tensor(digits.test.images).unsqueeze(1)
    noise = matched_random_noise(images, l2, np.random.default_rng(0))
    assert effective_distortion(images, noise)[0] == pytest.approx(l2, rel=1e-3)


def test_random_noise_to_match_nothing_is_nothing(digits):
    images = torch.tensor(digits.test.images).unsqueeze(1)
    assert not matched_random_noise(images, 0.0, np.random.default_rng(0)).any()


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_impossible_budgets_are_refused(value):
    with pytest.raises(UsageError, match="--epsilon"):
        AdversarialConfig(epsilon=value)


def test_labels_are_digits_and_counted_once():
    with pytest.raises(UsageError, match="--label must be between 0 and 9, not 10"):
        AdversarialConfig(labels=(10,))
    assert AdversarialConfig(labels=(3, 1, 3)).labels == (3, 1)


def test_any_model_can_be_attacked(few, cpu):
    network = Network(ARCHITECTURES["baseline"]).requires_grad_(False)
    events, _ = run(config(steps=5, labels=(0, 9)), few, cpu, (network, {}))
    assert [t["transfer"] for t in events[-1].results["targets"]] == [{}, {}]
