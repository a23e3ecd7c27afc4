import json
import math
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.analysis.compare import band, compare, to_json
from engine.errors import EngineError
from engine.runs.curves import Curve
from engine.runs.run import Run
from engine.runs.store import remove_run
from tests.conftest import train_config
from tests.tui import example_runs as examples
from tui.cli.main import invoke

curves = st.lists(
    st.dictionaries(
        st.integers(1, 30),
        st.floats(-1e6, 1e6) | st.just(math.nan) | st.just(math.inf),
        min_size=0, max_size=12,
    ),
    min_size=1, max_size=6,
)  # fmt: skip


def curve(points):
    steps = sorted(points)
    return Curve(np.array(steps, int), np.array([points[step] for step in steps], float))


@given(curves)
def test_a_band_is_mean_and_deviation_of_what_is_there(points):
    found = band([curve(one) for one in points])
    assert found.steps.tolist() == sorted(set().union(*points))
    for step, mean, deviation in zip(found.steps, found.mean, found.deviation, strict=True):
        values = [one[step] for one in points if step in one and math.isfinite(one[step])]
        if values:
            assert mean == pytest.approx(np.mean(values), abs=1e-6)
        else:
            assert math.isnan(mean)
        if len(values) > 1:
            assert deviation == pytest.approx(np.std(values, ddof=1), rel=1e-6, abs=1e-6)
        else:
            assert math.isnan(deviation)


@given(curves, st.randoms())
def test_the_order_of_runs_does_not_change_a_band(points, random):
    shuffled = list(points)
    random.shuffle(shuffled)
    a, b = (band([curve(one) for one in order]) for order in (points, shuffled))
    assert np.array_equal(a.steps, b.steps)
    assert np.allclose(a.mean, b.mean, equal_nan=True)
    assert np.allclose(a.deviation, b.deviation, equal_nan=True, atol=1e-6)


def test_no_curve_has_no_band():
    assert band([]) is None


@pytest.fixture
def folder(tmp_path, digits):
    """Two seeds of a recipe, another learning rate, a run that diverged and one that stopped."""

    def write(number, level, status="finished", last=400, diverge=None, **options):
        config = train_config(**options)
        events = list(examples.train_events(digits, last=last, level=level, diverge=diverge))
        if status == "finished":
            figures = examples.train_figures(config.model, 0.9 + level, 0.3)
            events.append(examples.Finished(step=400, results=figures))
        return Run(tmp_path / examples.write_run(tmp_path, number, config, events, status))

    return [
        write(1, 0.01, seed=1),
        write(2, 0.03, seed=2),
        write(3, 0.05, seed=1, learning_rate=0.1),
        write(4, 0.00, seed=3, learning_rate=9.0, status="failed", diverge=150),
        write(5, 0.00, seed=3, status="stopped", last=100),
    ]


def test_runs_are_ranked_and_grouped_by_all_but_their_seed(folder):
    comparison = compare(folder)
    assert [c.run.id for c in comparison.runs[:3]] == [folder[2].id, folder[1].id, folder[0].id]
    assert comparison.differing == ["seed", "learning_rate"]
    assert [len(group) for group in comparison.groups] == [1, 3, 1]
    assert comparison.name_of(comparison.groups[0]) == "learning_rate 0.1, seed 1"
    assert "seeds 1, 2, 3" in comparison.name_of(comparison.groups[1])
    band = comparison.band(comparison.groups[1], "loss")
    assert band.steps[-1] == 400
    assert np.isfinite(band.deviation).all()


@pytest.mark.extended
@given(st.randoms())
def test_the_order_in_which_runs_are_given_does_not_matter(random):
    from pathlib import Path

    runs = [Run(path) for path in sorted(Path(_folder[0]).iterdir())]
    expected = json.dumps(to_json(compare(runs)))
    random.shuffle(runs)
    assert json.dumps(to_json(compare(runs))) == expected


_folder: list = []


@pytest.fixture(autouse=True)
def shared_folder(folder, tmp_path):
    """Where the property test above finds its runs: hypothesis takes no fixture of a test."""
    _folder[:] = [tmp_path]


def test_what_is_not_there_is_null_and_ranks_last(folder):
    rows = list(compare(folder).rows())
    assert [row["rank"] for row in rows] == [1, 2, 3, 4, 5]
    assert rows[-1]["test_accuracy"] is None
    assert {row["run"] for row in rows[3:]} == {folder[3].id, folder[4].id}
    assert json.loads(json.dumps(to_json(compare(folder)), allow_nan=False))


def test_what_cannot_be_compared_is_told(folder, tmp_path, runs):
    with pytest.raises(EngineError, match="two runs or more"):
        compare([folder[0], folder[0]])
    with pytest.raises(EngineError, match="runs of one section"):
        compare([folder[0], runs["adversarial"]])


@pytest.mark.parametrize("section", ["adversarial", "visualize"])
def test_the_other_sections_are_ranked_too(copied, section, tmp_path):
    import shutil

    twin = copied[section].path.with_name("20990101-000000-000-twin")
    shutil.copytree(copied[section].path, twin)
    rows = list(compare([copied[section], Run(twin)]).rows())
    assert len(rows) == 2
    assert all(value is not None for value in rows[0].values())


@pytest.fixture
def victims(tmp_path, digits):
    """Noises against networks that differ in their seeds alone, and in their recipe too."""

    def training(number, **options):
        name = examples.trained(tmp_path, digits, number, "two-conv-fc", 0.9)
        run = Run(tmp_path / name)
        run.update(config=run.read_info()["config"] | options)
        return run

    def noise(number, victim, seed=0):
        run = Run(tmp_path / examples.crafted(tmp_path, digits, number, victim.id))
        run.update(config=run.read_info()["config"] | {"seed": seed})
        return run

    trained = [training(1, seed=1), training(2, seed=2), training(3, seed=1, recipe="tuned")]
    return trained, [noise(11 + n, victim, seed=n) for n, victim in enumerate(trained)]


def test_noises_are_one_group_where_their_networks_differ_in_seeds_alone(victims):
    _, noises = victims
    comparison = compare(noises)
    groups = {tuple(sorted(one.run.id for one in group)) for group in comparison.groups}
    assert groups == {(noises[0].id, noises[1].id), (noises[2].id,)}
    assert {comparison.name_of(group) for group in comparison.groups} == {
        "network recipe assignment, seeds 0, 1, network seeds 1, 2",
        "network recipe tuned, seed 2, network seed 1",
    }
    assert comparison.networks == ["seed", "recipe"]
    assert to_json(comparison)["networks"] == ["seed", "recipe"]
    rows = {row["run"]: row for row in comparison.rows()}
    assert rows[noises[2].id]["network_recipe"] == "tuned"
    assert rows[noises[1].id]["network_seed"] == 2
    assert rows[noises[1].id]["network"] == noises[1].read_config().run


def test_networks_that_are_gone_are_told_apart_by_their_runs(victims):
    trained, noises = victims
    for run in trained[:2]:
        remove_run(run)
    comparison = compare(noises)
    assert len(comparison.groups) == 3
    names = {comparison.name_of(group) for group in comparison.groups}
    assert f"network {trained[0].id}, which is gone, seed 0" in names
    assert len(compare(noises[:2]).groups) == 2
    assert comparison.networks == []


def test_runs_of_several_datasets_are_labelled(folder):
    assert compare(folder).warning == ""
    for run in folder[:2]:
        run.update(dataset=run.read_info()["dataset"] | {"name": "mnist", "sha256": "1" * 64})
    comparison = compare(folder)
    assert comparison.datasets == ["digits", "mnist"]
    assert comparison.warning == (
        "Runs of 2 datasets side by side (digits, mnist): not the same images"
    )
    assert "dataset" in comparison.differing
    rows = {row["run"]: row["dataset"] for row in comparison.rows()}
    assert rows[folder[0].id] == "mnist"
    assert rows[folder[2].id] == "digits"
    for group in comparison.groups:
        dataset = group[0].settings["dataset"]
        assert all(one.settings["dataset"] == dataset for one in group)
        assert dataset in comparison.name_of(group)


def test_datasets_of_one_name_are_told_apart_by_their_content(folder):
    for run, digit in zip(folder[:2], "10", strict=True):
        run.update(dataset=run.read_info()["dataset"] | {"sha256": digit * 64})
    comparison = compare(folder[:2])
    assert comparison.datasets == ["digits 00000000", "digits 11111111"]
    assert len(comparison.groups) == 2


def test_the_line_about_datasets_stands_above_the_table(folder, capsys):
    folder[0].update(
        dataset=folder[0].read_info()["dataset"] | {"name": "mnist", "sha256": "1" * 64}
    )
    artifacts = str(folder[0].path.parent)
    assert invoke(["compare", *(run.id for run in folder), "--artifacts", artifacts]) == 0
    first, second, *table = capsys.readouterr().out.splitlines()
    assert first == "5 train runs, best first"
    assert second == "Runs of 2 datasets side by side (digits, mnist): not the same images"
    assert any("dataset" in line for line in table)


def test_a_setting_that_an_earlier_version_did_not_know_is_its_default(copied, tmp_path):
    first = copied["train"]
    second = Run(shutil.copytree(first.path, first.path.with_name("20990101-000000-000-copy")))
    info = second.read_info()
    info["config"]["seed"] += 1
    del info["config"]["deterministic"]
    second.write_json("run.json", info | {"run_id": second.id})
    assert compare([first, second]).differing == ["seed"]
