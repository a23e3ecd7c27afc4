"""The same experiments on a CUDA device, where there is one."""

import numpy as np
import pytest
import torch

from engine.adversarial import CraftState, craft
from engine.config import AdversarialConfig, VisualizeConfig
from engine.device import open_device
from engine.events import Progress
from engine.train import TrainState, train
from engine.visualize import AscentState, ascend
from tests.conftest import train_config

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


@pytest.fixture(scope="module", params=["fp32", "bf16"])
def cuda(request):
    return open_device("cuda", request.param)


def losses(events):
    return np.concatenate([e.series["loss"] for e in events if isinstance(e, Progress)])


def test_training_follows_the_cpu(few, cpu, cuda):
    config = train_config(epochs=3)
    here = list(train(config, few, cpu, TrainState.begin(config, cpu)))
    there = list(train(config, few, cuda, TrainState.begin(config, cuda)))
    tolerance = 1e-3 if cuda.precision == "fp32" else 0.05
    assert np.allclose(losses(here), losses(there), atol=tolerance)


@pytest.mark.parametrize("recipe", ["tuned", "assignment"])
def test_noise_and_neurons_run(few, cpu, cuda, recipe):
    training = train_config(model="two-conv", epochs=3)
    state = TrainState.begin(training, cuda)
    list(train(training, few, cuda, state))
    network = state.network.requires_grad_(False)
    found = {"dataset": "digits", "device": "cuda", "precision": cuda.precision, "threads": 2,
             "run": "r", "model": "two-conv", "other_runs": {}}  # fmt: skip
    noise = AdversarialConfig(recipe=recipe, steps=10).resolve(**found)
    events = list(craft(noise, few, cuda, network, {}, CraftState.begin(noise, cuda)))
    assert np.isfinite(losses(events)).all()
    neurons = VisualizeConfig(recipe=recipe, steps=10).resolve(**found)
    events = list(ascend(neurons, few, cuda, network, {}, AscentState.begin(neurons, network)))
    assert len(events[-1].figures["neurons"]) == 74
