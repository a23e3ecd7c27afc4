"""Networks as ONNX files say what they say in torch."""

import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from engine.analysis.export import export
from engine.analysis.export.graph import OPSET, export_onnx
from engine.data.dataset import Split
from engine.errors import EngineError
from engine.networks.architectures import ARCHITECTURES
from engine.networks.layout import Layer, Layout
from engine.networks.network import Network, load_network
from engine.networks.wrapped import Wrapped
from engine.runs.session import Session
from engine.sections.train.config import TrainConfig

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

# Torch's exporter takes seconds to import.
pytestmark = [pytest.mark.extended, pytest.mark.xdist_group("onnx")]

CLOSE = 1e-4  # of logits


@pytest.fixture
def images(digits):
    """200 real test images, [N, 1, H, W] in [0, 1]."""
    return digits.test.images[:200, None].astype(np.float32) / 255


def logits_of(content, images):
    session = runtime.InferenceSession(content, providers=["CPUExecutionProvider"])
    [found] = session.run(["logits"], {"images": images})
    return found


def assert_says_the_same(content, network, images):
    graph = onnx.load_from_string(content).graph
    assert [one.name for one in (*graph.input, *graph.output)] == ["images", "logits"]
    with torch.no_grad():
        expected = network(torch.from_numpy(images.copy())).numpy()
    assert np.abs(logits_of(content, images) - expected).max() < CLOSE
    assert np.abs(logits_of(content, images[:1]) - expected[:1]).max() < CLOSE


def test_a_training_becomes_a_file_that_needs_no_torch(runs, images, tmp_path):
    run = runs["train"]
    path = export(run, "onnx", tmp_path / "run.onnx")
    network = load_network(run.path / "weights.pt", "two-conv", torch.device("cpu"))
    assert_says_the_same(path.read_bytes(), network, images)
    model = onnx.load(path)
    assert [(one.domain, one.version) for one in model.opset_import] == [("", OPSET)]
    told = {item.key: item.value for item in model.metadata_props}
    assert (told["run"], told["output"]) == (run.id, "logits [N, 10]")
    assert '"accuracy"' in told["results"]
    assert '"learning_rate"' in told["settings"]
    weights = {one.name: onnx.numpy_helper.to_array(one) for one in model.graph.initializer}
    assert np.array_equal(weights["conv1.weight"], network.state_dict()["conv1.weight"])


def test_nothing_of_this_machine_is_in_it(runs, tmp_path):
    content = export(runs["train"], "onnx", tmp_path / "run.onnx").read_bytes()
    for place in (torch.__path__[0], sys.prefix, str(runs["train"].path.parent)):
        assert place.encode() not in content
    assert b"File" not in content
    assert export(runs["train"], "onnx", tmp_path / "again.onnx").read_bytes() == content


@pytest.mark.parametrize("model", ARCHITECTURES)
def test_the_report_s_networks(model, images):
    network = Network(ARCHITECTURES[model]).eval()
    assert_says_the_same(export_onnx(network, (28, 28), {}), network, images)


def test_other_images_and_classes(few, cpu, tmp_path):
    def cut(part):
        return Split(part.images[:, 8:20, 8:20].copy(), part.labels % 3)

    names = ("none", "some", "many")
    splits = {name: cut(getattr(few, name)) for name in ("train", "validation", "test")}
    data = replace(few, classes=names, **splits)
    config = TrainConfig(model="two-conv-fc", epochs=2, artifacts=str(tmp_path / "runs"))
    found = {"dataset": "digits", "device": "cpu", "precision": "fp32", "threads": 1}
    config = config.resolve(**found, side=12, classes=3)
    run = Session(config, data, cpu, listen=lambda event: None).run()
    path = export(run, "onnx", tmp_path / "run.onnx")
    network = load_network(run.path / "weights.pt", config.model, torch.device("cpu"), 12, 3)
    images = data.test.images[:, None].astype(np.float32) / 255
    assert_says_the_same(path.read_bytes(), network, images)
    told = {item.key: item.value for item in onnx.load(path).metadata_props}
    assert told["classes"] == '["none", "some", "many"]'
    assert told["input"] == "images [N, 1, 12, 12] in [0, 1]"
    assert told["output"] == "logits [N, 3]"


class Residual(nn.Module):
    """What networks of others are made of, for images of any size."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(1, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)
        self.depthwise = nn.Conv2d(8, 8, 3, groups=8, padding="same")
        self.norm, self.drop = nn.BatchNorm2d(8), nn.Dropout(0.5)
        self.scale = nn.Parameter(torch.tensor(1.5))
        self.register_buffer("calls", torch.zeros((), dtype=torch.int64))
        self.last = nn.Linear(8, 3)

    def forward(self, images):
        print("called")
        values = images.mul_(self.scale)
        values = torch.relu(self.norm(self.first(values)))
        values = torch.relu(values + self.depthwise(self.second(values)))
        return self.last(self.drop(values.mean((2, 3))))


def wrapped(network):
    return Wrapped(network, Layout((Layer("logits", (3,)),)))


@pytest.mark.parametrize("wrap", [lambda network: network, wrapped], ids=["bare", "wrapped"])
def test_a_network_of_others_is_exported_as_it_evaluates_and_stays_as_it_is(capsys, wrap):
    torch.manual_seed(0)
    network = wrap(Residual().train())
    network(torch.rand(20, 1, 12, 12))  # for running means
    before = {name: value.clone() for name, value in network.state_dict().items()}
    capsys.readouterr()
    content = export_onnx(network, (12, 12), {"a": "b"})
    assert capsys.readouterr().out == ""
    assert network.training
    assert all(value.equal(before[name]) for name, value in network.state_dict().items())
    assert_says_the_same(content, network.eval(), np.random.rand(7, 1, 12, 12).astype(np.float32))


class Branching(nn.Module):
    def __init__(self):
        super().__init__()
        self.last = nn.Linear(144, 3)

    def forward(self, images):
        return self.last(images.flatten(1)) * (2 if images.sum() > 9 else 1)


def test_what_is_no_graph_is_one_line(capfd):
    with pytest.raises(EngineError, match="torch cannot export this network to ONNX") as told:
        export_onnx(Branching(), (12, 12), {})
    assert "\n" not in str(told.value)
    assert "\x1b" not in str(told.value)
    assert capfd.readouterr() == ("", "")
