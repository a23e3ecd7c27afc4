"""Every kind of flaw, planted in a run that was sound."""

import pytest
import torch

from engine.analysis.differences import differences
from engine.analysis.verify import agrees, verify
from engine.errors import EngineError
from engine.runs.run import Run
from engine.runs.store import remove_run
from tests.engine.conftest import spoil_array, spoil_json


def disagreements(run, data, device):
    return {check.subject: check.words for check in verify(run, data, device) if not check.holds}


@pytest.mark.parametrize("section", ["train", "adversarial", "visualize"])
def test_a_sound_run_holds_wherever_it_lies(copied, section, few, cpu):
    checks = list(verify(copied[section], few, cpu))
    assert [check.subject for check in checks] == ["dataset", "config", "hashes", "journal",
                                                   "result"]  # fmt: skip
    assert all(check.holds for check in checks)


def test_an_accuracy_that_is_too_good(copied, few, cpu):
    def better(result):
        result["test"]["accuracy"] += 0.02

    spoil_json(copied["train"], "result.json", better)
    found = disagreements(copied["train"], few, cpu)
    assert set(found) == {"hashes", "journal", "result"}
    assert "test.accuracy" in found["result"]


def test_an_accuracy_that_is_too_good_in_the_journal_too(copied, few, cpu):
    run = copied["train"]
    accuracy = run.read_result()["test"]["accuracy"]
    for name in ("result.json", "events.jsonl"):
        path = run.path / name
        text = path.read_text().replace(f'"accuracy":{accuracy}', '"accuracy":0.999')
        path.write_text(text.replace(f'"accuracy": {accuracy}', '"accuracy": 0.999'))
    assert set(disagreements(run, few, cpu)) == {"hashes", "result"}


def test_weights_of_another_training(copied, few, cpu):
    run = copied["train"]
    state = torch.load(run.path / "weights.pt", weights_only=True)
    torch.save({name: value * 0.5 for name, value in state.items()}, run.path / "weights.pt")
    found = disagreements(run, few, cpu)
    assert "hashes" in found
    assert "weights.pt" in found["hashes"]


def test_success_that_was_never_reached(copied, few, cpu):
    def better(result):
        result["targets"][1]["success"]["rate"] = 1.0

    spoil_json(copied["adversarial"], "result.json", better)
    found = disagreements(copied["adversarial"], few, cpu)
    assert "targets[1].success.rate" in found["result"]


def test_another_noise(copied, few, cpu):
    spoil_array(copied["adversarial"], "noise.npy")
    found = disagreements(copied["adversarial"], few, cpu)
    assert set(found) == {"hashes", "result"}
    assert "targets[0]" in found["result"]


def test_other_images(copied, few, cpu):
    spoil_array(copied["visualize"], "images.npy")
    found = disagreements(copied["visualize"], few, cpu)
    assert set(found) == {"hashes", "result"}
    assert "neurons[0].activation_end" in found["result"]


def test_a_config_that_was_changed_afterwards(copied, few, cpu):
    def other(info):
        info["config"]["seed"] = 5

    spoil_json(copied["train"], "run.json", other)
    found = disagreements(copied["train"], few, cpu)
    assert {"config", "hashes"} <= set(found)
    assert "seed" in found["config"]


def test_other_data(copied, digits, cpu):
    found = disagreements(copied["train"], digits, cpu)
    assert "train is 60 in run.json" in found["dataset"]


def test_data_of_the_same_size_but_other_content(copied, few, cpu):
    def other(info):
        info["dataset"]["sha256"] = "0" * 64

    spoil_json(copied["train"], "run.json", other)
    assert "sha256" in disagreements(copied["train"], few, cpu)["dataset"]


@pytest.mark.parametrize(
    ("section", "name"),
    [("train", "weights.pt"), ("adversarial", "noise.npy"), ("visualize", "images.npy")],
)
@pytest.mark.parametrize("content", [None, b"", b"nonsense"])
def test_files_that_are_lost_or_damaged(copied, section, name, content, few, cpu):
    path = copied[section].path / name
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    found = disagreements(copied[section], few, cpu)
    assert set(found) == {"hashes", "result"}
    assert name in found["result"]


def other_run(run):
    """The run whose network another one was asked about too."""
    return Run(run.path.parent / run.read_config().other_runs["baseline"])


@pytest.mark.parametrize("section", ["adversarial", "visualize"])
def test_a_removed_network_of_another_model_is_said_and_the_rest_is_checked(
    copied, section, few, cpu
):
    run = copied[section]
    other = other_run(run)
    remove_run(other)
    checks = list(verify(run, few, cpu))
    assert agrees(checks)
    assert {check.subject: check.holds for check in checks} == {
        "dataset": True, "config": True, "hashes": True, "journal": True, "on baseline": None,
        "result": True,
    }  # fmt: skip
    [words] = [check.words for check in checks if check.holds is None]
    assert words == f"cannot be checked: the network of run {other.id} is gone"

    def better(result):
        for one in result.get("targets", ()):
            one["success"]["rate"] = 0.123
        for one in result.get("neurons", ()):
            one["percentile"] = 0.123

    spoil_json(run, "result.json", better)
    assert not agrees(list(verify(run, few, cpu)))
    assert set(disagreements(run, few, cpu)) == {"hashes", "journal", "on baseline", "result"}


@pytest.mark.parametrize("section", ["adversarial", "visualize"])
def test_a_removed_network_leaves_nothing_to_check_the_result_by(copied, section, few, cpu):
    run = copied[section]
    remove_run(copied["train"])
    *sound, last = verify(run, few, cpu)
    assert all(check.holds for check in sound)
    assert (last.subject, last.holds) == ("result", None)
    assert last.words.startswith(f"cannot be checked: The network of run {copied['train'].id}")
    assert not agrees([*sound, last])


def test_only_what_has_finished_can_be_verified(copied, few, cpu):
    copied["train"].update(status="stopped")
    with pytest.raises(EngineError, match="only a finished one"):
        list(verify(copied["train"], few, cpu))


def test_differences_say_where():
    a = {"x": [1, {"y": 0.5}], "same": 1.0, "gone": None}
    b = {"x": [1, {"y": 0.6}], "same": 1.0 + 1e-9}
    assert list(differences(a, b)) == [("x[1].y", 0.5, 0.6)]
    assert list(differences([1], [1, 2])) == [("", [1], [1, 2])]
    assert list(differences(True, 1.5)) == [("", True, 1.5)]
    assert list(differences(None, 1.5)) == [("", None, 1.5)]


def test_a_stopped_run_is_refused_for_what_it_is(copied, few, cpu):
    run = copied["train"]
    run.update(status="stopped")
    (run.path / "result.json").unlink()
    with pytest.raises(EngineError, match="is stopped; only a finished one can be verified"):
        list(verify(run, few, cpu))


@pytest.mark.parametrize("section", ["train", "adversarial", "visualize"])
def test_every_hash_must_be_there(copied, section, few, cpu):
    run = copied[section]
    for name in run.read_info()["sha256"]:
        sound = (run.path / "run.json").read_bytes()
        spoil_json(run, "run.json", lambda info, name=name: info["sha256"].pop(name))
        assert disagreements(run, few, cpu) == {"hashes": f"run.json has no hash of {name}"}
        (run.path / "run.json").write_bytes(sound)
    spoil_json(run, "run.json", lambda info: info.pop("sha256"))
    assert "events.jsonl" in disagreements(run, few, cpu)["hashes"]


def test_nothing_comes_after_the_end(copied, few, cpu):
    run = copied["train"]
    journal = run.path / "events.jsonl"
    last = journal.read_bytes().splitlines(keepends=True)[-1]
    with journal.open("ab") as file:
        file.write(last)
    run.update(sha256=run.hashes(run.read_info()["sha256"]))
    assert disagreements(run, few, cpu) == {
        "journal": "1 line is after the end of events.jsonl"
    }  # fmt: skip


def test_a_run_of_the_first_version_is_checked_for_what_it_has(copied, few, cpu):
    run = copied["train"]

    def older(info):
        info["schema"] = 1
        info["sha256"] = {name: info["sha256"][name] for name in ("config", "weights.pt")}

    spoil_json(run, "run.json", older)
    checks = list(verify(run, few, cpu))
    assert agrees(checks)
    [words] = [check.words for check in checks if check.holds is None]
    assert words.startswith("unproven (0.1)")


def test_a_schema_of_nobody_s_is_damage(copied, few, cpu):
    spoil_json(copied["train"], "run.json", lambda info: info.update(schema=99))
    with pytest.raises(EngineError, match=r"run\.json is damaged \(schema"):
        list(verify(copied["train"], few, cpu))


@pytest.mark.parametrize(("name", "value"), [("activation_start", -9.0), ("restarts", 41)])
def test_where_an_ascent_began_is_computed_again(copied, name, value, few, cpu):
    run = copied["visualize"]

    def change(result):
        result["neurons"][1][name] = value

    spoil_json(run, "result.json", change)
    assert f"neurons[1].{name}" in disagreements(run, few, cpu)["result"]


def elsewhere(run):
    """Say that the run was made on another device."""
    info = run.read_info()
    environment = info["environment"] | {"device_name": "Another One"}
    run.update(environment=environment, environments=[environment])


def read_otherwise(results, images):
    """Change results as so many wrong answers more would."""
    results["test"]["accuracy"] -= images / results["test"]["n"]
    place = max(range(10), key=lambda digit: results["confusion"][digit][digit])
    results["confusion"][place][place] -= images
    results["confusion"][place][place - 1] += images


@pytest.mark.parametrize(("there", "images", "holds"), [
    (False, 0, True), (False, 1, False), (True, 0, True), (True, 1, True),
    (True, 3, False),
])  # fmt: skip
def test_a_borderline_image_differs_on_another_device_only(copied, few, cpu, there, images, holds):
    run = copied["train"]
    spoil_json(run, "result.json", lambda results: read_otherwise(results, images))
    if there:
        elsewhere(run)
    [check] = [check for check in verify(run, few, cpu) if check.subject == "result"]
    assert check.holds is holds
    assert ("on the border" in check.words) == (there and holds and images != 0)


@pytest.mark.parametrize("path", [("samples", 0, "label"), ("parameters",)])
def test_other_results_must_be_the_same_on_another_device_too(copied, few, cpu, path):
    run = copied["train"]

    def change(results):
        for name in path[:-1]:
            results = results[name]
        value = results[path[-1]]
        results[path[-1]] = (value + 1) % 10

    spoil_json(run, "result.json", change)
    elsewhere(run)
    assert "result" in disagreements(run, few, cpu)
