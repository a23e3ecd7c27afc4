import pytest

from engine.networks.architectures import ARCHITECTURES
from engine.networks.network import Network


@pytest.mark.parametrize(
    ("model", "parameters"),
    [("baseline", 63_050), ("two-conv", 25_258), ("two-conv-fc", 799_078)],
)
def test_parameters_counted_by_hand_and_by_torch(model, parameters):
    architecture = ARCHITECTURES[model]
    assert architecture.parameters == parameters
    network = Network(architecture)
    assert sum(p.numel() for p in network.parameters()) == parameters
    shapes = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    assert shapes == architecture.parameter_shapes
    assert list(shapes) == list(architecture.parameter_shapes)


def test_layers_of_each_network():
    assert ARCHITECTURES["baseline"].layout.names == ("pool1", "logits")
    assert ARCHITECTURES["two-conv-fc"].layout.names == ("pool1", "pool2", "logits")
    assert ARCHITECTURES["two-conv-fc"].chain == (
        "conv 32", "pool", "conv 32", "pool", "500", "10",
    )  # fmt: skip
