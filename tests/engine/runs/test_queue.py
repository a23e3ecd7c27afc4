from pathlib import Path

import pytest

from engine.errors import EngineError
from engine.runs.queue import QUEUE_FILE, QueueKeeper, Request, from_json, read_queue, to_json
from engine.runs.run import Run
from engine.runs.store import create_run
from engine.sections.adversarial.config import AdversarialConfig
from engine.sections.train.config import TrainConfig
from engine.sections.visualize.config import VisualizeConfig

CONFIGS = [
    TrainConfig(model="baseline", epochs=3, seed=7, artifacts="/runs"),
    AdversarialConfig(labels=(3, 8), epsilon=0.25, artifacts="/runs"),
    VisualizeConfig(layers=("logits",), neurons=(1, 2), steps=5, artifacts="/runs"),
]


def test_a_queue_is_read_back_as_it_was():
    requests = [
        Request("a", CONFIGS[:1], ["20260101-x"]),
        Request("b", []),
        Request("c", CONFIGS[1:]),
    ]
    [first, last] = from_json(to_json(requests))
    assert (first.command, first.configs, first.runs) == ("a", CONFIGS[:1], ["20260101-x"])
    assert (last.command, last.configs, last.runs) == ("c", CONFIGS[1:], [])


def test_a_file_of_a_network_is_found_from_another_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    configs = [TrainConfig(model=model) for model in ("a/net.py:Net", "~/net.py:Net", "mlp")]
    [request] = from_json(to_json([Request("a", configs)]))
    assert [config.model for config in request.configs] == [
        f"{tmp_path}/a/net.py:Net", "/home/me/net.py:Net", "mlp",
    ]  # fmt: skip


def test_it_is_kept_beside_the_run_that_goes_on_and_nowhere_else(tmp_path):
    first, second, third = (create_run(tmp_path, "x") for _ in range(3))
    keeper, request = QueueKeeper(), Request("a", list(CONFIGS))
    keeper.keep(first, [request])
    assert len(read_queue(first)[0].configs) == 3
    request.configs.pop(0)
    keeper.keep(second, [request])
    assert read_queue(first) == []
    assert len(read_queue(second)[0].configs) == 2
    request.configs.clear()
    keeper.keep(third, [request])
    assert not any((run.path / QUEUE_FILE).exists() for run in (first, second, third))


OUT_OF_RANGE = '[{"command": "a", "runs": [], "configs": [{"section": "train", "epochs": 0}]}]'


@pytest.mark.parametrize("text", ["{", "[1]", '[{"command": "a"}]', OUT_OF_RANGE])
def test_one_that_cannot_be_read_is_told(tmp_path, text):
    run = create_run(tmp_path, "x")
    (run.path / QUEUE_FILE).write_text(text)
    with pytest.raises(EngineError, match=r"--alone .*ignores it"):
        read_queue(run)


def test_what_waits_goes_to_the_folder_of_its_run_from_wherever_it_is_gone_on_with(
    tmp_path, monkeypatch
):
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    run = create_run(Path("runs"), "x")
    QueueKeeper().keep(run, [Request("a", [TrainConfig(artifacts="runs", data_root="data")])])
    monkeypatch.chdir(tmp_path / "there")
    (tmp_path / "here" / "runs").rename(tmp_path / "moved")
    [request] = read_queue(Run(tmp_path / "moved" / run.id))
    assert request.configs[0].artifacts == str(tmp_path / "moved")
    assert request.configs[0].data_root == str(tmp_path / "here" / "data")
