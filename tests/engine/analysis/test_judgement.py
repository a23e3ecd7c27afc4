"""What a comparison of runs comes to, from their directories."""

import json
import math
import random

import numpy as np
import pytest

from engine.analysis.compare import compare
from engine.analysis.judgement import judge, judged_json
from engine.analysis.statistics import paired
from engine.errors import EngineError
from engine.runs.events import Finished
from engine.runs.run import Run
from engine.runs.store import remove_run
from engine.sections.adversarial.config import AdversarialConfig
from tests.conftest import train_config
from tests.tui import example_runs as examples
from tui.comparison import seed_tables, verdict_lines

RATES = {"baseline": [0.95, 0.96, 0.94], "two-conv": [0.97, 0.985, 0.965]}


def train(folder, number, model, rate, seed, status="finished", **options):
    config = train_config(model=model, seed=seed, **options)
    events = [Finished(step=400, results=examples.train_figures(model, rate))]
    return Run(examples_path(folder, number, config, events[: status == "finished"], status))


def examples_path(folder, number, config, events, status="finished"):
    return folder / examples.write_run(folder, number, config, events, status)


def trainings(folder):
    """Three seeds of each of two networks."""
    return [
        train(folder, 10 * place + seed, model, rate, seed)
        for place, (model, rates) in enumerate(RATES.items())
        for seed, rate in enumerate(rates)
    ]


def noises(folder, number, seed, rates, model_run="a network", **options):
    """Noises with a success for each label."""
    config = AdversarialConfig(
        run=model_run, artifacts=str(folder), labels=tuple(rates), seed=seed, **options
    ).resolve(**examples.FOUND, model="two-conv-fc", other_runs={})
    targets = [
        {"label": label, "epsilon": None, "by_source": [None if d == label else rate
                                                        for d in range(10)],
         "success": {"rate": rate, "low": 0.0, "high": 1.0, "n": 240},
         "distortion": {"linf": 0.8, "l2": 6.0, "effective_linf": 0.8, "effective_l2": 5.0},
         "random_noise_success": 0.01, "transfer": {}}
        for label, rate in rates.items()
    ]  # fmt: skip
    figures = {"model_run": model_run, "transfer_runs": {}, "model": "two-conv-fc",
               "clean_accuracy": 0.95, "targets": targets}  # fmt: skip
    return Run(examples_path(folder, number, config, [Finished(step=100, results=figures)]))


def sentences(runs):
    return [verdict.sentence() for verdict in judge(compare(runs)).verdicts]


def test_settings_over_their_seeds_and_the_difference_between_them(tmp_path):
    found = judge(compare(trainings(tmp_path)))
    assert (found.metric, found.points, found.reason) == ("test_accuracy", True, "")
    assert [group.label for group in found.groups] == ["two-conv", "baseline"]
    better, worse = found.spreads
    assert better.mean == pytest.approx(np.mean(RATES["two-conv"]))
    assert (worse.n, worse.best, worse.worst) == (3, 1, 2)
    expected = paired(RATES["two-conv"], RATES["baseline"])
    [verdict] = found.verdicts
    assert (verdict.p, verdict.low) == (expected.p, expected.low)
    assert verdict.sentence() == (
        "two-conv is better than baseline by 2.33 points (95 % 1.62 to 3.05, 3 seeds, p = 0.005)"
    )


def test_the_order_of_the_runs_does_not_matter(tmp_path):
    runs = trainings(tmp_path)
    expected = judged_json(compare(runs))
    for _ in range(3):
        random.shuffle(runs)
        assert judged_json(compare(runs)) == expected


def test_json_adds_and_takes_nothing_away(tmp_path):
    told = judged_json(compare([*trainings(tmp_path), train(tmp_path, 40, "two-conv-fc", 0.9, 0)]))
    json.dumps(told, allow_nan=False)
    assert told["ranked_by"] == "test_accuracy"
    assert {"section", "differing", "networks", "datasets", "runs", "groups"} <= told.keys()
    assert told["groups"][0]["name"] == "two-conv, seeds 0, 1, 2"
    assert told["groups"][0]["label"] == "two-conv"
    assert told["groups"][0]["seeds"] | {"deviation": 0} == {
        "n": 3, "missing": 0, "mean": pytest.approx(0.97333, abs=1e-5), "deviation": 0,
        "low": pytest.approx(0.94748, abs=1e-5), "high": pytest.approx(0.99919, abs=1e-5),
        "best": 1, "worst": 2,
    }  # fmt: skip
    assert told["groups"][-1]["seeds"]["deviation"] is None
    assert len(told["verdicts"]) == 3
    assert told["verdicts"][0]["sentence"].startswith("two-conv is better than baseline by 2.33")
    assert told["verdicts"][1]["reason"].startswith("one seed is too few to tell what is luck")


def test_a_run_that_is_there_twice_counts_once(tmp_path):
    runs = trainings(tmp_path)
    expected = sentences(runs)
    twice = [train(tmp_path, 40 + n, "two-conv", rate, 1) for n, rate in enumerate((0.98, 0.99))]
    assert sentences([*runs, *twice]) == expected
    assert judge(compare([*runs, *twice])).spreads[0].n == 3
    stopped = train(tmp_path, 43, "two-conv", 0, 1, "stopped")
    assert sentences([*runs, *twice, stopped]) == expected


def test_runs_without_a_result_are_counted_as_such(tmp_path):
    runs = [*trainings(tmp_path), train(tmp_path, 40, "two-conv", 0, 7, "failed")]
    found = judge(compare([*runs, train(tmp_path, 41, "two-conv-fc", 0, 0, "stopped")]))
    assert (found.spreads[0].n, found.spreads[0].missing) == (3, 1)
    assert len(found.verdicts) == 1  # what has no result at all is not mentioned
    assert "3 seeds" in found.verdicts[0].sentence()


def test_different_images_are_never_compared(tmp_path):
    runs = trainings(tmp_path)
    for run in runs[3:]:
        run.update(dataset=run.read_info()["dataset"] | {"sha256": "1" * 64})
    assert judge(compare(runs)).verdicts == []
    for run in runs[:3]:
        run.update(dataset=run.read_info()["dataset"] | {"name": "a copy", "sha256": "1" * 64})
    assert len(judge(compare(runs)).verdicts) == 1  # the same images by another name


def test_the_best_on_average_comes_first(tmp_path):
    lucky = [train(tmp_path, 30 + n, "two-conv-fc", rate, n) for n, rate in enumerate((1, 0.5, 0))]
    stopped = train(tmp_path, 40, "two-conv", 0, 0, "stopped", learning_rate=0.3)
    comparison = compare([*trainings(tmp_path), *lucky, stopped])
    found = judge(comparison)
    assert found.groups[0].label.startswith("two-conv-fc")
    assert [found.groups[place].label.split(",")[0] for place in found.ranked] == [
        "two-conv", "baseline", "two-conv-fc", "two-conv",
    ]  # fmt: skip
    (_, over_seeds), (_, others) = seed_tables(comparison, found)
    for table in (over_seeds, others):
        assert [cell.split(",")[0] for cell in table.columns[0].cells] == [
            "two-conv", "baseline", "two-conv-fc", "two-conv",
        ]  # fmt: skip
    cells = [list(column.cells) for column in over_seeds.columns[1:]]
    assert [column[0] for column in cells] == [
        "3", "97.33%", "1.04%", "94.75–99.92", "98.50% (1)", "96.50% (2)",
    ]  # fmt: skip
    assert [column[-1] for column in cells] == ["0 of 1", "–", "–", "–", "–", "–"]


def test_one_setting_has_nothing_to_be_compared_with(tmp_path):
    found = judge(compare(trainings(tmp_path)[:3]))
    assert (len(found.groups), found.groups[0].label, found.verdicts) == (1, "", [])
    assert verdict_lines(found, 80) == []


def test_noises_are_compared_by_the_targets_that_both_have(tmp_path):
    all_rates, some = {1: 0.9, 2: 0.5, 3: 0.7}, {2: 0.6, 3: 0.8, 9: 0.0}
    runs = []
    for seed in range(3):
        shift = seed / 100
        first, second = ({k: v + shift for k, v in rates.items()} for rates in (all_rates, some))
        second[2] += seed / 200
        runs += [noises(tmp_path, seed, seed, first), noises(tmp_path, 10 + seed, seed, second)]
    [verdict] = judge(compare(runs)).verdicts
    assert verdict.better.startswith("labels 2 3 9")
    assert verdict.difference == pytest.approx(0.1025)
    assert verdict.n == 3


def test_a_single_noise_each_says_nothing(tmp_path):
    runs = [noises(tmp_path, n, 0, {1: rate}, epsilon=rate) for n, rate in enumerate((0.2, 0.3))]
    assert sentences(runs)[0].endswith(": one seed is too few to tell what is luck")


def networks(folder, *seeds):
    return [train(folder, 50 + seed, "two-conv-fc", 0.9, seed) for seed in seeds]


def test_noises_against_several_networks_are_as_many_as_the_networks(tmp_path):
    runs = []
    for place, network in enumerate(networks(tmp_path, 1, 2, 3)):
        for seed in range(3):
            for epsilon in (0.2, 0.3):
                rate = epsilon + place / 10 + seed / 50 + (place * epsilon) / 10
                runs.append(noises(tmp_path, len(runs), seed, {1: rate}, network.id,
                                   epsilon=epsilon))  # fmt: skip
    found = judge(compare(runs))
    assert [one.n for one in found.spreads] == [3, 3]
    assert found.spreads[0].best == 3  # the seed of a network
    assert found.verdicts[0].n == 3
    against_one = [noises(tmp_path, 30 + seed, seed, {1: 0.5}, runs[0].read_config().run,
                          epsilon=0.5) for seed in range(3)]  # fmt: skip
    found = judge(compare([*runs, *against_one]))
    assert sorted(one.n for one in found.spreads) == [1, 3, 3]
    one_network = judge(compare(runs[:6]))
    assert one_network.spreads[0].best == 2  # the seed of a noise
    assert one_network.verdicts[0].n == 3
    for run in list(tmp_path.glob("*-train-*")):
        remove_run(Run(run))
    assert all(math.isfinite(one.mean) for one in judge(compare(runs)).spreads)


def test_settings_that_differ_in_their_networks_alone_have_different_names(tmp_path):
    tuned, other = (
        train(tmp_path, 50 + n, "two-conv-fc", 0.9, 0, recipe=recipe)
        for n, recipe in enumerate(("tuned", "assignment"))
    )
    runs = [
        noises(tmp_path, 0, 0, {1: 0.9}, tuned.id, recipe="tuned"),
        noises(tmp_path, 1, 0, {1: 0.8}, other.id, recipe="tuned"),
        noises(tmp_path, 2, 0, {1: 0.7}, tuned.id, recipe="assignment"),
    ]
    comparison = compare(runs)
    first, second, _ = (comparison.label_of(group) for group in comparison.groups)
    assert first.startswith("tuned, network recipe tuned")
    assert second.startswith("tuned, network recipe assignment")


def test_neurons_are_no_contest(tmp_path, digits):
    runs = [Run(tmp_path / examples.visualized(tmp_path, digits, n, "a network")) for n in (1, 2)]
    runs[1].update(config=runs[1].read_info()["config"] | {"steps": 39})
    found = judge(compare(runs))
    assert found.verdicts == []
    [line] = verdict_lines(found, 200)
    assert line.plain.startswith("No setting is called better: how far neurons can be excited")
    assert judged_json(compare(runs))["no_verdicts"] == found.reason


def test_two_networks_are_compared_by_their_answers_or_not_at_all(tmp_path, digits):
    runs = [
        Run(tmp_path / examples.trained(tmp_path, digits, n, model, 0.95))
        for n, model in enumerate(("baseline", "two-conv"))
    ]
    assert sentences(runs) == [
        "no difference between baseline and two-conv can be told: 0.00 points (357 images, "
        "p = 1.00); with one seed each, it is about these two networks alone"
    ]
    (runs[0].path / "answers.npz").write_bytes(b"damaged")
    assert "one seed is too few to tell what is luck, and there is no sound" in sentences(runs)[0]
    with pytest.raises(EngineError):
        compare([runs[0], runs[0]])


def test_verdicts_are_lines_that_fit(tmp_path):
    runs = trainings(tmp_path)
    for n, rate in enumerate((0.1, 0.2)):
        runs.append(train(tmp_path, 30 + n, "two-conv-fc", 0.9, 20 + n, learning_rate=rate))
    found = judge(compare(runs))
    wide = [line.plain for line in verdict_lines(found, 500)]
    assert wide == [
        "Differences in test accuracy",
        f"✓ {found.verdicts[0].sentence()}",
        "· 4 pairs cannot be compared: they share no seed, and one of them has a single run",
        f"· {found.verdicts[-1].sentence()}",
    ]
    narrow = verdict_lines(found, 40)
    assert all(line.cell_len <= 40 for line in narrow)
    assert "".join(line.plain for line in narrow).replace(" ", "") == "".join(wide).replace(" ", "")
    [first, *_], cut = verdict_lines(found, 500, most=0), verdict_lines(found, 500, most=0)
    assert first.plain == "Differences in test accuracy"
    assert cut[1].plain == "· and 1 more: mnist-tui compare --json has all"
