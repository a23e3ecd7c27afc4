"""The same experiments on a CUDA device, where there is one.

A CPU takes its place too, so that these tests are known to work.
"""

import numpy as np
import pytest
import torch

from engine.numerics.cuda_graph import Graphs
from engine.numerics.device import open_device
from engine.runs.checkpoint import copied
from engine.runs.events import Progress
from engine.sections.adversarial.config import AdversarialConfig
from engine.sections.adversarial.craft import craft
from engine.sections.adversarial.state import CraftState
from engine.sections.train.loop import TrainState, train
from engine.sections.visualize.ascend import AscentState, ascend
from engine.sections.visualize.config import VisualizeConfig
from engine.sections.visualize.evaluate import evaluate
from tests.conftest import train_config

A_GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


PLACES = [("cpu", "fp32"), pytest.param(("cuda", "fp32"), marks=A_GPU),
          pytest.param(("cuda", "bf16"), marks=A_GPU)]  # fmt: skip


@pytest.fixture(scope="module", params=PLACES, ids="-".join)
def cuda(request):
    return open_device(*request.param)


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
    found = {
        "dataset": "digits", "device": str(cuda.torch_device), "precision": cuda.precision,
        "threads": 1, "run": "r", "model": "two-conv", "other_runs": {},
    }  # fmt: skip
    noise = AdversarialConfig(recipe=recipe, steps=10).resolve(**found)
    state = CraftState.begin(noise, cuda, network, {})
    assert np.isfinite(losses(list(craft(noise, few, cuda, state)))).all()
    neurons = VisualizeConfig(recipe=recipe, steps=10).resolve(**found)
    state = AscentState.begin(neurons, network, {})
    list(ascend(neurons, state))
    *_, finished = evaluate(neurons, state.made(), few, cuda)
    assert len(finished.results["neurons"]) == 74


def test_a_step_that_is_replayed_is_the_step_that_it_records(cuda):
    """In eager mode and replayed, for two shapes of input in turn; the warm-up is no step."""
    weights = torch.zeros(4, device=cuda.torch_device)

    def step(values):
        weights.add_(values.mean())
        return ((weights * values.sum()).clone(),)

    expected = torch.zeros(4, device=cuda.torch_device)
    with Graphs(cuda.torch_device) as graphs:
        replayed = graphs.replayed(step, changes=[weights])
        for number, size in enumerate((4, 4, 3, 4, 3), 1):
            values = torch.full((size,), float(number), device=cuda.torch_device)
            (result,) = replayed(values)
            expected += values.mean()
            assert torch.equal(weights, expected)
            assert torch.allclose(result, expected * values.sum())
        assert graphs.trouble() == ""


@pytest.mark.parametrize("recipe", ["assignment", "tuned"])
def test_replayed_training_is_eager_training(few, cuda, recipe):
    config = train_config(epochs=3, recipe=recipe)
    replayed = list(train(config, few, cuda, TrainState.begin(config, cuda)))
    off = train_config(epochs=3, recipe=recipe, no_cuda_graphs=True)
    eager = list(train(off, few, cuda, TrainState.begin(off, cuda)))
    tolerance = 1e-4 if cuda.precision == "fp32" else 0.02
    assert np.allclose(losses(replayed), losses(eager), atol=tolerance)


def test_a_run_goes_on_exactly(few, cuda, tmp_path):
    """With deterministic kernels, stopped at the third event and resumed: equal to the bit."""
    deterministic = open_device(cuda.torch_device.type, cuda.precision, deterministic=True)
    try:
        config = train_config(epochs=6)
        whole = TrainState.begin(config, deterministic)
        list(train(config, few, deterministic, whole))
        first = TrainState.begin(config, deterministic)
        for number, event in enumerate(train(config, few, deterministic, first)):
            if number > 2 and isinstance(event, Progress):
                break
        second = TrainState.begin(config, deterministic)
        second.load_state_dict(copied(first.state_dict()))
        list(train(config, few, deterministic, second))
        assert whole.files() == second.files()
    finally:
        if torch.are_deterministic_algorithms_enabled():  # else its imports take seconds
            torch.use_deterministic_algorithms(False)
