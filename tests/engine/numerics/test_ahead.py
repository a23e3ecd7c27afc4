"""What goes to a device goes ahead, and no step waits for a copy: with a stand-in for one."""

import sys

import pytest
import torch
from torch.overrides import TorchFunctionMode

from engine.numerics import ahead
from engine.numerics.ahead import STRETCH, Ahead
from engine.runs.events import Progress, to_json
from engine.sections.adversarial.config import AdversarialConfig
from engine.sections.adversarial.craft import craft
from engine.sections.adversarial.state import CraftState
from engine.sections.train.loop import TrainState, train
from engine.sections.visualize.ascend import AscentState, ascend
from engine.sections.visualize.config import VisualizeConfig
from tests.conftest import train_config

CPU = torch.device("cpu")
ASKS = ("cpu", "item", "tolist", "__bool__", "__float__", "__int__", "nonzero")


class Waits(TorchFunctionMode):
    """Counts what would make a step wait on a GPU: copies to it, and questions to it."""

    def __init__(self) -> None:
        super().__init__()
        self.copies = self.asks = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        given = [*args[1:], *kwargs.values()]
        if name in ("to", "tensor", "as_tensor") and not kwargs.get("non_blocking"):
            self.copies += any(isinstance(value, torch.device) for value in given)
        if name in ASKS and not sys._getframe(1).f_code.co_filename.endswith("numerics/sgd.py"):
            self.asks += 1  # a CPU's optimizer takes the rate as a number
        return func(*args, **kwargs)


@pytest.fixture
def sent(monkeypatch):
    """A device that is far away; the sizes of what is sent there."""
    sizes = []

    def send(values, device):
        sizes.append(len(values))
        return values.clone()

    monkeypatch.setattr(ahead, "is_far", lambda device: True)
    monkeypatch.setattr(ahead, "send", send)
    return sizes


def draw(step):
    return torch.arange(step, step + 1 + step % 3), torch.full((1 + step % 2, 2), step)


@pytest.mark.parametrize(("begin", "end"), [(0, 7), (0, 120), (33, 120), (118, 120), (0, 50)])
def test_each_step_is_told_its_own_whatever_is_sent_together(sent, begin, end):
    told, calls = Ahead(lambda step: calls.append(step) or draw(step), CPU, end), []
    for step in range(begin, end):
        for own, value in zip(told(step), draw(step), strict=True):
            assert torch.equal(own, value)
    assert calls == list(range(begin, end))  # none twice, none beyond the end
    assert len(sent) == 2 * -(-(end - begin) // STRETCH)


def test_a_stretch_is_drawn_while_the_one_before_it_is_used(sent):
    calls = []
    told = Ahead(lambda step: calls.append(step) or draw(step), CPU, 1000)
    told(0)
    assert len(calls) == STRETCH + 1
    for step in range(1, STRETCH):
        told(step)
        assert len(calls) == STRETCH + 1 + step
    told(STRETCH)
    assert len(calls) == 2 * STRETCH + 1


def test_steps_may_be_told_nothing(sent):
    told = Ahead(lambda step: (), CPU, 60)
    assert [told(step) for step in range(60)] == [()] * 60


def test_on_a_cpu_each_step_s_is_drawn_when_it_is_taken():
    calls = []
    told = Ahead(lambda step: calls.append(step) or draw(step), CPU, 9)
    told(0), told(1)
    assert calls == [0, 1]


def waits(events):
    """Return the events, and for each stretch up to a Progress its copies and its questions."""
    found, kept = [], []
    with Waits() as watch:
        for event in events:
            kept.append(to_json(event))
            if isinstance(event, Progress):
                found.append((watch.copies, watch.asks))
                watch.copies = watch.asks = 0
    return kept, found[1:]  # data is placed before the first


@pytest.mark.parametrize("recipe", ["assignment", "tuned"])
def test_training_waits_for_its_losses_alone(few, cpu, sent, recipe):
    config = train_config(epochs=20, recipe=recipe, validation_interval=5)

    def run():
        return waits(train(config, few, cpu, TrainState.begin(config, cpu)))

    events, found = run()
    assert {copies for copies, _ in found} == {0}
    asked = {asks for _, asks in found[:-1]}
    assert min(asked) == 1
    assert max(asked) <= 3  # with a preview
    assert sent
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ahead, "is_far", lambda device: False)
        near, counted = run()
        assert near == events
        assert all(copies for copies, _ in counted)  # which shows that they are counted


@pytest.mark.extended
@pytest.mark.parametrize("recipe", ["assignment", "tuned"])
def test_so_do_noises_and_neurons(few, cpu, sent, recipe):
    training = train_config(model="baseline", epochs=1)
    network = TrainState.begin(training, cpu).network.requires_grad_(False)
    found = {"dataset": "digits", "device": "cpu", "precision": "fp32", "threads": 1,
             "run": "r", "model": "baseline", "other_runs": {}}  # fmt: skip
    noise = AdversarialConfig(recipe=recipe, steps=25, labels=(1, 2)).resolve(**found)
    neurons = VisualizeConfig(recipe=recipe, steps=25, layers=("logits",)).resolve(**found)

    def run():
        state = CraftState.begin(noise, cpu, network, {})
        yield waits(craft(noise, few, cpu, state))
        yield waits(ascend(neurons, AscentState.begin(neurons, network, {})))

    for (events, counted), far in zip(run(), (True, recipe == "tuned"), strict=True):
        assert {copies for copies, _ in counted} == {0}
        assert {asks for _, asks in counted} <= {1, 2, 3}
        assert bool(sent) is far
        sent.clear()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ahead, "is_far", lambda device: False)
            assert events in [near for near, _ in run()]
