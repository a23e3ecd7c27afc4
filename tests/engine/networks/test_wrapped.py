import threading
import time

import pytest
import torch

from engine.errors import EngineError
from engine.networks.foreign import seeded
from engine.networks.layout import Layer, Layout
from engine.networks.probe import survey
from engine.networks.wrapped import Wrapped
from tests.engine.networks.conftest import COUNTING, HEAD, RESIDUAL, built, linear, written

IMAGES = torch.rand(4, 1, 12, 12, generator=torch.Generator().manual_seed(0))


def wrapped(code):
    network = built(code)
    return Wrapped(network, survey(network, 12).layout)


def test_activations_are_the_outputs_of_the_layers(tmp_path):
    network = wrapped(written(tmp_path, RESIDUAL)).eval()
    found = network.activations(IMAGES)
    assert tuple(found) == network.layout.names
    for layer in network.layout.layers:
        assert found[layer.name].shape == (4, *layer.shape)
    inner = network.network
    assert torch.equal(found["stem"], inner.stem(IMAGES))
    assert torch.equal(found["block1.conv"], inner.block1.conv(inner.stem(IMAGES)))
    assert torch.equal(found["logits"], network(IMAGES))
    assert torch.equal(network(IMAGES), inner(IMAGES))


def test_activations_are_those_before_the_next_part_works_in_place(tmp_path):
    text = f"""{HEAD}
def Net(classes, height, width):
    return nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.ReLU(inplace=True), nn.Flatten(),
        nn.Linear(2 * (height - 2) * (width - 2), classes), nn.ReLU(inplace=True),
    )
"""
    network = wrapped(written(tmp_path, text))
    found = network.activations(IMAGES)
    assert network.layout.names == ("0", "1", "2", "logits")
    assert torch.equal(found["0"], network.network[0](IMAGES))
    assert found["0"].min() < 0
    assert torch.equal(found["1"], found["0"].clamp(min=0))


def test_activations_pass_gradients_to_the_image(tmp_path):
    network = wrapped(written(tmp_path, RESIDUAL)).eval()
    images = IMAGES.clone().requires_grad_()
    network.activations(images)["block1.norm"][:, 0, 3, 3].sum().backward()
    top, bottom, left, right = network.layout.find("block1.norm").field
    inside = torch.zeros(12, 12, dtype=torch.bool)
    inside[top:bottom, left:right] = True
    assert images.grad.abs().sum() > 0
    assert not images.grad[:, :, ~inside].any()


def test_activations_are_float32_whatever_the_network_computes_in(tmp_path):
    network = wrapped(written(tmp_path, RESIDUAL)).eval()
    with torch.autocast("cpu", torch.bfloat16):
        found = network.activations(IMAGES)
    assert {values.dtype for values in found.values()} == {torch.float32}


def test_the_state_is_the_network_s_own(tmp_path):
    network = wrapped(written(tmp_path, COUNTING)).train()
    network(IMAGES)
    state = network.state_dict()
    assert list(state) == ["calls", "output.weight", "output.bias"]
    assert state["calls"].dtype == torch.int64
    assert state["calls"].item() == 1
    again = wrapped(written(tmp_path, COUNTING))
    again.load_state_dict(state)
    assert torch.equal(again.network.calls, network.network.calls)
    assert torch.equal(again(IMAGES), network(IMAGES))
    assert again.parameters_count == 144 * 3 + 3
    with pytest.raises(RuntimeError):
        again.load_state_dict({})


def test_modes_pass_on(tmp_path):
    network = wrapped(written(tmp_path, RESIDUAL))
    assert not network.eval().network.dropout.training
    assert network.train().network.dropout.training


def test_images_are_left_as_they_are(tmp_path):
    """Also where a gradient is wanted, of which torch forbids work in place."""
    network = wrapped(written(tmp_path, linear("x -= 0.5; return self.output(x.flatten(1))")))
    images = IMAGES.clone().requires_grad_()
    network(images).sum().backward()
    assert torch.equal(images, IMAGES)
    assert images.grad.abs().sum() > 0


def test_what_it_prints_goes_to_standard_error(tmp_path, capsys):
    text = linear("print('called'); return self.output(x.flatten(1))")
    network = wrapped(written(tmp_path, text))
    capsys.readouterr()
    network(IMAGES)
    network.activations(IMAGES)
    assert capsys.readouterr() == ("", "called\ncalled\n")


@pytest.mark.parametrize("fault", ["raise ValueError('tired')", "import sys; sys.exit(2)"])
def test_what_its_code_raises_is_a_line(tmp_path, fault):
    code = written(tmp_path, linear(fault))
    network = Wrapped(built(code), Layout((Layer("logits", (3,)),)), code)
    with pytest.raises(EngineError, match=r"net\.py:Net fails on 4 images: .* \(line 12\)\.$"):
        network(IMAGES)


def test_what_torch_raises_passes(tmp_path):
    """By which a run knows that memory is short, or that a CUDA graph cannot be."""
    network = Wrapped(built(written(tmp_path, linear("return self.output(x)"))), Layout(()))
    with pytest.raises(RuntimeError):
        network(IMAGES)


def test_a_layer_that_is_not_reached_is_said(tmp_path):
    network = built(written(tmp_path, COUNTING))
    other = Wrapped(network, Layout((Layer("conv", (2, 3, 3)), Layer("logits", (3,)))))
    with pytest.raises(EngineError, match="conv"):
        other.activations(IMAGES)


def test_two_threads_draw_one_after_another():
    """What is asked of a network beside a training does not disturb what that draws."""
    with seeded(5):
        alone = torch.rand(3)
    begun, told = threading.Event(), []

    def other():
        begun.wait(5)
        with seeded(9):
            told.append(torch.rand(3))

    thread = threading.Thread(target=other)
    thread.start()
    with seeded(5):
        begun.set()
        first = torch.rand(1)
        time.sleep(0.05)
        assert not told
        with seeded(9):  # within one another it is the same thread
            torch.rand(3)
        rest = torch.rand(2)
    thread.join()
    assert (torch.cat([first, rest]) == alone).all()
    assert len(told) == 1
