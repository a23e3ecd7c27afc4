"""A run comes out again bit for bit, or it is said where it differs or why nobody can tell."""

import json

import numpy as np
import pytest

from engine.analysis.rerun import rerun
from engine.analysis.verify import agrees, verify
from engine.errors import EngineError
from engine.runs.control import Control
from engine.runs.events import Progress
from engine.runs.run import Run
from engine.runs.session import Session
from engine.sections.adversarial.config import AdversarialConfig
from engine.sections.visualize.config import VisualizeConfig
from tests.conftest import a_few, train_config
from tests.engine.conftest import spoil_array, spoil_json

SECTIONS = ["train", "adversarial", "visualize"]


def forge(run):
    """Make the hashes those of the files as they are now."""
    run.update(sha256=run.hashes(run.read_info()["sha256"]))


def change_line(run, kind, change, number=0):
    """Change a line of a journal."""
    path = run.path / "events.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    chosen = [line for line in lines if line["event"] == kind][number]
    change(chosen)
    path.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))


@pytest.mark.parametrize("section", SECTIONS)
def test_a_sound_run_comes_out_again(copied, section, few, cpu):
    told = rerun(copied[section], few, cpu)
    assert (told.verdict, told.step) == ("same", {"train": 60}.get(section, 8)), told.words
    assert told.words.startswith("all ")


@pytest.mark.extended
@pytest.mark.parametrize("recipe", a_few(["assignment", "tuned"], 0, 1))
def test_so_does_a_run_of_either_recipe_that_was_stopped_and_resumed(copied, recipe, few, cpu):
    artifacts = str(copied["train"].path.parent)
    found = {"dataset": "digits", "device": "cpu", "precision": "fp32", "threads": 1,
             "run": copied["train"].id, "model": "two-conv", "other_runs": {}}  # fmt: skip
    configs = [
        train_config(recipe=recipe, epochs=4, artifacts=artifacts),
        AdversarialConfig(recipe=recipe, steps=6, labels=(3,), artifacts=artifacts).resolve(
            **found
        ),
        VisualizeConfig(recipe=recipe, steps=12, artifacts=artifacts, layers=("logits",)).resolve(
            **found
        ),
    ]
    for config in configs:
        control = Control()

        def listen(event, control=control):
            if isinstance(event, Progress):
                control.stop("a test")

        stopped = Session(config, few, cpu, listen=listen, control=control).run()
        assert stopped.read_info()["status"] == "stopped"
        run = Session(config, few, cpu, listen=lambda event: None, resumed=stopped).run()
        told = rerun(run, few, cpu)
        assert told.verdict == "same", told.words


def test_a_faked_curve_is_seen_by_its_hash_and_when_run_again(copied, few, cpu):
    run = copied["train"]

    def lower(line):
        line["series"]["loss"][1] *= 0.9

    change_line(run, "progress", lower, number=3)
    assert not agrees(verify(run, few, cpu))
    forge(run)
    assert agrees(verify(run, few, cpu))  # which is why runs can be run again
    told = rerun(run, few, cpu)
    assert told.verdict == "different"
    assert told.words.startswith(f"step {told.step}: series.loss[1] is ")


def test_the_first_steps_may_be_enough(copied, few, cpu):
    run = copied["train"]
    told = rerun(run, few, cpu, steps=5)
    assert (told.verdict, told.step) == ("same", 6)
    assert told.words == "the first 6 of 60 steps"
    change_line(run, "progress", lambda line: line["values"].update(learning_rate=1.0), number=-1)
    assert rerun(run, few, cpu, steps=5).verdict == "same"
    assert rerun(run, few, cpu).verdict == "different"


FORGERIES = {
    "train": {
        "a preview": lambda run: change_line(
            run, "preview", lambda line: line["values"].update(prediction=[7] * 16), number=1
        ),
        "a picture": lambda run: change_line(
            run, "preview",
            lambda line: line["images"].update(base64=line["images"]["base64"][::-1]),
        ),
        "a missing line": lambda run: drop_line(run, "progress"),
        "a line twice": lambda run: double_line(run, "preview"),
        "a damaged line after the end": lambda run: (run.path / "events.jsonl").write_bytes(
            (run.path / "events.jsonl").read_bytes() + b"\0\0\n"
        ),
        "an answer": lambda run: other_answers(run),
        "the time of the result's accuracy": lambda run: both(
            run, lambda values: values["validation"].update(loss=0.001)
        ),
    },
    "adversarial": {
        "a success on the batch": lambda run: change_line(
            run, "progress", lambda line: line["series"]["success"][0].__setitem__(0, 1.0)
        ),
        "the noise": lambda run: spoil_array(run, "noise.npy"),
        "the noise that is shown": lambda run: change_line(
            run, "preview", lambda line: line["images"].update(high=0.9, low=-0.9), number=1
        ),
    },
    "visualize": {
        "a start activation": lambda run: both(
            run, lambda values: values["neurons"][0].update(activation_start=-9.0)
        ),
        "restarts": lambda run: both(
            run, lambda values: values["neurons"][2].update(restarts=41)
        ),
        "an activation": lambda run: change_line(
            run, "progress", lambda line: line["series"]["activation"][0].__setitem__(3, 99.0)
        ),
    },
}  # fmt: skip


def both(run, change):
    """Change the results in result.json and in the journal."""
    spoil_json(run, "result.json", change)
    change_line(run, "finished", lambda line: change(line["figures"]))


def drop_line(run, kind):
    path = run.path / "events.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    where = [n for n, line in enumerate(lines) if json.loads(line)["event"] == kind]
    del lines[where[len(where) // 2]]
    path.write_bytes(b"".join(lines))


def double_line(run, kind):
    path = run.path / "events.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    where = [n for n, line in enumerate(lines) if json.loads(line)["event"] == kind]
    lines.insert(where[-1], lines[where[-1]])
    path.write_bytes(b"".join(lines))


def other_answers(run):
    arrays = dict(np.load(run.path / "answers.npz"))
    arrays["prediction"][0] += 1
    np.savez(run.path / "answers.npz", **arrays)


@pytest.mark.parametrize(("section", "name"), [(s, n) for s in FORGERIES for n in FORGERIES[s]])
def test_every_forgery_is_seen_even_with_its_hashes_forged(copied, section, name, few, cpu):
    run = copied[section]
    FORGERIES[section][name](run)
    assert not agrees(verify(Run(run.path), few, cpu))
    forge(run)
    assert rerun(Run(run.path), few, cpu).verdict == "different"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda info: info["environments"][0].update(device_name="an abacus"), "device name is "),
        (lambda info: info["environments"][0].update(threads=99), "threads is 1 here, 99 in the"),
        (lambda info: info["environments"][0]["versions"].update(torch="1.0"), "torch is "),
        (lambda info: info["environments"][0]["versions"].update({"mnist-tui": "9"}), "mnist-tui"),
        (lambda info: info["dataset"].update(sha256="0" * 64), "other digits images"),
    ],
)
def test_what_cannot_be_compared_is_said(copied, change, words, few, cpu):
    run = copied["train"]
    spoil_json(run, "run.json", change)
    told = rerun(run, few, cpu)
    assert told.verdict == "not comparable"
    assert words in told.words


def test_another_python_is_no_hindrance(copied, few, cpu):
    run = copied["train"]
    spoil_json(
        run, "run.json", lambda info: info["environments"][0]["versions"].update(python="3.99")
    )
    assert rerun(run, few, cpu, steps=3).verdict == "same"


def test_without_its_network_nothing_can_be_run_again(copied, few, cpu):
    (copied["train"].path / "weights.pt").unlink()
    told = rerun(copied["adversarial"], few, cpu)
    assert told.verdict == "not comparable"
    assert "is no longer in" in told.words


def test_only_what_has_finished_can_be_run_again(copied, few, cpu):
    run = copied["train"]
    run.update(status="stopped")
    with pytest.raises(EngineError, match="is stopped; only a finished one can be rerun"):
        rerun(run, few, cpu)
