"""What run.json, result.json and a queue must hold, and what becomes of a run whose do not."""

import json
import shutil

import pytest

from engine.errors import EngineError
from engine.files.reader import DamagedFile
from engine.report.choose import choose
from engine.runs.queue import from_json as queue_from_json
from engine.runs.run import Run
from engine.runs.schema import check_queue
from engine.runs.store import finished_runs, list_runs
from engine.runs.summary import summarize
from tests.conftest import run_values, train_config
from tests.engine.conftest import spoil_json


@pytest.fixture
def run(tmp_path):
    """A run whose run.json is sound."""
    folder = tmp_path / "20260102-030405-000-train-baseline"
    folder.mkdir()
    found = Run(folder)
    found.write_json("run.json", run_values(train_config()))
    return found


def put(run, path, value):
    """Change one field of run.json."""

    def change(values):
        for key in path[:-1]:
            values = values[key]
        values[path[-1]] = value

    spoil_json(run, "run.json", change)


DAMAGED = [
    (["schema"], 3), (["schema"], "1"), (["status"], []), (["status"], "[/]"), (["status"], None),
    (["section"], "x"), (["section"], ["train"]), (["run_id"], "../x"), (["run_id"], ""),
    (["config"], []), (["config"], {}), (["config", "model"], "lenet"), (["config", "seed"], "1"),
    (["config", "seed"], True), (["config", "epochs"], None), (["config", "recipe"], []),
    (["config", "dataset"], "auto"), (["dataset"], None), (["dataset", "name"], 3),
    (["dataset", "sha256"], "x"), (["dataset", "sha256"], "A" * 64), (["dataset", "test"], -1),
    (["dataset", "classes"], ["one"]), (["dataset", "classes"], ["0", ""]),
    (["dataset", "classes"], ["0", "x" * 41]), (["dataset", "classes"], "01"),
    (["dataset", "classes"], [0, 1]), (["dataset", "classes"], ["x"] * 101),
    (["dataset", "classes"], list("012345678")), (["config", "classes"], 9),
    (["dataset", "image"], [29, 29]), (["dataset", "image"], [28]),
    (["dataset", "image"], [28, 7]), (["dataset", "image"], [65, 64]),
    (["dataset", "test"], 1.5), (["dataset", "test"], 10**30), (["environment"], []),
    (["environment", "versions"], {"a": 1}), (["environment", "device"], None),
    (["environment", "device"], "x" * 5000),
    (["environments"], []), (["environments"], [{}]), (["command"], None), (["message"], ["x"]),
    (["companions"], ["../other"]), (["companions"], [".."]), (["companions"], "x"),
    (["companions"], ["a/b"]), (["companions"], ["x" * 300]), (["started_at"], None),
    (["started_at"], 3), (["started_at"], "yesterday"), (["started_at"], "2026-01-02T03:04:05"),
    (["finished_at"], -1), (["sha256"], []), (["sha256"], {"../outside": "0" * 64}),
    (["sha256"], {"/absolute": "0" * 64}), (["sha256"], {"run.json": "0" * 64}),
    (["sha256"], {"weights.pt": "x"}), (["sha256"], {"weights.pt": None}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value"), DAMAGED)
def test_a_run_json_that_is_none_is_one_clear_line(run, path, value):
    put(run, path, value)
    with pytest.raises(DamagedFile, match=r"run\.json is damaged \(") as told:
        _ = run.read_info()
    assert str(run.path / "run.json") in str(told.value)
    assert "\n" not in str(told.value)
    assert path[0] in told.value.why
    assert run.find_damage() == str(told.value)
    assert summarize(run).status == "damaged"
    assert list(finished_runs(run.path.parent)) == []


@pytest.mark.parametrize(
    "gone", ["schema", "run_id", "section", "status", "config", "dataset", "environment", "command",
             "started_at", "finished_at"],
)  # fmt: skip
def test_what_every_run_has_must_be_there(run, gone):
    spoil_json(run, "run.json", lambda values: values.pop(gone))
    with pytest.raises(DamagedFile, match=gone):
        _ = run.read_info()


def test_runs_of_the_first_version_are_sound(run):
    """They had neither of these fields."""

    def change(values):
        for name in ("companions", "message", "environments", "sha256"):
            values.pop(name, None)
        for name in ("data_found", "deterministic", "no_cuda_graphs", "offline"):
            values["config"].pop(name)
        for name in ("classes", "image"):
            values["dataset"].pop(name)

    spoil_json(run, "run.json", change)
    assert run.find_damage() == ""
    assert run.read_config().deterministic is False


def test_what_a_later_version_added_survives_a_change(run):
    put(run, ["schema"], 2)
    put(run, ["new"], {"deep": [1, {"x": None}]})
    put(run, ["config", "new"], 3)
    run.update(status="stopped")
    info = run.read_info()
    assert (info["status"], info["new"], info["config"]["new"]) == (
        "stopped", {"deep": [1, {"x": None}]}, 3
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["[", "[]", "\xff", "[" * 9000, '{"a":' * 9000, "", "NaN"])
def test_one_damaged_run_never_hides_the_others(runs, tmp_path, kind):
    folder = tmp_path / "artifacts"
    shutil.copytree(runs["train"].path.parent, folder)
    names = [run.id for run in list_runs(folder)]
    victim = Run(folder / names[1])
    (victim.path / "run.json").write_bytes(kind.encode("latin1"))
    found = [summarize(run) for run in list_runs(folder)]
    assert [one.run for one in found] == names
    assert [one.run for one in found if one.status == "damaged"] == [victim.id]
    assert len(list(finished_runs(folder))) == len(names) - 1
    assert choose(folder, [])


RESULTS = {
    "train": [
        (["model"], "x"), (["parameters"], 0), (["test"], {}), (["test", "accuracy"], 1.5),
        (["test", "accuracy"], None), (["test", "n"], 0), (["test", "loss"], "x"),
        (["samples"], []), (["samples", 0, "label"], 10), (["samples", 0, "prediction"], None),
        (["confusion"], [[1]]), (["confusion", 0, 0], -1), (["confusion", 3], [1] * 11),
        (["seconds"], None), (["seconds"], -1), (["images_per_second"], "fast"),
    ],
    "adversarial": [
        (["targets"], []), (["targets", 0, "label"], 2), (["targets", 0, "success", "rate"], None),
        (["targets", 0, "by_source"], [0.5] * 9), (["targets", 0, "by_source"], [None] * 10),
        (["targets", 0, "transfer"], {}), (["transfer_runs"], {}), (["model_run"], "../x"),
        (["targets", 0, "distortion", "l2"], -1), (["targets", 0, "epsilon"], "x"),
        (["transfer_runs", "baseline"], "a/b"),
    ],
    "visualize": [
        (["neurons"], []), (["neurons", 0, "index"], 1), (["neurons", 0, "layer"], "pool9"),
        (["neurons", 0, "percentile"], None), (["neurons", 0, "dead"], 0),
        (["neurons", 0, "read_as"], {}), (["neurons", 0, "top_test_images"], [1] * 8),
        (["neurons", 0, "activation_end"], "x"), (["neurons", 0, "restarts"], -1),
        (["neurons", 0, "position"], [1]),
    ],
}  # fmt: skip


@pytest.mark.parametrize("section", RESULTS)
def test_a_result_that_is_none_is_one_clear_line(copied, section):
    run = copied[section]
    sound = (run.path / "result.json").read_bytes()
    assert run.find_damage() == ""
    for path, value in RESULTS[section]:
        values = json.loads(sound)
        place = values
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
        (run.path / "result.json").write_text(json.dumps(values))
        with pytest.raises(DamagedFile, match=r"result\.json is damaged"):
            _ = Run(run.path).read_result()
        assert summarize(Run(run.path)).status == "damaged", (path, value)
    (run.path / "result.json").write_bytes(sound)
    assert summarize(run).status == "finished"


def test_figures_that_were_not_finite_are_null_and_sound(copied, few, cpu):
    from engine.figures import draw_figures

    def change(values):
        for neuron in values["neurons"]:
            neuron |= dict.fromkeys(("activation_start", "activation_end", "activation_clamped"))

    run = copied["visualize"]
    spoil_json(run, "result.json", change)
    journal = (run.path / "events.jsonl").read_text().splitlines()
    last = json.loads(journal[-1])
    change(last["figures"])
    (run.path / "events.jsonl").write_text("\n".join([*journal[:-1], json.dumps(last)]) + "\n")
    assert run.find_damage() == ""
    assert len(list(draw_figures(run))) == 3


@pytest.mark.parametrize(
    "text",
    ["{}", "[[]]", '[{"command": 1, "runs": [], "configs": []}]',
     '[{"command": "a", "runs": ["../x"], "configs": []}]',
     '[{"command": "a", "runs": [], "configs": [{}]}]',
     '[{"command": "a", "runs": [], "configs": [{"section": []}]}]',
     '[{"command": "a", "runs": [], "configs": [{"section": "x"}]}]',
     '[{"command": "a", "runs": [], "configs": [3]}]',
     '[{"command": "a", "runs": [], "configs": [{"section": "train", "seed": "1"}]}]',
     "[" * 9000, "NaN"],
)  # fmt: skip
def test_a_queue_that_is_none_is_a_value_error(text):
    with pytest.raises(ValueError, match=r"."):
        queue_from_json(text)


def test_a_queue_may_leave_open_what_is_resolved_when_it_begins():
    [[config]] = check_queue(
        [{"command": "a", "runs": [], "configs": [{"section": "adversarial"}], "new": 1}]
    )
    assert config.run is None


def test_networks_are_taken_from_runs_in_this_folder_alone(copied, few, cpu, tmp_path):
    """An id that leads elsewhere is damage, not a path."""
    shutil.copytree(copied["train"].path, tmp_path / "elsewhere")
    run = copied["adversarial"]
    for run_id in ("../../elsewhere", str(tmp_path / "elsewhere"), ".."):
        for change in ({"run": run_id}, {"other_runs": {"baseline": run_id}}):
            sound = (run.path / "run.json").read_bytes()
            spoil_json(run, "run.json", lambda values, c=change: values["config"].update(c))
            with pytest.raises(EngineError, match="must be ids of runs"):
                _ = run.read_config()
            (run.path / "run.json").write_bytes(sound)
