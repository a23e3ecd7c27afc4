import dataclasses

import pytest
import torch

from engine.config import RunConfig
from engine.errors import EngineError
from engine.laboratory import Laboratory
from engine.numerics.cores import usable_cores
from engine.runs.control import Control
from engine.runs.events import Progress
from engine.runs.run import Run
from engine.sections.train.config import TrainConfig
from engine.trainings import find_trained
from engine.trust import trust_named


def laboratory():
    return Laboratory(warn=lambda line: None)


def test_every_run_gets_the_threads_that_it_says():
    shared = laboratory()
    for threads in (None, 1, None, 1):
        _, device = shared.survey(RunConfig(dataset="digits", device="cpu", threads=threads))
        assert device.threads == torch.get_num_threads() == (threads or usable_cores())


def test_mnist_is_taken_from_where_a_run_found_it_unless_it_has_gone(tmp_path, few, monkeypatch):
    """A run that took ``./data`` must find it from another folder too."""
    asked = []

    def opened(name, root, **options):
        asked.append(root)
        return dataclasses.replace(few, name="mnist", origin=str(tmp_path / "data"))

    monkeypatch.setattr("engine.data.open.open_dataset", opened)
    monkeypatch.setattr("engine.figures.draw_figures", lambda run: iter(()))
    config = TrainConfig(model="baseline", epochs=1, device="cpu", artifacts=str(tmp_path / "runs"))
    wishes = {"listen": lambda event: None, "control": Control()}
    run = laboratory().session(config, **wishes).run()
    assert (run.read_config().data_root, run.read_config().data_found) == (
        None,
        str(tmp_path / "data"),
    )

    monkeypatch.setattr("engine.data.idx.is_there", lambda place: True)
    laboratory().survey_of(run)
    laboratory().survey_of(run, str(tmp_path / "elsewhere"))
    monkeypatch.setattr("engine.data.idx.is_there", lambda place: False)
    laboratory().survey_of(run)
    monkeypatch.setattr("engine.data.idx.is_there", lambda place: True)
    monkeypatch.chdir(tmp_path)
    laboratory().survey_of(run)
    assert asked == [None, str(tmp_path / "data"), str(tmp_path / "elsewhere"), None, None]


def test_a_run_resumes_on_a_machine_with_fewer_cores_and_says_so(tmp_path, few, monkeypatch):
    monkeypatch.setattr("engine.data.open.open_dataset", lambda *names, **options: few)
    monkeypatch.setattr("engine.figures.draw_figures", lambda run: iter(()))
    config = TrainConfig(model="baseline", epochs=3, device="cpu", threads=2,
                         dataset="digits", artifacts=str(tmp_path))  # fmt: skip
    control, warnings = Control(), []

    def listen(event):
        if isinstance(event, Progress):
            control.stop("a test")

    shared = Laboratory(warn=warnings.append)
    run = shared.session(config, listen=listen, control=control).run()
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    session = shared.resume(run, listen=lambda event: None, control=Control())
    session.run()
    assert run.read_status() == "finished"
    assert warnings == [
        f"Run {run.id} began with 2 threads; this machine has 1 core, so it resumes with 1: "
        "its numbers may differ in the last digits."
    ]
    assert run.read_config().threads == 2
    assert [one["threads"] for one in run.read_info()["environments"]] == [2, 1]
    assert torch.get_num_threads() == 1


def test_a_network_is_named_by_its_run_or_by_its_model(tmp_path, few, monkeypatch):
    monkeypatch.setattr("engine.data.open.open_dataset", lambda *names, **options: few)
    monkeypatch.setattr("engine.figures.draw_figures", lambda run: iter(()))
    own = tmp_path / "net.py"
    own.write_text(
        "from torch import nn\n\ndef net(classes):\n"
        "    return nn.Sequential(nn.Flatten(), nn.LazyLinear(classes))\n"
    )
    folder, runs = tmp_path / "runs", []
    for model in ("linear", f"{own}:net", "linear"):
        config = TrainConfig(model=model, epochs=1, device="cpu", artifacts=str(folder))
        trust_named([config])
        session = laboratory().session(config, listen=lambda event: None, control=Control())
        runs.append(session.run().id)
    of_own = runs[1].partition("-train-")[2]
    assert of_own.startswith("net-")
    named = {name: find_trained(folder, name).id for name in ("linear", "net", of_own, runs[0])}
    assert named == {"linear": runs[2], "net": runs[1], of_own: runs[1], runs[0]: runs[0]}
    with pytest.raises(EngineError, match="No run 'mlp'"):
        find_trained(folder, "mlp")
    there = Run(folder / runs[0]).read_config().dataset
    assert find_trained(folder, "net", there).id == runs[1]
    with pytest.raises(EngineError, match="No finished training of net on kmnist"):
        find_trained(folder, "net", "kmnist")
    assert find_trained(folder, runs[1], "kmnist").id == runs[1]  # an id says which
