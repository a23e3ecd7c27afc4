"""Exports other than CSV: what the files hold, and what cannot be exported."""

import errno
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import load_file

from engine.analysis.export import FORMATS, check_name, export
from engine.analysis.export.graph import onnx_of
from engine.errors import EngineError, UsageError
from engine.runs.history import History
from tests.engine.conftest import spoil_json

SECTIONS = ("train", "adversarial", "visualize")
ROWS = {"adversarial": ["target 1", "target 7"], "visualize": [f"logits {n}" for n in range(10)]}


def made(run, section):
    """What lies in the run's directory, read without our own code."""
    if section == "train":
        weights = torch.load(run.path / "weights.pt", weights_only=True)
        return {name: value.numpy() for name, value in weights.items()}
    name = {"adversarial": "noise", "visualize": "images"}[section]
    return {name: np.load(run.path / f"{name}.npy")}


def assert_equal(found, expected):
    assert set(found) == set(expected)
    for name, array in expected.items():
        assert found[name].dtype == array.dtype
        assert np.array_equal(found[name], array)


@pytest.mark.parametrize("section", SECTIONS)
def test_safetensors_holds_what_was_made_and_what_it_is(runs, tmp_path, section):
    run = runs[section]
    path = export(run, "safetensors", tmp_path / "run.safetensors")
    assert_equal(load_file(path), made(run, section))
    with safe_open(path, "np") as file:
        told = file.metadata()
    assert (told["run"], told["section"], told["model"]) == (run.id, section, "two-conv")
    assert (told["dataset"], told["dataset_sha256"]) == (
        "digits", run.read_info()["dataset"]["sha256"],
    )  # fmt: skip
    assert told["input"] == "images [N, 1, 28, 28] in [0, 1]"
    assert told.get("output") == ("logits [N, 10]" if section == "train" else None)
    assert json.loads(told.get("rows", "null")) == ROWS.get(section)
    times = {"seconds", "images_per_second"}
    result = {name: value for name, value in run.read_result().items() if name not in times}
    assert json.loads(told["results"]) == result
    settings = json.loads(told["settings"])
    assert settings["seed"] == 0
    config = run.read_info()["config"]
    assert set(config) - set(settings) == {"artifacts", "data_root", "data_found"}
    assert str(run.path.parent) not in str(told)


@pytest.mark.parametrize("to", ["safetensors", "npz"])
def test_a_run_gives_the_same_bytes_each_time(runs, tmp_path, to):
    first, second = (
        export(runs["adversarial"], to, tmp_path / f"{n}.{to}").read_bytes() for n in range(2)
    )
    assert first == second


def test_classes_are_told_by_name(copied, tmp_path):
    run = copied["adversarial"]

    def told(file):
        with safe_open(export(run, "safetensors", tmp_path / file), "np") as opened:
            return json.loads(opened.metadata()["classes"])

    names = [f"a {n}" for n in range(10)]
    spoil_json(run, "run.json", lambda info: info["dataset"].update(classes=names))
    assert told("new.safetensors") == names
    spoil_json(run, "run.json", lambda info: info["dataset"].pop("classes"))  # as version 0.1
    assert told("old.safetensors") == list("0123456789")


@pytest.mark.parametrize("section", SECTIONS)
def test_npz_holds_answers_and_curves_as_well(runs, tmp_path, section):
    run = runs[section]
    found = dict(np.load(export(run, "npz", tmp_path / "run.npz"), allow_pickle=False))
    expected = made(run, section)
    if section != "visualize":
        answers = np.load(run.path / "answers.npz")
        expected |= {f"answers_{name}": array for name, array in answers.items()}
    for name, curve in History.of(run.events()).curves.items():
        expected[f"curve_{name}"] = curve.values.astype(np.float32)
        expected[f"steps_{name}"] = curve.steps
    told = json.loads(str(found.pop("description")))
    assert told["run"] == run.id
    assert_equal(found, expected)


def test_csv_is_written_as_it_is_printed(runs, tmp_path):
    path = export(runs["train"], "csv", tmp_path / "run.csv")
    assert path.read_bytes() == b"".join(FORMATS["csv"](runs["train"]))


def test_no_metric_of_a_foreign_journal_names_a_file_outside(copied, tmp_path):
    journal = copied["train"].journal
    text = journal.read_text().replace('"penalty":', '"../penalty":')
    journal.write_text(text)
    spoil_json(copied["train"], "run.json", lambda info: info.pop("sha256"))
    names = np.load(export(copied["train"], "npz", tmp_path / "run.npz")).files
    assert "curve_.._penalty" in names
    assert not any("/" in name for name in names)


@pytest.mark.parametrize("to", ["safetensors", "npz", "onnx"])
def test_a_run_that_has_not_finished_has_nothing_but_its_metrics(copied, tmp_path, to):
    run = copied["train"]
    spoil_json(run, "run.json", lambda info: info.update(status="stopped"))
    with pytest.raises(EngineError, match=r"is stopped, and only a finished one.* --to csv"):
        export(run, to, tmp_path / f"run.{to}")
    assert export(run, "csv", tmp_path / "run.csv").is_file()
    assert not (tmp_path / f"run.{to}").exists()


@pytest.mark.parametrize("section", ["adversarial", "visualize"])
def test_only_networks_become_onnx(runs, tmp_path, section):
    with pytest.raises(EngineError, match=r"trained no network.* --to safetensors or npz"):
        export(runs[section], "onnx", tmp_path / "run.onnx")


def test_onnx_without_its_packages_says_how_to_get_them(runs, monkeypatch):
    monkeypatch.setattr("engine.analysis.export.graph.NEEDED", ("no_such_package",))
    with pytest.raises(EngineError, match=r"pip install 'mnist-tui\[export\]'"):
        onnx_of(runs["train"])


@pytest.mark.parametrize("to", ["safetensors", "npz", "onnx"])
def test_files_that_are_no_longer_the_run_s_are_not_passed_on(copied, tmp_path, to):
    path = copied["train"].path / "weights.pt"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(EngineError, match=r"weights.pt of run .* has changed.* runs verify"):
        export(copied["train"], to, tmp_path / f"run.{to}")
    path.unlink()
    with pytest.raises(EngineError, match=r"has no weights.pt"):
        export(copied["train"], to, tmp_path / f"run.{to}")


def test_damage_is_told_where_no_hash_tells_of_it(copied, tmp_path):
    run = copied["adversarial"]
    spoil_json(run, "run.json", lambda info: info.pop("sha256"))
    (run.path / "answers.npz").write_bytes(b"PK")
    with pytest.raises(EngineError, match=r"answers.npz is damaged"):
        export(run, "npz", tmp_path / "run.npz")
    (run.path / "noise.npy").write_bytes(b"nothing")
    with pytest.raises(EngineError, match=r"noise.npy is damaged"):
        export(run, "safetensors", tmp_path / "run.safetensors")


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ([1], "does not hold the weights"),
        ({"a": 1}, "does not hold the weights"),
        ({"a": torch.zeros(1).expand(10**15)}, "does not hold the weights"),
        ({"a": torch.zeros(1, dtype=torch.bfloat16)}, "does not hold the weights"),
        ({"a": torch.tensor([1.0, np.nan])}, "a holds values that are not finite"),
    ],
    ids=["list", "number", "endless", "bfloat16", "nan"],
)
@pytest.mark.parametrize("to", ["safetensors", "npz"])
def test_weights_that_are_none_are_damage(copied, tmp_path, to, state, words):
    run = copied["train"]
    spoil_json(run, "run.json", lambda info: info.pop("sha256"))
    torch.save(state, run.path / "weights.pt")
    with pytest.raises(EngineError, match=f"weights.pt is damaged .*{words}"):
        export(run, to, tmp_path / f"run.{to}")
    (run.path / "weights.pt").unlink()
    with pytest.raises(EngineError, match=r"There is no .*weights\.pt; train the network again"):
        export(run, to, tmp_path / f"run.{to}")


def test_weights_of_any_kind_are_kept_under_names_that_are_no_paths(copied, tmp_path):
    run = copied["train"]
    spoil_json(run, "run.json", lambda info: info.pop("sha256"))
    state = {"../up": torch.ones(2), "bn.calls": torch.tensor(3), "scale": torch.tensor(1.5)}
    torch.save(state, run.path / "weights.pt")
    kept = load_file(export(run, "safetensors", tmp_path / "run.safetensors"))
    assert_equal(kept, {name: value.numpy() for name, value in state.items()})
    found = np.load(export(run, "npz", tmp_path / "run.npz"))
    assert found[".._up"].tolist() == [1, 1]
    assert (found["bn.calls"].dtype, found["bn.calls"].shape) == (np.int64, ())


def test_what_lies_there_is_kept_unless_it_is_asked_for(runs, tmp_path):
    path = tmp_path / "run.npz"
    path.write_bytes(b"mine")
    with pytest.raises(EngineError, match=r"run.npz exists already; --force overwrites it"):
        export(runs["train"], "npz", path)
    assert path.read_bytes() == b"mine"
    export(runs["train"], "npz", path, force=True)
    assert "answers_label" in np.load(path)


def test_a_link_is_replaced_and_never_written_through(runs, tmp_path):
    (tmp_path / "file").write_bytes(b"mine")
    link = tmp_path / "run.csv"
    for target in ("file", "nowhere"):
        link.symlink_to(tmp_path / target)
        with pytest.raises(EngineError, match="exists already"):
            export(runs["train"], "csv", link)
        export(runs["train"], "csv", link, force=True)
        assert not link.is_symlink()
        link.unlink()
    assert (tmp_path / "file").read_bytes() == b"mine"


@pytest.mark.parametrize("force", [False, True])
def test_what_is_no_file_is_refused(runs, tmp_path, force):
    with pytest.raises(EngineError, match="is a folder; give --output a file in it"):
        export(runs["train"], "csv", tmp_path, force=force)
    with pytest.raises(EngineError, match="null is not a regular file"):
        export(runs["train"], "csv", Path("/dev/null"), force=force)


def test_a_place_that_cannot_be_written_is_told(runs, tmp_path, monkeypatch):
    with pytest.raises(EngineError, match=r"cannot be written \(No such file or directory\)"):
        export(runs["train"], "npz", tmp_path / "no" / "run.npz")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(EngineError, match=r"cannot be written \(No space left on device\)"):
        export(runs["train"], "csv", tmp_path / "run.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_name_ends_as_its_format_says(tmp_path):
    check_name(tmp_path / "net.SAFETENSORS", "safetensors")
    with pytest.raises(UsageError, match=r"does not end in .csv;.* choose --to onnx"):
        check_name(tmp_path / "net.onnx", "csv")
    with pytest.raises(UsageError, match=r"does not end in .onnx; choose such a name\."):
        check_name(tmp_path / "net", "onnx")
