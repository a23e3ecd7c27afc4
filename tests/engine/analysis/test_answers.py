import numpy as np
import pytest

from engine.analysis.answers import Answers, read_answers, read_answers_to_noise, resisting
from engine.errors import EngineError
from engine.files.reader import DamagedFile
from engine.files.writer import npz_bytes
from engine.laboratory import Laboratory
from tests.engine.conftest import spoil_json


def change_answers(run, **changes):
    arrays = dict(np.load(run.path / "answers.npz"))
    (run.path / "answers.npz").write_bytes(npz_bytes(arrays | changes))


def test_mistakes_are_the_surest_first_and_cells_too():
    labels, predictions = np.array([0, 1, 1, 2, 1], np.uint8), np.array([1, 1, 0, 1, 0], np.uint8)
    probabilities = np.zeros((5, 3), np.float16)
    probabilities[range(5), predictions] = [0.5, 0.9, 0.6, np.nan, 0.75]
    answers = Answers(labels, predictions, probabilities)
    assert answers.mistakes().tolist() == [4, 2, 0, 3]  # one that is no number comes last
    assert answers.of_cell(1, 0).tolist() == [4, 2]
    assert answers.of_cell(2, 2).tolist() == []


def test_what_resists_comes_first_and_by_class():
    labels = np.array([0, 1, 2, 2, 1, 2], np.uint8)
    read = np.array([0, 1, 0, 1, 0, 1], np.uint8)  # with the noise for 0
    places, count = resisting(read, labels, 0, source=2)
    assert (places.tolist(), count) == ([3, 5, 2], 2)
    places, count = resisting(read, labels, 0)
    assert (places.tolist(), count) == ([3, 5, 1], 3)  # class 2 resists more often than class 1
    assert resisting(read, labels, 0, source=0)[0].tolist() == []  # they are of the target itself


def test_answers_are_those_that_were_judged(runs):
    answers, results = read_answers(runs["train"]), runs["train"].read_result()
    assert len(answers.mistakes()) == round(50 * (1 - results["test"]["accuracy"]))
    sizes = [[len(answers.of_cell(label, said)) for said in range(10)] for label in range(10)]
    assert sizes == results["confusion"]
    labels = answers.labels
    for row, target in zip(
        read_answers_to_noise(runs["adversarial"]),
        runs["adversarial"].read_result()["targets"],
        strict=True,
    ):
        resist = resisting(row, labels, target["label"])[1]
        assert resist == round((1 - target["success"]["rate"]) * target["success"]["n"])


@pytest.mark.parametrize(("changes", "words"), [
    ({"sha256": np.array("0" * 64)}, "other images"),
    ({"label": np.zeros(49, np.uint8)}, "label is not uint8"),
    ({"prediction": np.full(50, 10, np.uint8)}, "a class beyond 9"),
    ({"probabilities": np.zeros((50, 10))}, "probabilities is not float16"),
])  # fmt: skip
def test_answers_of_other_shapes_are_damaged(copied, changes, words):
    change_answers(copied["train"], **changes)
    with pytest.raises(DamagedFile, match=words):
        read_answers(copied["train"])


def test_missing_answers_say_why_and_what_to_do(copied):
    (copied["train"].path / "answers.npz").unlink()
    with pytest.raises(EngineError, match=r"no answers.npz, .* version 0.1; run it again"):
        read_answers(copied["train"])
    spoil_json(copied["train"], "run.json", lambda info: info.update(status="stopped"))
    with pytest.raises(EngineError, match="at the end of a run; this one is stopped"):
        read_answers(copied["train"])


def test_images_are_those_of_the_run_or_a_line_says_why_not(copied, digits, tmp_path):
    laboratory, run = Laboratory(warn=print), copied["train"]
    assert laboratory.images_of(run).sha256 == digits.sha256
    spoil_json(run, "run.json", lambda info: info["dataset"].update(sha256="0" * 64))
    with pytest.raises(EngineError, match="other digits images than are here"):
        laboratory.images_of(run)
    config = {"dataset": "kmnist", "data_root": str(tmp_path)}
    spoil_json(run, "run.json", lambda info: info["config"].update(config))
    with pytest.raises(EngineError, match="No KMNIST in"):
        laboratory.images_of(run)
