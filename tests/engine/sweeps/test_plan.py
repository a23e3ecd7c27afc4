"""Plans: every run's id and config, pinned when it is planned."""

import re
import time

import pytest

from engine.errors import EngineError
from engine.laboratory import Laboratory
from engine.networks import ledger
from engine.sweeps.plan import plan
from engine.sweeps.spec import Spec
from engine.sweeps.sweep import Sweep, create_sweep, find_sweep, list_sweeps
from tests.tui import example_runs as examples

NET = """
from torch import nn
class Net(nn.Sequential):
    def __init__(self, classes: int, height: int, width: int):
        super().__init__(nn.Flatten(), nn.Linear(height * width, classes))
"""


@pytest.fixture
def laboratory():
    return Laboratory(warn=lambda line: None)


@pytest.fixture
def spec(tmp_path):
    def make(section="train", options=(), **asked):
        shared = {"dataset": "digits", "artifacts": str(tmp_path)}
        return Spec(section=section, name="s", options=shared | dict(options), **asked)

    return make


def test_runs_are_planned_seed_by_seed_with_ids_of_their_own(spec, laboratory, tmp_path):
    taken = tmp_path / "20260101-000000-000-train-baseline"
    taken.mkdir()
    grid = {"model": ("baseline", "linear"), "epochs": (1, 2)}
    planned = plan(spec(grid=grid, seeds=(3, 4)), laboratory)
    assert [run.seed for run in planned.runs] == [3] * 4 + [4] * 4
    assert planned.runs[0].setting == {"model": "baseline", "epochs": 1}
    ids = [planned.sweep_id, *(run.run_id for run in planned.runs)]
    assert ids == sorted(set(ids))
    assert re.fullmatch(r"\d{8}-\d{6}-\d{3}-sweep-s", ids[0])
    assert re.search(r"-train-baseline-[0-9a-f]{4}$", ids[1])
    assert planned.axes == {"model": ["baseline", "linear"], "epochs": [1, 2], "seed": [3, 4]}
    assert list(tmp_path.iterdir()) == [taken]  # nothing was written


def test_the_recipe_is_pinned_but_not_the_machine(spec, laboratory):
    [run] = plan(spec(), laboratory).runs
    assert run.config["learning_rate"] == 0.01
    assert run.config["epochs"] == 40
    assert run.config["side"] == 28
    assert (run.config["device"], run.config["precision"], run.config["threads"]) == (
        "auto", "auto", None,
    )  # fmt: skip
    [given] = plan(spec(options={"threads": 3, "device": "cpu"}), laboratory).runs
    assert (given.config["device"], given.config["threads"]) == ("cpu", 3)


def test_a_network_to_attack_is_pinned_with_those_that_noise_is_tested_on(
    spec, laboratory, tmp_path, digits
):
    other = examples.trained(tmp_path, digits, 1, "baseline", 0.9)
    network = examples.trained(tmp_path, digits, 2, "two-conv-fc", 0.9)
    planned = plan(spec("adversarial", seeds=(0, 1)), laboratory)
    for run in planned.runs:
        assert run.config["run"] == network
        assert run.config["other_runs"] == {"baseline": other}
        assert run.needs == []
        assert "-adversarial-two-conv-fc-" in run.run_id
    named = plan(spec("adversarial", grid={"run": ("baseline", "two-conv-fc")}), laboratory)
    assert [run.config["run"] for run in named.runs] == [other, network]


def test_without_a_network_its_training_comes_first_once(spec, laboratory):
    runs = plan(spec("adversarial", seeds=(5, 6)), laboratory).runs
    assert [run.section for run in runs] == ["train", "adversarial", "adversarial"]
    training, *noises = runs
    assert training.config["model"] == "two-conv-fc"
    for noise in noises:
        assert noise.needs == [training.run_id] == [noise.config["run"]]


def test_the_whole_report_once_for_each_seed(spec, laboratory):
    runs = plan(spec("all", seeds=(0, 1)), laboratory).runs
    assert [run.section for run in runs] == ["train"] * 3 + ["adversarial", "visualize"] + [
        "train"
    ] * 3 + ["adversarial", "visualize"]
    first, second, best, noise, neurons = runs[5:]
    assert best.companions == [first.run_id, second.run_id]
    assert best.needs == []
    for looking in (noise, neurons):
        assert looking.config["run"] == best.run_id
        assert set(looking.needs) == {first.run_id, second.run_id, best.run_id}
        assert looking.config["seed"] == 1


def test_a_network_of_one_s_own_travels_with_the_sweep(spec, laboratory, tmp_path):
    file = tmp_path / "net.py"
    file.write_text(NET)
    made = plan(spec(grid={"model": (f"{file}:Net", "linear")}), laboratory)
    sweep = create_sweep(made)
    file.unlink()
    own, packaged = sweep.plan.runs
    code = sweep.code(own)
    assert code.content == NET.encode()
    assert own.config["model"] == code.model
    assert code.model in own.run_id
    assert sweep.code(packaged) is None
    assert not ledger.is_trusted(code.sha256)  # to name it is for the face to trust it
    sweep.trust()
    assert ledger.is_trusted(code.sha256)
    (sweep.path / f"model-{code.sha256[:16]}.py").write_text("import os")
    with pytest.raises(EngineError, match="not the file"):
        sweep.code(own)


def test_a_thousand_runs_are_planned_and_written_in_two_seconds(spec, laboratory, tmp_path):
    grid = {"learning_rate": tuple(0.001 * (n + 1) for n in range(100))}
    since = time.process_time()
    sweep = create_sweep(plan(spec(grid=grid, seeds=tuple(range(10))), laboratory))
    assert len(Sweep(sweep.path).plan.runs) == 1000
    assert time.process_time() - since < 2


def test_sweeps_are_found_by_name_and_id(spec, laboratory, tmp_path):
    first = create_sweep(plan(spec(), laboratory))
    second = create_sweep(plan(spec(), laboratory))
    assert [sweep.id for sweep in list_sweeps(tmp_path)] == [second.id, first.id]
    assert find_sweep(tmp_path, "s").id == second.id  # the newest of that name
    assert find_sweep(tmp_path, first.id).id == first.id
    with pytest.raises(EngineError, match="No sweep 'x'"):
        find_sweep(tmp_path, "x")
    with pytest.raises(EngineError, match="could be"):
        find_sweep(tmp_path, "2")
    assert list_sweeps(tmp_path / "nowhere") == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "{",
        lambda text: "[]",
        lambda text: "[" * 100_000,
        lambda text: text.replace('"schema": 2', '"schema": 3'),
        lambda text: text.replace("-train-", "/../-train-"),
        lambda text: re.sub(r'"seed": 1\b', '"seed": -1', text),
        lambda text: re.sub(r"\d{3}-train", "000-train", text),  # twice the same id
    ],
)
def test_a_damaged_plan_is_one_line(spec, laboratory, damage):
    sweep = create_sweep(plan(spec(seeds=(0, 1)), laboratory))
    file = sweep.path / "sweep.json"
    file.write_text(damage(file.read_text()))
    with pytest.raises(EngineError, match=r"sweep\.json is damaged") as error:
        _ = Sweep(sweep.path).plan
    assert "\n" not in str(error.value)


def test_a_run_cannot_need_one_that_comes_later(spec, laboratory):
    sweep = create_sweep(plan(spec("adversarial"), laboratory))
    training, noise = (run.run_id for run in sweep.plan.runs)
    file = sweep.path / "sweep.json"
    text = file.read_text().replace(training, "x").replace(noise, training).replace("x", noise)
    file.write_text(text.replace(f'"{noise}"\n   ]', f'"{training}"\n   ]'))
    with pytest.raises(EngineError, match="damaged"):
        _ = Sweep(sweep.path).plan


def test_two_sweeps_planned_at_the_same_moment_share_no_run(spec, laboratory):
    first, second = (plan(spec(seeds=tuple(range(50))), laboratory) for _ in range(2))
    assert not {run.run_id for run in first.runs} & {run.run_id for run in second.runs}
    create_sweep(first)
    with pytest.raises(EngineError, match="exists already; try again"):
        create_sweep(first)
