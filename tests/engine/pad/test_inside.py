"""Maps of layers, and what neurons look for."""

import shutil

import numpy as np
import pytest
import torch

from engine.networks.layout import LOGITS, neurons_of
from engine.pad.inside import look, look_at, maps_of
from engine.pad.networks import Networks, trained_in
from engine.pad.noises import noises_in
from engine.pad.strength import by_strength
from engine.runs.session import Session
from engine.sections.visualize.config import VisualizeConfig


def two_conv(runs):
    folder = runs["train"].path.parent
    [one] = [one for one in trained_in(folder) if one.model == "two-conv"]
    return one, folder


def test_maps_are_the_layer_s_activations(runs, few):
    trained, _ = two_conv(runs)
    network = Networks().load(trained)
    image = few.test.images[0].astype(np.float32) / 255
    with torch.no_grad():
        direct = network.activations(torch.tensor(image)[None, None])
    for layer in trained.layout.layers:
        maps = maps_of(network, layer.name, image)
        assert maps.shape == (layer.shape if layer.spatial else (layer.neurons, 1, 1))
        assert (maps.ravel() == direct[layer.name][0].numpy().ravel()).all()


def test_a_neuron_s_look_comes_from_the_run_that_drew_it(runs):
    trained, folder = two_conv(runs)
    result = runs["visualize"].read_result()["neurons"][4]
    found = look_at(trained, neurons_of(trained.layout.find(LOGITS))[4], folder)
    assert found.source == runs["visualize"].id
    assert list(found.strongest) == result["top_test_images"]
    assert (found.image == np.clip(runs["visualize"].array()[4, 0], 0, 1)).all()
    assert look_at(trained, neurons_of(trained.layout.find("pool1"))[0], folder) is None


@pytest.mark.extended
def test_an_image_without_bounds_is_scaled_as_the_section_shows_it(copied, few, cpu):
    trained, folder = two_conv(copied)
    shutil.rmtree(copied["visualize"].path)
    found = {"dataset": "digits", "device": "cpu", "precision": "fp32", "threads": 1,
             "run": trained.run.id, "model": "two-conv", "other_runs": {}}  # fmt: skip
    asked = VisualizeConfig(
        layers=("logits",), recipe="assignment", steps=8, artifacts=str(folder)
    ).resolve(**found)
    run = Session(asked, few, cpu, listen=lambda event: None).run()
    image = run.array()[4, 0]
    assert image.min() < 0
    shown = look_at(trained, neurons_of(trained.layout.find(LOGITS))[4], folder).image
    assert np.abs(shown - (image - image.min()) / np.ptp(image)).max() < 1e-6


def test_a_network_that_draws_leaves_a_training_its_numbers(runs, few, cpu, monkeypatch):
    """What goes on between two of its steps draws as if nobody looked."""
    trained, folder = two_conv(runs)
    network = Networks().load(trained)
    monkeypatch.setattr(type(network), "draws", True)

    def draw(*_):
        torch.rand(1)
        np.random.rand()

    for module in network.modules():
        module.register_forward_pre_hook(draw)
    neuron = neurons_of(trained.layout.find(LOGITS))[4]
    noise = next(noises_in(folder))

    def numbers(steps):
        torch.manual_seed(1)
        np.random.seed(1)
        return [(float(torch.rand(1)), np.random.rand()) for _ in steps]

    for steps in (look(trained, network, neuron, few.test, cpu),
                  by_strength(network, noise, few.test, cpu)):  # fmt: skip
        drawn = numbers(steps)
        assert drawn == numbers(drawn)


def test_a_neuron_is_looked_at_now_where_no_run_has_drawn_it(runs, few, cpu):
    trained, _ = two_conv(runs)
    network = Networks().load(trained)
    found = list(look(trained, network, neurons_of(trained.layout.find(LOGITS))[4], few.test, cpu))
    last = found[-1]
    assert found[0].strongest is None
    assert list(last.strongest) == runs["visualize"].read_result()["neurons"][4]["top_test_images"]
    assert last.image.shape == (28, 28)
    start, end = (maps_of(network, LOGITS, one.image)[4] for one in (found[2], last))
    assert end > start
    without = list(look(trained, network, neurons_of(trained.layout.find(LOGITS))[4], None, cpu))
    assert without[-1].strongest is None
    assert (without[-1].image == last.image).all()
