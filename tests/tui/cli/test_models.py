"""The networks that there are, and what one consists of."""

import json

import pytest

from tests.engine.networks.conftest import RESIDUAL, linear
from tui.cli.main import invoke


@pytest.fixture(autouse=True)
def own_ledger(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def net(tmp_path, monkeypatch):
    """A file of a network, in the current folder; returns a function that writes it."""
    monkeypatch.chdir(tmp_path)
    return (tmp_path / "net.py").write_text


def printed(capsys, *words):
    assert invoke(["models", *words]) == 0
    return capsys.readouterr().out


def test_the_list_has_every_network_of_the_package(capsys):
    lines = printed(capsys).splitlines()
    names = ["baseline", "two-conv", "two-conv-fc", "linear", "mlp", "lenet-5"]
    assert [line.split()[0] for line in lines[2:]] == names
    assert lines[4].split()[:3] == ["two-conv-fc", "799,078", "2,821,128"]
    assert printed(capsys, "list").splitlines() == lines
    values = json.loads(printed(capsys, "list", "--json"))
    assert [each["name"] for each in values] == names
    assert values[5]["layers"][:2] == ["conv1", "pool1"]


def test_show_has_a_row_for_each_layer(capsys):
    rows = [line.split() for line in printed(capsys, "show", "two-conv").splitlines()]
    assert rows[4][:7] == ["pool2", "32×7×7", "9,248", "1,806,336", "10×10,", "rows", "9-18,"]
    assert ["logits", "10", "15,690", "15,680", "the", "image"] in rows
    assert ["in", "all", "25,258", "2,047,808"] in rows


def test_sizes_follow_images_and_classes(capsys):
    words = ("show", "lenet-5", "--json", "--side", "12", "--classes", "3")
    values = json.loads(printed(capsys, *words))
    assert values["shown"][0] == "logits"
    assert values["layers"][-1]["shape"] == [3]
    assert values["layers"][0] == {
        "name": "conv1", "shape": [6, 28, 28], "parameters": 156, "multiply_adds": 117_600,
        "field": [4, 9, 4, 9],
    }  # fmt: skip
    assert values["parameters"] == sum(layer["parameters"] for layer in values["layers"])


def test_a_file_of_one_s_own_is_shown_once_it_is_trusted(capsys, net, tmp_path):
    mark = tmp_path / "mark"
    net(f"open({str(mark)!r}, 'w')\nprint('imported')\n" + RESIDUAL)
    assert invoke(["models", "show", "net.py:Net"]) == 1
    assert "--trust" in capsys.readouterr().err
    assert not mark.exists()
    assert "block1.conv" in printed(capsys, "show", "net.py:Net", "--trust")
    assert mark.exists()
    out = printed(capsys, "show", "net.py:Net", "--json")
    assert json.loads(out)["layers"][0]["name"] == "stem"


def test_a_file_s_fault_is_one_line(capsys, net):
    net(linear("return self.output(x)"))
    assert invoke(["models", "show", "net.py:Net", "--trust"]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert "net.py:Net fails on one image" in line
    assert "(line 12)" in line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "nope"), "lenet-5 or FILE.py:NAME"),
        (("show", "net.py"), "net.py:NAME"),
        (("--side", "7"), "--side must be at least 8"),
        (("list", "--classes", "101"), "--classes must be at most 100"),
        (("--json", "show", "mlp"), "Give --json after show"),
    ],
)
def test_requests_that_are_wrong_are_refused(capsys, words, said):
    assert invoke(["models", *words]) == 2
    assert said in capsys.readouterr().err
