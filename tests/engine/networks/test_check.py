import pytest
import torch

from engine.errors import EngineError
from engine.networks.check import check_network
from engine.networks.code import load
from engine.networks.ledger import trust
from engine.networks.more import MORE, packaged_code
from tests.engine.networks.conftest import COUNTING, RESIDUAL, linear, open_code, written


def checked(code, classes=3, side=12, **more):
    trust(code.sha256, "a test")

    def make():
        return load(code, classes=classes, height=side, width=side, seed=7)

    return check_network(make, classes, side, name=code.words, path=code.path, **more)


def fault(code):
    """Check a network that is to be refused, and return what it says, from the name on."""
    with pytest.raises(EngineError) as caught:
        checked(code)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(code.words)
    return str(caught.value).removeprefix(code.words).removeprefix(":").strip()


STANDARD = "return self.output(x.flatten(1))"
MUTATING = linear("x -= 0.5; x *= 2; return self.output(x.flatten(1))")
PRINTING = linear("print('called'); return self.output(x.flatten(1))")
DROPPING = linear("return self.output(F.dropout(x, training=self.training).flatten(1))")


MASKED = linear(
    STANDARD, "        self.register_buffer('mask', torch.ones(2) / 0, persistent=False)"
)


@pytest.mark.parametrize("text", [RESIDUAL, COUNTING, MUTATING, PRINTING, DROPPING, MASKED])
def test_sound_networks_pass(tmp_path, text, capsys):
    found = checked(written(tmp_path, text))
    assert found.layout.names[-1] == "logits"
    assert found.layout.layers[-1].shape == (3,)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("model", MORE)
def test_the_package_s_networks_pass(model):
    assert checked(packaged_code(model), classes=100, side=64).parameters > 0


def test_a_depthwise_network_passes(tmp_path):
    code = written(tmp_path, RESIDUAL)
    slim = checked(open_code(f"{code.path}:depthwise"))
    assert slim.parameters < checked(code).parameters


FAULTS = {
    "returns [1, 2] for images [1, 1, 12, 12]; wanted are logits [1, 3]":
        linear("return self.output(x.flatten(1))[:, :2]"),
    "returns [] for images": linear("return self.output(x.flatten(1)).sum()"),
    "returns a tuple, not a tensor of logits.": linear("return self.output(x.flatten(1)),"),
    "returns logits of float64": linear("return self.output(x.flatten(1)).double()"),
    "fails on one image in evaluation mode: RuntimeError: ": linear("return self.output(x)"),
    "fails on three images in evaluation mode: AssertionError (line 12).":
        linear("assert len(x) == 1; " + STANDARD),
    "fails in training mode: AssertionError: no (line 12).":
        linear("assert not self.training, 'no\\nmore'; " + STANDARD),
    "fails on one image in evaluation mode: SystemExit: 1 (line 12).":
        linear("import sys; sys.exit(1)"),
    "has no trainable parameters": linear(STANDARD, "        self.requires_grad_(False)"),
    "has no trainable parameters;": linear("return x.flatten(1)[:, :3]", "        del self.output"),
    "has a parameter output.weight of float64": linear(STANDARD, "        self.output.double()"),
    "begins with values in output.weight that are not finite":
        linear(STANDARD, "        self.output.weight.data.fill_(torch.nan)"),
    "returns logits that are not finite": linear("return self.output(x.flatten(1)) / 0"),
    "passes no gradient to its parameters": linear("return self.output(x.flatten(1)).detach()"),
    "passes no gradient to the images": linear("return self.output((x > 0.5).float().flatten(1))"),
    "gets a gradient of zero": linear("return self.output(x.flatten(1)) * 0"),
    "gets gradients that are not finite":
        linear("return (self.output(x.flatten(1)) * 0).abs().sqrt()"),
    "gives other logits each time": linear("return self.output(F.dropout(x).flatten(1))"),
    "gives an image other logits beside other images":
        linear("return self.output((x - x.mean(0)).flatten(1))"),
    "has 2,001,435 parameters, more than the 200,000 that fit here":
        linear(STANDARD, "        self.large = nn.Linear(2_000, 1_000)"),
    "has output.weight on meta; build it on the CPU":
        linear(STANDARD, "        self.output.to('meta')"),
    "has a dict in its state (_extra_state)":
        linear(STANDARD + "\n    def get_extra_state(self):\n        return {}"),
    "has 1,002 tensors in its state, more than the 900":
        linear(STANDARD, "        self.all = nn.ModuleList(nn.Linear(1, 1) for _ in range(500))"),
    "has mask of float64 in its state":
        linear(STANDARD, "        self.register_buffer('mask', torch.ones(2).double())"),
    "begins with values in mask that are not finite; a mask can be a buffer with persistent=False":
        linear(STANDARD, "        self.register_buffer('mask', torch.ones(2) / 0)"),
    "replaces its buffer seen as it runs; change it in place": linear(
        "self.seen = self.seen + 1\n        return self.output(x.flatten(1))",
        "        self.register_buffer('seen', torch.ones(1))",
    ),
    "gets a buffer seen as it runs": linear(
        "self.register_buffer('seen', x[0], persistent=False)\n        "
        "return self.output(x.flatten(1))"
    ),
    "gives other logits once its weights are saved and loaded": linear(
        "self.seen += self.training\n        return self.output(x.flatten(1)) / self.seen",
        "        self.register_buffer('seen', torch.ones(1), persistent=False)",
    ),
    "is built with other weights each time":
        linear(STANDARD, "        import os; self.output.bias.data[0] = hash(os.urandom(9))"),
}  # fmt: skip


@pytest.mark.parametrize("said", FAULTS)
def test_what_cannot_be_worked_with_is_refused_in_a_line(tmp_path, said, monkeypatch):
    monkeypatch.setattr("engine.networks.check.MOST_PARAMETERS", 200_000)
    assert fault(written(tmp_path, FAULTS[said])).startswith(said)


def test_a_compiled_network_is_refused(tmp_path):
    text = f"{COUNTING}\ndef compiled(**sizes):\n    return torch.compile(Net(**sizes))\n"
    assert "leave torch.compile out" in fault(written(tmp_path, text, name="compiled"))


def test_a_last_batch_that_cannot_be_trained_on_is_said(tmp_path):
    norm = "        self.norm = nn.BatchNorm1d(3)"
    text = linear("return self.norm(self.output(x.flatten(1)))", norm)
    code = written(tmp_path, text)
    checked(code, smallest=2)
    with pytest.raises(EngineError, match=r"1 image \(another --batch-size helps\): ValueError"):
        checked(code, smallest=1)


def test_random_numbers_without_a_seed_are_refused(tmp_path):
    """Which no resumed run could repeat."""
    text = linear(
        "if self.training: x = x * self.random.random()\n        " + STANDARD,
        "        import random\n        self.random = random.Random()",
    )
    assert "random numbers that no seed gives" in fault(written(tmp_path, text))


@pytest.mark.parametrize("kept", [True, False])
def test_what_changes_beside_the_weights_is_kept_in_a_buffer(tmp_path, kept):
    """Of which a checkpoint keeps also those that are not persistent; of numbers it knows none."""
    text = linear(
        "if self.training:\n            self.seen += 1\n            x = x + self.seen\n"
        "        " + STANDARD,
        "        self.register_buffer('seen', torch.ones(1), persistent=False)"
        if kept
        else "        self.seen = 1",
    )
    code = written(tmp_path, text)
    if kept:
        checked(code)
    else:
        assert "by what no buffer keeps" in fault(code)


def test_ctrl_c_passes(tmp_path):
    code = written(tmp_path, linear("raise KeyboardInterrupt"))
    with pytest.raises(KeyboardInterrupt):
        checked(code)


def test_a_check_leaves_the_generators_alone(tmp_path):
    state = torch.get_rng_state()
    checked(written(tmp_path, RESIDUAL))
    assert torch.equal(torch.get_rng_state(), state)
