"""``mnist-tui try --file``: what networks say of kept drawings."""

import json
import shutil

import numpy as np
import pytest

from engine.data.dataset import Split
from engine.data.drawings import Drawings, keep_drawing
from engine.pad.networks import Networks, trained_in
from engine.runs.store import list_runs
from tui.cli.main import invoke


@pytest.fixture
def drawings(digits, tmp_path):
    """A file with ten of the test images, as if they were drawings."""
    of = Drawings(Split(digits.test.images[:0], digits.test.labels[:0]), digits.classes, "digits",
                  digits.sha256)  # fmt: skip
    path = tmp_path / "drawings.npz"
    for number in range(10):
        keep_drawing(path, digits.test.images[number], int(digits.test.labels[number]), of)
    return path


def asked(capsys, *words):
    code = invoke(["try", *map(str, words)])
    out, err = capsys.readouterr()
    return code, out, err


def test_each_network_s_answers_are_printed(trained, digits, drawings, capsys):
    [network] = trained_in(trained)
    images = digits.test.images[:10].astype(np.float32) / 255
    answers = [a.predicted for a in Networks().ask_about(network, images)]
    labels = digits.test.labels[:10]
    right = int((answers == labels).sum())
    code, out, _ = asked(capsys, "--file", drawings, "--artifacts", trained)
    assert code == 0
    assert "10 drawings" in out
    [row] = [line for line in out.splitlines() if line.startswith("two-conv-fc")]
    assert f"{right}/10" in row
    assert f"{right * 10:.1f}%" in row
    told = " ".join(str(a) if a == b else f"✗{a}" for a, b in zip(answers, labels, strict=True))
    assert " ".join(row.split()[4:]) == told
    code, out, _ = asked(capsys, "--file", drawings, "--artifacts", trained, "--json")
    values = json.loads(out)
    assert values["labels"] == labels.tolist()
    assert values["networks"][0]["answers"] == answers
    assert values["networks"][0]["accuracy"] == right / 10
    assert values["networks"][0]["run"] == network.run.id


def test_networks_can_be_named(trained, drawings, capsys):
    given = ("--file", drawings, "--artifacts", trained)
    assert asked(capsys, *given, "--run", "two-conv-fc")[0] == 0
    code, _, err = asked(capsys, *given, "--run", "baseline")
    assert code == 1
    assert "baseline" in err


def test_a_name_is_looked_for_among_the_networks_that_the_drawings_fit(
    trained, digits, drawings, tmp_path, capsys
):
    """The newest of that model may be of another dataset, and the dataset's file elsewhere now."""
    artifacts = tmp_path / "runs"
    shutil.copytree(trained, artifacts)
    [run] = list_runs(artifacts)
    other = artifacts / f"20990101-000000-000-{run.id.split('-', 3)[3]}"
    shutil.copytree(run.path, other)
    info = json.loads((other / "run.json").read_text())
    info["run_id"] = other.name
    info["dataset"]["sha256"] = "0" * 64
    (other / "run.json").write_text(json.dumps(info))
    with np.load(drawings) as file:
        arrays = dict(file) | {"dataset": np.array("/elsewhere/digits.npz")}
    np.savez(drawings, **arrays)
    given = ("--file", drawings, "--artifacts", artifacts, "--run", "two-conv-fc", "--json")
    code, out, _ = asked(capsys, *given)
    assert code == 0
    assert [one["run"] for one in json.loads(out)["networks"]] == [run.id]


def test_fewer_classes_than_the_network_has_are_one_line(trained, digits, drawings, capsys):
    with np.load(drawings) as file:
        two = {"class_names": np.array(["a", "b"]), "y_test": np.zeros(10, np.uint8)}
        arrays = dict(file) | two
    np.savez(drawings, **arrays)
    code, _, err = asked(capsys, "--file", drawings, "--artifacts", trained)
    assert code == 1
    assert "2 classes" in err
    assert len(err.splitlines()) == 1


def test_any_test_set_will_do(trained, digits, tmp_path, capsys):
    np.savez(tmp_path / "some.npz", x_test=digits.test.images[:30], y_test=digits.test.labels[:30],
             class_names=np.array(digits.classes))  # fmt: skip
    code, out, _ = asked(capsys, "--file", tmp_path / "some.npz", "--artifacts", trained)
    assert code == 0
    assert "/30" in out
    np.savez(tmp_path / "small.npz", x_test=digits.test.images[:4, :10, :10],
             y_test=digits.test.labels[:4])  # fmt: skip
    code, _, err = asked(capsys, "--file", tmp_path / "small.npz", "--artifacts", trained)
    assert code == 1
    assert "10x10 pixels" in err


@pytest.mark.parametrize(("words", "code", "told"), [
    (("--json",), 2, "--file"),
    (("--run", "baseline"), 2, "--file"),
    ((), 1, "terminal"),
    (("--file", "nothing.npz"), 1, "no file"),
])  # fmt: skip
def test_what_cannot_be_done_is_one_line(words, code, told, tmp_path, capsys):
    found, _, err = asked(capsys, *words, "--artifacts", tmp_path)
    assert found == code
    assert told in err
    assert len(err.splitlines()) == 1
