"""Trained networks as the pad knows them, and what they say."""

import json
import shutil
import time
from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.errors import EngineError
from engine.pad.networks import Answer, Networks, first_choice, told_apart, trained_in
from engine.sections import find
from tests.engine.conftest import spoil_json


@pytest.fixture(scope="module")
def there(runs):
    return trained_in(runs["train"].path.parent)


def test_finished_trainings_are_listed_newest_first(there):
    assert [one.model for one in there] == ["baseline", "two-conv"]
    assert [one.name for one in there] == ["baseline", "two-conv"]
    assert all(one.side == 28 and len(one.classes) == 10 and not one.refused for one in there)
    assert all(one.result.endswith("%") for one in there)


def test_answers_equal_the_network_asked_directly(there, few, cpu):
    networks = Networks()
    image = few.test.images[3].astype(np.float32) / 255
    answers = networks.ask(there, image)
    for one, answer in zip(there, answers, strict=True):
        network = find("train").load(one.run.read_config(), one.run, cpu)
        with torch.no_grad():
            direct = network(torch.tensor(image)[None, None]).softmax(1)[0].numpy()
        assert (answer.probabilities == direct).all()
        assert answer.predicted == direct.argmax()
    assert networks.load(there[0]) is networks.load(there[0])


def test_a_network_that_is_damaged_says_so_and_the_others_answer(copied):
    (copied["train"].path / "weights.pt").write_bytes(b"nothing")
    there = trained_in(copied["train"].path.parent)
    answers = {
        one.model: answer
        for one, answer in zip(
            there, Networks().ask(there, np.zeros((28, 28), np.float32)), strict=True
        )
    }
    assert answers["two-conv"].probabilities is None
    assert "weights.pt" in answers["two-conv"].problem
    assert answers["two-conv"].predicted is None
    assert answers["baseline"].probabilities is not None


def test_networks_of_one_model_are_told_apart(copied):
    again = copied["train"].path.with_name("20270101-000000-000-train-two-conv")
    shutil.copytree(copied["train"].path, again)
    spoil_json_id(again)
    there = trained_in(again.parent)
    names = [one.name for one in there if one.model == "two-conv"]
    assert len(set(names)) == 2
    assert all(name.startswith("two-conv ") for name in names)
    assert [one.model for one in first_choice(there, 5)] == ["baseline", "two-conv"]
    assert first_choice(there, 5)[1].run.id == again.name  # the newest
    assert len(first_choice(there, 1)) == 1


def spoil_json_id(folder):
    info = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(info | {"run_id": folder.name}))


def test_code_that_was_not_run_here_is_not_imported(copied, monkeypatch):
    there = trained_in(copied["train"].path.parent)[0]
    refused = replace(there, refused="its code has not been run on this machine before")
    monkeypatch.setattr("engine.networks.stored.load_trained", None)
    with pytest.raises(EngineError, match="not been run on this machine before"):
        Networks().load(refused)
    assert first_choice([refused], 3) == []


def test_a_run_without_its_result_is_left_out(copied):
    spoil_json(copied["train"], "run.json", lambda values: values.update(status="no state"))
    assert [one.model for one in trained_in(copied["train"].path.parent)] == ["baseline"]


def test_no_answer_predicts_nothing():
    assert Answer(None, "why").predicted is None


def test_ten_thousand_networks_are_told_apart_at_once(there):
    seeds = [n // 2 if n < 4 else n for n in range(10_000)]  # two pairs of the same
    many = [replace(there[0], seed=seed) for seed in seeds]
    others = [replace(one, dataset={"sha256": "0" * 64}) for one in many[:1]]
    begin = time.process_time()
    named = told_apart([*many, *others, there[1]])
    assert time.process_time() - begin < 2
    assert named[0].name != "baseline seed 0"  # the time says which
    assert named[0].name.startswith("baseline ")
    assert named[9].name == "baseline seed 9"
    assert [one.name for one in named[-2:]] == ["baseline", "two-conv"]


def test_a_network_s_layers_are_known_without_another_look_at_its_files(copied):
    there = trained_in(copied["train"].path.parent)
    layers = [one.layout.layers for one in there]
    for one in there:
        shutil.rmtree(one.run.path)
    assert [one.layout.layers for one in there] == layers
