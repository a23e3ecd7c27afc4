"""Runs on a file of one's own: found again, refused once it has changed, labelled by its name."""

import dataclasses
import os
import shutil

import numpy as np
import pytest

from engine.analysis.compare import compare
from engine.config import RunConfig
from engine.errors import EngineError, UsageError
from engine.laboratory import Laboratory
from engine.runs.control import Control
from engine.runs.events import Progress
from engine.runs.queue import Request, from_json, to_json
from engine.runs.store import list_runs
from engine.sections.train.config import TrainConfig


def write(path, **change):
    """Write a dataset of three classes at twelve pixels."""
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.arange(240) % 3)
    images = (rng.random((240, 12, 12)) * 100).astype(np.uint8)
    images[np.arange(240), labels * 4] = 255
    values = {"x_train": images, "y_train": labels, "x_test": images[:30], "y_test": labels[:30],
              "class_names": ["circle", "square", "two words"]} | change  # fmt: skip
    np.savez(path, **values)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The current folder, with a file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("engine.figures.draw_figures", lambda run: iter(()))
    write("mine.npz")
    return tmp_path


def config(**options):
    return TrainConfig(
        model="baseline", epochs=2, batch_size=32, device="cpu", threads=1,
        **{"dataset": "mine.npz", "artifacts": "runs"} | options,
    )  # fmt: skip


def run(shared, asked, stop=False):
    control = Control()

    def listen(event):
        if stop and isinstance(event, Progress):
            control.stop("a test")

    return shared.session(asked, listen=listen, control=control).run()


def laboratory(said=None):
    return Laboratory(warn=(said if said is not None else []).append)


def test_a_run_keeps_the_absolute_path_and_what_was_found(here):
    done = run(laboratory(), config())
    kept, info = done.read_config(), done.read_info()
    assert kept.dataset == str(here / "mine.npz")
    assert (kept.classes, kept.side, kept.data_found) == (3, 12, None)
    assert (info["dataset"]["name"], info["dataset"]["classes"]) == (
        "mine", ["circle", "square", "two words"]
    )  # fmt: skip


def test_few_images_are_trained_on_for_more_epochs(here):
    asked = dataclasses.replace(config(), epochs=None, batch_size=None)
    session = laboratory().session(asked, listen=lambda event: None, control=Control())
    assert session.config.epochs == 1075  # of two steps
    again = dataclasses.replace(asked, epochs=3)
    session = laboratory().session(again, listen=lambda event: None, control=Control())
    assert session.config.epochs == 3


def test_a_file_that_changed_is_refused_and_one_that_moved_is_not(here, tmp_path, monkeypatch):
    stopped = run(laboratory(), config(), stop=True)
    assert stopped.read_status() == "stopped"
    shutil.copy("mine.npz", "sound.npz")
    write("mine.npz", class_names=["circle", "square", "three"])
    wishes = {"listen": lambda event: None, "control": Control()}
    with pytest.raises(EngineError, match="was started on other mine data"):
        laboratory().resume(stopped, **wishes)
    os.replace("sound.npz", "mine.npz")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    laboratory().resume(stopped, **wishes).run()
    assert stopped.read_status() == "finished"
    os.replace(tmp_path / "mine.npz", tmp_path / "elsewhere" / "mine.npz")
    data, _ = laboratory().survey_of(stopped, str(tmp_path / "elsewhere"))
    assert data.sha256 == stopped.read_info()["dataset"]["sha256"]


def test_a_file_is_read_anew_once_it_has_changed(here):
    shared, asked = laboratory(), RunConfig(dataset="mine.npz", device="cpu")
    first, _ = shared.survey(asked)
    again, _ = shared.survey(dataclasses.replace(asked, dataset=str(here / "mine.npz")))
    assert again is first
    write("mine.npz", class_names=["circle", "square", "three"])
    assert shared.survey(asked)[0].classes[2] == "three"


def test_runs_of_a_file_that_moved_are_of_one_dataset(here):
    run(laboratory(), config())
    os.replace("mine.npz", "other.npz")
    os.mkdir("sub")
    os.replace("other.npz", "sub/mine.npz")
    run(laboratory(), config(dataset="sub/mine.npz", seed=1))
    comparison = compare(list_runs(here / "runs"))
    assert comparison.datasets == ["mine"]
    assert "dataset" not in comparison.differing


def test_what_waits_finds_its_file_from_another_folder(here, monkeypatch):
    text = to_json([Request("a", [config()])])
    monkeypatch.chdir("/")
    [request] = from_json(text)
    assert request.configs[0].dataset == str(here / "mine.npz")


@pytest.mark.parametrize("name", ["cifar", "mine.npy", "Mnist", "", "mine.npz/"])
def test_what_is_no_dataset_is_told_with_those_that_are(name):
    with pytest.raises(UsageError) as told:
        RunConfig(dataset=name)
    assert str(told.value) == (
        "--dataset must be one of auto, mnist, digits, fashion-mnist, kmnist or a file that ends "
        f"in .npz, not {name!r}."
    )
