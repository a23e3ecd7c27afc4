import math
import os
import pickle

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from engine.errors import EngineError
from engine.networks.architectures import ARCHITECTURES
from engine.networks.network import Network, load_network, weights_bytes

CPU = torch.device("cpu")


@pytest.mark.parametrize("model", ARCHITECTURES)
def test_function_equals_the_report_s_layers_written_out(model):
    """Convolution, ReLU, pooling in the report's order, with torch's own layers."""
    network = Network(ARCHITECTURES[model], seed=3)
    layers: list[nn.Module] = []
    for name, child in network.named_children():
        if name.startswith("conv"):
            layers += [child, nn.ReLU(), nn.MaxPool2d(2, 2)]
        else:
            layers += [nn.Flatten()] if not any(isinstance(x, nn.Flatten) for x in layers) else []
            layers += [child, nn.ReLU()] if name == "hidden" else [child]
    images = torch.rand(5, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(network(images), nn.Sequential(*layers)(images), atol=1e-6)


@pytest.mark.parametrize("model", ARCHITECTURES)
def test_weights_are_glorot_uniform_and_biases_zero(model):
    network = Network(ARCHITECTURES[model], seed=0)
    for name, value in network.state_dict().items():
        if name.endswith("bias"):
            assert value.abs().max() == 0
            continue
        fan_in, fan_out = nn.init._calculate_fan_in_and_fan_out(value)
        bound = math.sqrt(6 / (fan_in + fan_out))
        assert value.abs().max() <= bound
        assert value.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.15)


def test_a_seed_gives_its_weights_whatever_was_drawn_before():
    first = Network(ARCHITECTURES["baseline"], seed=1)
    torch.rand(10)
    again = Network(ARCHITECTURES["baseline"], seed=1)
    other = Network(ARCHITECTURES["baseline"], seed=2)
    assert torch.equal(first.conv1.weight, again.conv1.weight)
    assert not torch.equal(first.conv1.weight, other.conv1.weight)


def test_activations_name_every_layer():
    network = Network(ARCHITECTURES["two-conv-fc"])
    shapes = {k: tuple(v.shape) for k, v in network.activations(torch.zeros(2, 1, 28, 28)).items()}
    assert shapes == {
        "pool1": (2, 32, 14, 14), "pool2": (2, 32, 7, 7), "hidden": (2, 500), "logits": (2, 10),
    }  # fmt: skip


def test_stored_weights_are_plain_and_come_back(tmp_path):
    network = Network(ARCHITECTURES["two-conv-fc"], seed=5)
    path = tmp_path / "weights.pt"
    path.write_bytes(weights_bytes(network))
    state = torch.load(path, weights_only=True)
    assert list(state) == list(ARCHITECTURES["two-conv-fc"].parameter_shapes)
    assert all(v.dtype == torch.float32 and v.is_contiguous() for v in state.values())
    images = torch.rand(3, 1, 28, 28)
    loaded = load_network(path, "two-conv-fc", CPU)
    assert torch.equal(loaded(images), network(images))
    # The contract is enough to use the file without us:
    x = F.max_pool2d(
        F.relu(F.conv2d(images, state["conv1.weight"], state["conv1.bias"], padding=1)), 2
    )
    x = F.max_pool2d(F.relu(F.conv2d(x, state["conv2.weight"], state["conv2.bias"], padding=1)), 2)
    x = F.relu(F.linear(x.flatten(1), state["hidden.weight"], state["hidden.bias"]))
    logits = F.linear(x, state["logits.weight"], state["logits.bias"])
    assert torch.allclose(logits, loaded(images), atol=1e-6)


class Bomb:
    """Takes all memory, or does anything at all, when it is unpickled."""

    def __reduce__(self):
        return bytearray, (1 << 50,)


def test_equal_weights_are_equal_bytes():
    assert weights_bytes(Network(ARCHITECTURES["baseline"])) == weights_bytes(
        Network(ARCHITECTURES["baseline"])
    )


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: path.unlink(), "There is no"),
        (lambda path: path.write_bytes(b"nonsense"), "is damaged"),
        (lambda path: path.write_bytes(b"hello"), "is damaged"),
        (lambda path: path.write_bytes(path.read_bytes()[:1000]), "is damaged"),
        (lambda path: torch.save({"conv1.weight": torch.zeros(1)}, path), "does not hold"),
        (lambda path: torch.save([1, 2], path), "does not hold"),
        (lambda path: torch.save(nn.Linear(1, 1), path), "is damaged"),
        (
            lambda path: torch.save(
                {k: torch.zeros(1) for k in ARCHITECTURES["baseline"].parameter_shapes}, path
            ),
            "is not of shape",
        ),
        (
            lambda path: torch.save(
                {
                    k: torch.full(shape, math.nan)
                    for k, shape in ARCHITECTURES["baseline"].parameter_shapes.items()
                },
                path,
            ),
            "not finite",
        ),
        (
            lambda path: torch.save(
                {k: v.double() for k, v in Network(ARCHITECTURES["baseline"]).state_dict().items()},
                path,
            ),
            "float32",
        ),
        (lambda path: (path.unlink(), path.mkdir()), "not a regular file"),
        (lambda path: (path.unlink(), os.mkfifo(path)), "not a regular file"),
        (lambda path: (path.rename(path.with_name("x")), path.symlink_to("x")), "a link"),
        (lambda path: os.truncate(path, 1 << 40), "at most"),
        (lambda path: path.write_bytes(pickle.dumps(Bomb())), "is damaged"),
        (lambda path: torch.save(Bomb(), path), "its pickle names"),
    ],
)
def test_damaged_and_foreign_weights_are_refused(tmp_path, spoil, words):
    path = tmp_path / "weights.pt"
    path.write_bytes(weights_bytes(Network(ARCHITECTURES["baseline"])))
    spoil(path)
    with pytest.raises(EngineError, match=words):
        load_network(path, "baseline", CPU)
