import json

import numpy as np
import pytest
import torch

from engine.errors import EngineError, UsageError
from engine.networks.architectures import ARCHITECTURES, SIDE
from engine.networks.layout import neurons_of
from engine.networks.network import Network
from engine.runs.events import Preview, Progress, to_json
from engine.sections.visualize.ascend import AscentState, ascend
from engine.sections.visualize.config import VisualizeConfig
from engine.sections.visualize.evaluate import evaluate
from engine.sections.visualize.neurons import NaturalResponse, activations_of, masks
from engine.sections.visualize.rules import ReportAscent, TunedAscent, begin_ascent, blur


def neuron_of(layer, index):
    """Return a neuron of two-conv-fc on MNIST."""
    return neurons_of(ARCHITECTURES["two-conv-fc"].layout.find(layer))[index]


def network(model="two-conv-fc", seed=0):
    return Network(ARCHITECTURES[model], seed).requires_grad_(False)


def config(**options):
    model = options.pop("model", "two-conv-fc")
    found = {"dataset": "digits", "device": "cpu", "precision": "fp32", "threads": 1,
             "run": "a-run", "model": model, "other_runs": {"baseline": "b-run"}}  # fmt: skip
    return VisualizeConfig(**options).resolve(**found)


def run(settings, data, device, of=None, state=None):
    of = of or network(settings.model)
    state = state or AscentState.begin(settings, of, {"baseline": network("baseline")})
    return list(events_of(settings, data, device, state)), state


def events_of(settings, data, device, state):
    yield from ascend(settings, state)
    yield from evaluate(settings, state.made(), data, device)


def test_all_74_neurons_in_the_report_s_order():
    neurons = config().targets
    assert len(neurons) == 74
    assert [neuron.layer for neuron in neurons] == ["logits"] * 10 + ["pool2"] * 32 + ["pool1"] * 32
    assert {neuron.position for neuron in neurons} == {None, (3, 3), (7, 7)}


def test_a_layer_that_the_model_lacks_is_said_in_one_line():
    with pytest.raises(EngineError, match="baseline has no pool2; its layers are pool1, logits"):
        _ = config(model="baseline", layers=("pool2",)).targets
    assert len(config(model="baseline").targets) == 42


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"layers": ("pool3",)}, "--layer must be one of logits, pool2, pool1"),
        ({"layers": ("logits",), "neurons": (10,)}, "--neuron of logits must be between 0 and 9"),
        ({"layers": ("pool1",), "neurons": (32,)}, "--neuron of pool1 must be between 0 and 31"),
        ({"neurons": (20,)}, "--neuron of logits"),
    ],
)
def test_neurons_that_do_not_exist_are_refused(options, words):
    with pytest.raises(UsageError, match=words):
        VisualizeConfig(**options)


@pytest.mark.parametrize(
    ("layer", "first", "last"), [("pool1", 13, 16), ("pool2", 9, 18), ("logits", 0, 27)]
)
def test_receptive_fields_by_hand(layer, first, last):
    """pool1 row 7 pools rows 14, 15, which see 13..16; pool2 row 3 pools 6, 7 of pool1's 5..8."""
    rows, columns = neuron_of(layer, 0).receptive_field(SIDE)
    assert rows == columns == slice(first, last + 1)


@pytest.mark.parametrize("layer", ["pool1", "pool2"])
def test_receptive_fields_by_gradient(layer):
    """Outside the gradient is exactly zero; inside every pixel matters on some image."""
    neuron = neuron_of(layer, 5)
    images = torch.rand(200, 1, 28, 28, generator=torch.Generator().manual_seed(0)) * 2 - 0.5
    images.requires_grad_()
    total = activations_of(network().activations(images), [neuron]).sum()
    (gradient,) = torch.autograd.grad(total, images)
    seen = torch.from_numpy(masks([neuron]))[0, 0].bool()
    assert not gradient[:, 0][:, ~seen].any()
    assert gradient[:, 0][:, seen].abs().amax(0).min() > 0


@pytest.mark.extended
@pytest.mark.parametrize("recipe", ["tuned", "assignment"])
def test_every_layer_in_one_batch_equals_neurons_alone(recipe, few, cpu):
    """Over few steps: at a kink of a ReLU, rounding alone parts the ways later."""
    _, together = run(config(recipe=recipe, steps=3), few, cpu)
    neurons = config().targets
    for m in (0, 9, 10, 41, 42, 73):
        one = config(recipe=recipe, steps=3, layers=(neurons[m].layer,),
                     neurons=(neurons[m].index,))  # fmt: skip
        _, alone = run(one, few, cpu)
        difference = (alone.ascent.images[0] - together.ascent.images[m]).abs().max()
        assert difference <= 1e-3 * together.ascent.images[m].abs().max()


@pytest.mark.extended
def test_tuned_images_stay_in_range_and_grey_outside_the_receptive_field(few, cpu):
    _, state = run(config(steps=20), few, cpu)
    images = state.ascent.images
    assert images.min() >= 0
    assert images.max() <= 1
    outside = torch.from_numpy(masks(state.ascent.neurons)) == 0
    assert (images[outside] == 0.5).all()


@pytest.mark.extended
def test_activations_rise(few, cpu):
    events, _ = run(config(layers=("pool1", "pool2")), few, cpu)
    for neuron in events[-1].results["neurons"]:
        assert neuron["activation_end"] > neuron["activation_start"]
        assert neuron["percentile"] > 0.9 or neuron["dead"]


def test_the_report_s_rule_by_hand():
    """The first step: gradient over its deviation, hardly blurred, then decay."""
    of, neuron = network(), neuron_of("logits", 3)
    ascent, _ = begin_ascent(ReportAscent, of, [neuron], seed=0)
    start = ascent.images.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(of(start)[0, 3], start)
    ascent.move(*ascent.gradient(), 0, 100)
    expected = (start.detach() + blur(gradient / gradient.std(), 0.04)) * (1 - 1e-4)
    assert torch.allclose(ascent.images, expected, atol=1e-5)


def test_start_is_the_report_s_noise():
    ascent, restarts = begin_ascent(ReportAscent, network(), [neuron_of("logits", 0)], seed=0)
    assert restarts == [0]
    assert ascent.images.mean().item() * 255 == pytest.approx(128, abs=8)
    assert ascent.images.std().item() * 255 == pytest.approx(50, abs=5)


def planted():
    """A network whose pool1 filter 0 is dead and filter 1 answers to darkness only."""
    of = network()
    with torch.no_grad():
        of.conv1.weight[0] = 0
        of.conv1.bias[0] = -1
        of.conv1.weight[1] = -1
        of.conv1.bias[1] = 1
    return of


@pytest.mark.parametrize("rule", [ReportAscent, TunedAscent])
def test_a_neuron_without_gradient_is_started_again_elsewhere(rule):
    neurons = [neuron_of("pool1", 0), neuron_of("pool1", 1)]
    _, restarts = begin_ascent(rule, planted(), neurons, seed=0)
    assert restarts[0] == 512  # nothing helps a dead one
    assert 0 < restarts[1] < 512


def test_planted_dead_neurons_are_found_and_named(digits, cpu):
    settings = config(layers=("pool1",), neurons=(0, 1), steps=30)
    events, state = run(settings, digits, cpu, planted())
    dead, alive = events[-1].results["neurons"]
    assert dead["dead"]
    assert dead["activation_end"] == 0
    assert not alive["dead"]
    assert alive["restarts"] > 0
    assert alive["activation_end"] == pytest.approx(1.0, abs=0.05)  # all black: its bias
    assert alive["percentile"] > 0
    assert torch.isfinite(state.ascent.images).all()


def test_the_report_s_rule_survives_a_vanished_gradient(few, cpu):
    settings = config(recipe="assignment", layers=("pool1",), neurons=(0,), steps=5)
    _, state = run(settings, few, cpu, planted())
    assert torch.isfinite(state.ascent.images).all()


def test_percentiles_and_exemplars_by_hand():
    response = NaturalResponse(np.array([[0.0, 3], [0, 1], [0, 2], [0, 2]], np.float32))
    assert response.dead(0)
    assert not response.dead(1)
    assert response.percentile(1, 2.0) == 0.25
    assert response.percentile(1, 9.0) == 1.0
    assert response.strongest(1) == [0, 2, 3, 1]


def test_figures_belong_to_the_images(digits, cpu):
    of = network(seed=4)
    events, state = run(config(steps=20, layers=("pool2", "logits")), digits, cpu, of)
    images = state.ascent.images
    layers = of.activations(images)
    for m, neuron in enumerate(events[-1].results["neurons"]):
        if neuron["layer"] == "logits":
            value = layers["logits"][m, neuron["index"]]
            assert neuron["position"] is None
            assert neuron["receptive_field"] == [28, 28]
            read = network("baseline")(images[m : m + 1]).argmax().item()
            assert neuron["read_as"] == {"b-run": read}
        else:
            value = layers["pool2"][m, neuron["index"], 3, 3]
            assert (neuron["position"], neuron["receptive_field"]) == ([3, 3], [10, 10])
            assert "read_as" not in neuron
        assert neuron["activation_end"] == pytest.approx(value.item(), rel=1e-4)
        assert len(neuron["top_test_images"]) == 9
    exemplars = next(e for e in events if isinstance(e, Preview) and e.name == "exemplars")
    assert exemplars.images.shape == (9 * 42, SIDE, SIDE)


@pytest.mark.parametrize("recipe", ["tuned", "assignment"])
def test_state_is_complete_at_each_progress(recipe, few, cpu, tmp_path):
    settings = config(recipe=recipe, steps=20, layers=("logits", "pool1"), neurons=(0, 3))
    whole, state = run(settings, few, cpu)
    others = {"baseline": network("baseline")}
    first, halfway = [], AscentState.begin(settings, network(), others)
    for event in ascend(settings, halfway):
        first.append(event)
        if isinstance(event, Progress) and event.step == 10:
            break
    torch.save(halfway.state_dict(), tmp_path / "c.pt")
    resumed = AscentState.begin(settings, network(), others)
    resumed.load_state_dict(torch.load(tmp_path / "c.pt", weights_only=True))
    rest, resumed = run(settings, few, cpu, state=resumed)

    def lines(events):
        return [json.dumps(to_json(event)) for event in events]

    assert lines([*first, *rest]) == lines(whole)
    assert resumed.files() == state.files()


def test_blur_keeps_the_mean_and_spreads_by_sigma():
    spot = torch.zeros(1, 1, 28, 28)
    spot[0, 0, 14, 14] = 1
    blurred = blur(spot, 2.0)[0, 0]
    assert blurred.sum().item() == pytest.approx(1, abs=1e-4)
    where = torch.arange(28.0) - 14
    assert (blurred.sum(1) @ where.square()).item() == pytest.approx(4, rel=0.05)
    assert torch.equal(blur(spot, 0.01), spot)
