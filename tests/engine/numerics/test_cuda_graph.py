"""Recording, replaying and doing without, with a stand-in for CUDA's graphs."""

import gc
from contextlib import closing

import numpy as np
import pytest
import torch
from torch import nn

from engine.networks.layout import Layer, Layout
from engine.networks.wrapped import Wrapped
from engine.numerics import cuda_graph
from engine.numerics.cuda_graph import Graphs
from engine.runs.events import Notice, Progress, to_json
from engine.sections.adversarial.config import AdversarialConfig
from engine.sections.adversarial.craft import craft
from engine.sections.adversarial.state import CraftState
from engine.sections.train.loop import TrainState, train
from engine.sections.visualize.ascend import AscentState, ascend
from engine.sections.visualize.config import VisualizeConfig
from tests.conftest import train_config
from tests.engine.numerics.recorder import OnPaper

CPU = torch.device("cpu")


@pytest.fixture
def recorder(monkeypatch):
    """Every run records on this."""
    made = OnPaper()
    monkeypatch.setattr(cuda_graph, "recorder_of", lambda device: made)
    return made


def lines(events):
    return [to_json(event) for event in events if not isinstance(event, Notice)]


def notices(events):
    return [event.message for event in events if isinstance(event, Notice)]


def test_off_a_gpu_the_function_is_simply_called():
    calls = []

    def step(values):
        calls.append(values)
        return (values * 2,)

    with Graphs(CPU) as graphs:
        replayed = graphs.replayed(step)
        assert replayed(torch.ones(3))[0].tolist() == [2, 2, 2]
        assert replayed(torch.ones(2))[0].tolist() == [2, 2]
    assert len(calls) == 2  # no warm-up, nothing twice
    assert graphs.trouble() == ""


def counting():
    """Return a weight and the step that adds to it what it is given."""
    weight = torch.zeros(1)

    def step(value):
        weight.add_(value.sum())
        return (weight.clone(),)

    return weight, step


def test_each_shape_is_recorded_once_and_no_warm_up_counts(recorder):
    weight, step = counting()
    recorder.changed = [weight]
    with Graphs(CPU) as graphs:
        replayed = graphs.replayed(step, [weight])
        found = [replayed(torch.ones(size))[0].item() for size in (4, 4, 3, 4, 3)]
    assert found == [4, 8, 11, 15, 18]
    assert (recorder.recorded, recorder.warm_ups, recorder.drawn.item()) == (2, 2, 0)
    assert graphs.trouble() == ""


@pytest.mark.parametrize("fails", [1, 2])
def test_a_recording_that_fails_leaves_everything_as_before_the_warm_up(recorder, fails):
    weight, step = counting()
    recorder.changed, recorder.fails = [weight], [fails]
    with Graphs(CPU) as graphs:
        replayed = graphs.replayed(step, [weight])
        found = [replayed(torch.ones(size))[0].item() for size in (4, 4, 3, 4, 3)]
        assert recorder.alive == 0
        assert found == [4, 8, 11, 15, 18]
        assert recorder.drawn.item() == 0
        assert recorder.recorded == fails  # and no other is tried
        trouble = graphs.trouble()
        assert "operation not permitted when stream is capturing); the run" in trouble
        assert "\n" not in trouble
        assert graphs.trouble() == ""  # it is told once


def test_what_fails_in_the_warm_up_is_the_function_s_own_fault(recorder):
    weight = torch.zeros(1)

    def step(value):
        weight.add_(1)
        raise RuntimeError("not such values")

    with Graphs(CPU) as graphs, pytest.raises(RuntimeError, match="not such values"):
        graphs.replayed(step, [weight])(torch.ones(1))
    assert weight.item() == 0
    assert recorder.frees == 1


def test_what_is_drawn_on_the_cpu_is_not_replayed(recorder):
    """A recording would draw the same numbers at each step."""
    for draw in (lambda: torch.rand(1), lambda: torch.tensor(np.random.random())):
        torch.manual_seed(7)
        np.random.seed(7)
        plain = [draw().item() for _ in range(3)]
        torch.manual_seed(7)
        np.random.seed(7)
        with Graphs(CPU) as graphs:
            replayed = graphs.replayed(lambda value, draw=draw: (value + draw(),))
            assert [replayed(torch.zeros(1))[0].item() for _ in range(3)] == plain
            assert "random numbers on the CPU" in graphs.trouble()
    assert recorder.recorded == 0


def run_train(config, data, device, recorder):
    state = TrainState.begin(config, device)
    recorder.changed = [*state.network.parameters(), *state.sgd.velocities]
    events = list(train(config, data, device, state))
    return events, state.files()


@pytest.mark.parametrize("recipe", ["assignment", "tuned"])
@pytest.mark.parametrize("fails", [0, 1, 2, 3])
def test_training_is_the_same_however_it_is_done(few, cpu, recorder, recipe, fails):
    """The step, that of the smaller last batch, and the validation are recorded."""
    config = train_config(epochs=3, recipe=recipe, validation_interval=3)
    off = train_config(epochs=3, recipe=recipe, validation_interval=3, no_cuda_graphs=True)
    eager, weights = run_train(off, few, cpu, recorder)
    assert recorder.warm_ups == 0
    recorder.fails = [fails]
    events, again = run_train(config, few, cpu, recorder)
    assert lines(events) == lines(eager)
    assert again == weights
    assert recorder.recorded == (fails or 3)
    assert len(notices(events)) == (1 if fails else 0)
    assert (recorder.alive, recorder.waits, recorder.frees) == (0, 1, 1)


def looking(kind, network, **options):
    found = {"dataset": "digits", "device": "cpu", "precision": "fp32", "threads": 1,
             "run": "r", "model": "two-conv", "other_runs": {}}  # fmt: skip
    return kind(steps=6, **options).resolve(**found)


@pytest.fixture(scope="module")
def network(few, cpu):
    config = train_config(model="two-conv", epochs=2)
    state = TrainState.begin(config, cpu)
    list(train(config, few, cpu, state))
    return state.network.requires_grad_(False)


@pytest.mark.parametrize("recipe", ["assignment", "tuned"])
@pytest.mark.parametrize("fails", [0, 1, 2])
def test_noise_and_neurons_are_the_same_however_they_are_made(
    few, cpu, recorder, network, recipe, fails
):
    def crafted(**options):
        config = looking(AdversarialConfig, network, recipe=recipe, labels=(1, 7), **options)
        return list(craft(config, few, cpu, CraftState.begin(config, cpu, network, {})))

    def climbed(**options):
        config = looking(VisualizeConfig, network, recipe=recipe, layers=("logits",), **options)
        return list(ascend(config, AscentState.begin(config, network, {})))

    for made, count in ((crafted, 1), (climbed, 2)):
        eager = made(no_cuda_graphs=True)
        recorder.recorded, recorder.fails = 0, [fails]
        events = made()
        assert lines(events) == lines(eager)
        assert len(notices(events)) == (0 < fails <= count)
        assert recorder.recorded == (fails if 0 < fails <= count else count)
        assert recorder.alive == 0


def test_a_network_that_draws_on_the_cpu_is_trained_as_without_graphs(few, cpu, recorder):
    def trained(**options):
        config = train_config(epochs=2, **options)
        state = TrainState.begin(config, cpu)
        inner = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(784, 10))
        with torch.no_grad():
            for value in inner.parameters():
                value.fill_(0.01)
        state.network = Wrapped(inner, Layout((Layer("logits", (10,), None),)))
        state.sgd = type(state.sgd)(state.network, momentum=0.9, l2=0.0, nesterov=False)
        return list(train(config, few, cpu, state))

    eager, events = trained(no_cuda_graphs=True), trained()
    assert lines(events) == lines(eager)
    assert len(notices(events)) == 1


@pytest.mark.parametrize("end", ["whole", "closed", "raised"])
def test_nothing_holds_a_graph_after_the_run(few, cpu, recorder, monkeypatch, end):
    """Not even a reference cycle, which would keep its memory until it is collected."""
    config = train_config(epochs=2)
    state = TrainState.begin(config, cpu)
    recorder.changed = [*state.network.parameters(), *state.sgd.velocities]
    gc.collect()
    gc.disable()
    try:
        with closing(train(config, few, cpu, state)) as events:
            for event in events:
                if isinstance(event, Progress) and end == "closed":
                    break
                if isinstance(event, Progress) and end == "raised":
                    with pytest.raises(KeyError):
                        events.throw(KeyError("as in a section"))
                    break
            assert recorder.alive == (2 if end == "closed" else 0)
        assert recorder.alive == 0
        assert recorder.frees == 1
    finally:
        gc.enable()
