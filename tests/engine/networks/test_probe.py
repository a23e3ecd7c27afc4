from collections import Counter

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from engine.networks.architectures import ARCHITECTURES
from engine.networks.costs import survey_of
from engine.networks.layout import LOGITS
from engine.networks.more import MORE, packaged_code
from engine.networks.probe import survey
from tests.engine.networks.conftest import RESIDUAL, built, open_code, written


def fields(found):
    return {layer.name: layer.field for layer in found.layout.layers if layer.spatial}


def report_s_network(model="two-conv", side=28):
    """One of the course report's networks, of torch's own layers."""
    architecture = ARCHITECTURES[model].fitted(side, 10)
    layers, channels, features = [], 1, architecture.flat_features
    for _ in range(architecture.blocks):
        layers += [nn.Conv2d(channels, 32, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2, 2)]
        channels = 32
    layers.append(nn.Flatten())
    if architecture.hidden:
        layers += [nn.Linear(features, architecture.hidden), nn.ReLU()]
        features = architecture.hidden
    return nn.Sequential(*layers, nn.Linear(features, 10))


@pytest.mark.parametrize("side", [8, 13, 28, 64])
@pytest.mark.parametrize("model", ARCHITECTURES)
def test_what_is_found_is_what_arithmetic_says(model, side):
    found = survey(report_s_network(model, side), side)
    expected = survey_of(ARCHITECTURES[model].fitted(side, 10))
    names = {"pool1": ("0", "2"), "pool2": ("3", "5"), "hidden": ("7", "7")}
    for layer in expected.layout.layers:
        costly, last = names.get(layer.name, ("logits", "logits"))
        there = found.layout.find(last)
        assert (there.shape, there.field) == (layer.shape, layer.field)
        assert found.costs[costly] == expected.costs[layer.name]
    assert found.parameters == expected.parameters
    assert found.multiply_adds == expected.multiply_adds


@pytest.mark.parametrize("side", [8, 13, 64])
@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "dilation"),
    [((3, 3), 1, 1, 1), ((5, 1), 2, 0, 1), ((3, 3), 1, 2, 2), ((1, 4), 1, 0, 1), ((2, 2), 2, 0, 1)],
)
def test_one_convolution_sees_its_window(side, kernel, stride, padding, dilation):
    convolution = nn.Conv2d(1, 2, kernel, stride, padding, dilation)
    found = survey(nn.Sequential(convolution, nn.Flatten(), nn.LazyLinear(3)), side)
    [layer] = [layer for layer in found.layout.layers if layer.spatial]
    expected = []
    for extent, width in zip(layer.shape[1:], kernel, strict=True):
        first = extent // 2 * stride - padding
        expected += [max(0, first), min(side, first + dilation * (width - 1) + 1)]
    assert layer.field == tuple(expected)


def test_weights_of_zero_do_not_matter():
    network = report_s_network()
    with torch.no_grad():
        for value in network.parameters():
            value.zero_()
    assert fields(survey(network, 28))["5"] == (9, 19, 9, 19)


class Swallowing(nn.Module):
    """Adds a branch of a wider field, through which no NaN comes."""

    def __init__(self, how):
        super().__init__()
        self.how = how
        self.narrow = nn.Conv2d(1, 3, 1)
        self.wide = nn.Conv2d(1, 3, 5, padding=2)
        self.sum = nn.ReLU()
        self.output = nn.Linear(3 * 12 * 12, 10)

    def forward(self, images):
        wide = self.how(self.wide(images))
        return self.output(self.sum(self.narrow(images) + wide).flatten(1))


def refusing(values):
    assert values.isfinite().all()
    return values


@pytest.mark.parametrize(
    "how",
    [
        torch.nan_to_num,
        lambda values: torch.where(values > 0, values, 0),
        lambda values: (values > 0).float(),
        refusing,
    ],
)
def test_fields_are_found_where_nan_is_swallowed(how):
    found = fields(survey(Swallowing(how), 12))
    assert found == {"narrow": (6, 7, 6, 7), "wide": (4, 9, 4, 9), "sum": (4, 9, 4, 9)}


def test_what_depends_on_the_mean_sees_the_image():
    class Centred(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 2, 3)
            self.output = nn.Linear(2, 10)

        def forward(self, images):
            images = images - images.mean((2, 3), keepdim=True)
            return self.output(self.conv(images).mean((2, 3)))

    assert fields(survey(Centred(), 12)) == {"conv": (0, 12, 0, 12)}


def test_layers_are_the_outputs_of_the_parts_in_order():
    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.output = nn.Linear(8, 10)
            self.features = nn.ModuleDict({"a b": nn.Conv2d(1, 2, 3), "two": nn.Conv2d(2, 2, 3)})
            self.relu = nn.ReLU(inplace=True)
            self.dropout = nn.Dropout2d()
            self.logits = nn.Flatten()  # a name that belongs to the output
            self.pool = nn.MaxPool2d(2, return_indices=True)
            self.table = nn.Embedding(5, 8)
            self.unused = nn.Linear(3, 3)

        def forward(self, images):
            values = self.relu(self.features["a b"](images))
            values = self.dropout(self.relu(self.features["two"](values)))
            values, _ = self.pool(values)
            values = self.logits(values) + self.table(torch.tensor([1]))
            return self.output(values)

    found = survey(Network(), 8)
    assert {layer.name: layer.shape for layer in found.layout.layers} == {
        "features.a_b": (2, 6, 6),
        "relu": (2, 6, 6),
        "features.two": (2, 4, 4),
        "relu:2": (2, 4, 4),
        "logits:1": (8,),
        "logits": (10,),
    }
    assert found.layout.shown == (LOGITS, "relu:2", "features.two")


def test_weight_norm_is_no_part_of_its_own():
    norm = nn.utils.parametrizations.weight_norm
    network = nn.Sequential(norm(nn.Conv2d(1, 2, 3)), nn.Flatten(), nn.Linear(72, 10))
    found = survey(network, 8)
    assert found.layout.names == ("0", "1", "logits")
    assert found.costs["0"].multiply_adds == 36 * 18


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
def test_torchscript_is_a_part_that_tells_nothing():
    scripted = torch.jit.script(nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU()))
    found = survey(nn.Sequential(scripted, nn.MaxPool2d(2), nn.Flatten(), nn.Linear(18, 3)), 8)
    assert found.layout.names == ("1", "2", "logits")
    assert fields(found)["1"] == (2, 6, 2, 6)
    assert survey(torch.jit.script(report_s_network()), 28).layout.names == ("logits",)


def test_parameters_and_multiply_adds_are_counted():
    network = nn.Sequential(
        nn.Conv2d(1, 4, 3, stride=2, padding=1),  # 4 x 4 x 4 values of 9 products
        nn.Conv2d(4, 8, 3, padding=1, groups=4, bias=False),  # 8 x 4 x 4 of 9
        nn.BatchNorm2d(8),
        nn.Flatten(),
        nn.Linear(128, 3),
    )
    found = survey(network, 8)
    assert {name: (each.parameters, each.multiply_adds) for name, each in found.costs.items()} == {
        "0": (40, 576), "1": (72, 1152), "2": (16, 0), "3": (0, 0), "logits": (387, 384),
    }  # fmt: skip
    assert (found.parameters, found.multiply_adds) == (515, 2112)


def test_a_part_that_is_used_twice_has_its_parameters_once():
    linear = nn.Linear(64, 64)
    found = survey(nn.Sequential(nn.Flatten(), linear, nn.ReLU(), linear, nn.Linear(64, 3)), 8)
    assert (found.costs["1"].parameters, found.costs["1:2"].parameters) == (4160, 0)
    assert found.parameters == 4160 + 195
    assert found.multiply_adds == 2 * 4096 + 192


def test_a_network_without_parts_has_its_logits():
    class Bare(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.rand(144, 3))

        def forward(self, images):
            return images.flatten(1) @ self.weight

    found = survey(Bare(), 12)
    assert found.layout.names == ("logits",)
    assert found.parameters == 432


def test_a_survey_leaves_no_trace(tmp_path, capsys):
    text = RESIDUAL.replace("x = self", "print('called')\n        x = self")
    network = built(written(tmp_path, text))
    network.block1.eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    modes = [each.training for each in network.modules()]
    drawn = torch.get_rng_state()
    hooks = Counter(len(each._forward_hooks) for each in network.modules())
    onednn = torch.backends.mkldnn.enabled
    survey(network, 12)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert [each.training for each in network.modules()] == modes
    assert torch.equal(torch.get_rng_state(), drawn)
    assert Counter(len(each._forward_hooks) for each in network.modules()) == hooks
    assert torch.backends.mkldnn.enabled == onednn
    assert capsys.readouterr().out == ""
    assert all(value.grad is None for value in network.parameters())


def test_a_residual_and_a_depthwise_network(tmp_path):
    code = written(tmp_path, RESIDUAL)
    network, depthwise = built(code), built(open_code(f"{code.path}:depthwise"))
    found, slim = survey(network, 12), survey(depthwise, 12)
    # Stride 2 at (3, 3): rows 5 to 7, and two rows more on either side for each 3x3 below.
    assert fields(found)["stem"] == (5, 8, 5, 8)
    assert fields(found)["block1.conv"] == (3, 10, 3, 10)
    assert fields(found)["block2.norm"] == fields(slim)["block2.norm"] == (1, 12, 1, 12)
    assert found.costs["block1.conv"].multiply_adds == 4 * slim.costs["block1.conv"].multiply_adds
    assert found.layout.shown == (LOGITS, "block2.norm", "block2.conv")
    assert "dropout" not in found.layout.names


@pytest.mark.parametrize("side", [8, 9, 28, 33, 64])
@pytest.mark.parametrize("model", MORE)
def test_the_package_s_networks_fit_every_size(model, side):
    network = built(packaged_code(model), classes=7, side=side)
    assert network(torch.rand(2, 1, side, side)).shape == (2, 7)


def test_the_package_s_networks_are_those_of_the_literature():
    def parameters(model):
        return survey(built(packaged_code(model), classes=10, side=28), 28).parameters

    assert parameters("linear") == 784 * 10 + 10
    assert parameters("mlp") == 784 * 128 + 128 + 128 * 128 + 128 + 128 * 10 + 10
    # LeNet-5 as the paper counts it, section II-B: 156, C5's 48,120 and F6's 10,164; here C3 sees
    # all six maps, and the output is linear.
    c3, output = 16 * (6 * 25 + 1), 84 * 10 + 10
    assert parameters("lenet-5") == 156 + c3 + 48_120 + 10_164 + output


def test_leaves_work_in_place_on_images_of_their_own():
    class InPlace(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 2, 3)
            self.output = nn.Linear(2, 10)

        def forward(self, images):
            images -= 0.5
            return self.output(F.relu_(self.conv(images)).mean((2, 3)))

    assert fields(survey(InPlace(), 12)) == {"conv": (5, 8, 5, 8)}
