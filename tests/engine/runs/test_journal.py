"""Journals that were damaged: one policy for whoever reads them whole or reads along."""

import copy
import json
import os
import random

import numpy as np
import pytest

from engine.analysis.verify import verify
from engine.errors import EngineError
from engine.files.reader import DamagedFile
from engine.runs.events import Finished, Preview, Progress, Started
from engine.runs.follow import Follower
from engine.runs.history import History
from engine.runs.run import Run
from tests.tui.example_runs import write_examples

SECTIONS = ("train", "adversarial", "visualize")


@pytest.fixture(scope="module")
def examples(tmp_path_factory, digits):
    """A finished run of each section, by section."""
    folder = tmp_path_factory.mktemp("examples")
    write_examples(folder, digits)
    return {run.read_info()["section"]: run for run in map(Run, sorted(folder.iterdir()))}


def written(run, tmp_path, lines):
    """Write a journal of these lines beside a copy of a run's run.json."""
    folder = tmp_path / run.id
    folder.mkdir(exist_ok=True)
    (folder / "run.json").write_bytes((run.path / "run.json").read_bytes())
    (folder / "events.jsonl").write_bytes(b"".join(lines))
    return Run(folder)


def read(run):
    """Return the kinds and steps of a journal's events and its damaged lines, by both readers."""
    stored, follower = run.events(), Follower(run)
    whole = [(event.kind, event.step) for event in stored]
    along = [(event.kind, event.step) for event in follower.read()]
    assert [one for one in along if one[0] != "interrupted"] == whole
    assert follower.damaged == stored.damaged
    return whole, stored.damaged


@pytest.mark.parametrize("section", SECTIONS)
def test_a_sound_journal_has_no_damaged_line(examples, runs, section):
    for run in (examples[section], runs[section]):
        count = len((run.path / "events.jsonl").read_bytes().splitlines())
        events, damaged = read(run)
        assert (len(events), damaged) == (count, 0)


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("place", [1, 2, 5, -1])
@pytest.mark.parametrize("junk", [b"\0" * 9 + b"\n", b"{}\n", b"null\n", b"[" * 9000 + b"\n"])
def test_both_readers_pass_over_a_damaged_line_and_count_it(
    examples, tmp_path, section, place, junk
):
    run = examples[section]
    lines = (run.path / "events.jsonl").read_bytes().splitlines(keepends=True)
    expected, _ = read(run)
    place %= len(lines)
    assert read(written(run, tmp_path, [*lines[:place], junk, *lines[place:]])) == (expected, 1)


@pytest.mark.parametrize("section", SECTIONS)
def test_a_cut_last_line_is_no_damage(examples, tmp_path, section):
    run = examples[section]
    lines = (run.path / "events.jsonl").read_bytes().splitlines(keepends=True)
    expected, _ = read(run)
    for cut in (lines[-1][:50], lines[-1][:-1]):
        assert read(written(run, tmp_path, [*lines[:-1], cut])) == (expected[:-1], 0)


@pytest.mark.parametrize("section", SECTIONS)
def test_a_journal_without_its_first_line_is_damaged_for_all(examples, tmp_path, section):
    run = examples[section]
    lines = (run.path / "events.jsonl").read_bytes().splitlines(keepends=True)
    run = written(run, tmp_path, lines[1:])
    with pytest.raises(DamagedFile, match=r"events\.jsonl is damaged \(its first line"):
        list(run.events())
    with pytest.raises(DamagedFile, match=r"events\.jsonl is damaged \(its first line"):
        Follower(run).read()


def test_a_journal_of_another_run_is_damaged(examples, tmp_path):
    lines = (examples["visualize"].path / "events.jsonl").read_bytes().splitlines(keepends=True)
    with pytest.raises(DamagedFile, match="of another run"):
        list(written(examples["train"], tmp_path, lines).events())


def test_a_journal_of_other_classes_is_damaged(examples, tmp_path):
    run = examples["visualize"]
    first, *others = (run.path / "events.jsonl").read_bytes().splitlines(keepends=True)
    started = json.loads(first)
    started["dataset"]["classes"] = started["dataset"].get("classes", list("0123456789"))[1:]
    lines = [json.dumps(started).encode() + b"\n", *others]
    with pytest.raises(DamagedFile, match="9 classes, and config has 10"):
        list(written(run, tmp_path, lines).events())


def test_a_second_start_is_damage(examples, tmp_path):
    run = examples["train"]
    lines = (run.path / "events.jsonl").read_bytes().splitlines(keepends=True)
    expected, _ = read(run)
    assert read(written(run, tmp_path, [*lines[:9], lines[0], *lines[9:]])) == (expected, 1)


def changed(line, path, value):
    line = copy.deepcopy(line)
    place = line
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return line


PROGRESS = {
    "train": [
        (["step"], 10**6), (["step"], -1), (["step"], 1.5), (["step"], None), (["time"], None),
        (["time"], "1"), (["time"], -1), (["time"], 1e300), (["series"], {}), (["series"], []),
        (["series", "loss"], [[1.0]] * 10), (["series", "loss"], [1.0] * 99),
        (["series", "loss"], ["1.0"] * 10), (["series", "loss"], [True] * 10),
        (["series", "loss"], [1e300] * 10), (["series", "loss"], []),
        (["series", "other"], [[1.0, 2.0]] * 10), (["values", "validation_accuracy"], 1.5),
        (["values", "validation_accuracy"], [0.5]), (["values", "penalty"], "x"),
        (["values", "x"], [[1.0]]), (["values", "loss"], 1.0), (["values"], []),
    ],
    "adversarial": [
        (["series", "loss"], [1.0]), (["series", "loss"], [[1.0] * 9]),
        (["series", "success"], [[2.0] * 10]), (["series", "success"], [[-1.0] * 10]),
        (["values", "x"], [1.0] * 9),
    ],
    "visualize": [(["series", "activation"], [[1.0] * 73] * 5), (["series", "activation"], 3)],
}  # fmt: skip

PREVIEW = {
    "train": [
        (["values", "label"], [1] * 15), (["values", "label"], [10] * 16),
        (["values", "prediction"], [None] * 16), (["values", "prediction"], ["1"] * 16),
        (["values", "probability"], [2.0] * 16), (["values", "probability"], 0.5),
        (["values"], {}), (["values"], None), (["name"], 3), (["images", "shape"], [16, 28]),
        (["images", "shape"], [-1, 28, 28]), (["images", "shape"], [8, 56, 28]),
        (["images", "shape"], [4, 28, 28]), (["images", "base64"], "x"), (["images"], 3),
        (["images", "low"], "x"), (["images", "high"], 1e300), (["images", "low"], {}),
    ],
    "adversarial": [(["values", "before"], [1] * 9), (["values", "probabilities"], [[1.0] * 10])],
    "visualize": [(["images", "shape"], [1, 28, 28])],
}  # fmt: skip


@pytest.mark.parametrize("kind", ["progress", "preview"])
@pytest.mark.parametrize("section", SECTIONS)
def test_what_a_run_of_its_kind_cannot_have_told_is_damage(examples, tmp_path, section, kind):
    run = examples[section]
    lines = (run.path / "events.jsonl").read_bytes().splitlines(keepends=True)
    values = [json.loads(line) for line in lines]
    number = next(n for n, line in enumerate(values) if line["event"] == kind)
    for path, value in {"progress": PROGRESS, "preview": PREVIEW}[kind][section]:
        spoilt = json.dumps(changed(values[number], path, value)).encode() + b"\n"
        again = written(run, tmp_path, [*lines[:number], spoilt, *lines[number + 1 :]])
        assert read(again)[1] >= 1, (path, value)


def test_steps_do_not_fall_and_no_step_is_told_twice(examples, tmp_path):
    run = examples["train"]
    lines = (run.path / "events.jsonl").read_bytes().splitlines(keepends=True)
    assert read(written(run, tmp_path, [*lines[:20], lines[5], *lines[20:]]))[1] == 1
    assert read(written(run, tmp_path, [*lines[:20], lines[19], *lines[20:]]))[1] == 1
    late = b'{"event":"checkpoint","step":0,"time":1.0}\n'  # written some steps after it was taken
    assert read(written(run, tmp_path, [*lines[:20], late, *lines[20:]]))[1] == 0


def test_a_preview_without_what_it_is_shown_on_is_of_no_use(examples, tmp_path):
    run = examples["adversarial"]
    lines = (run.path / "events.jsonl").read_bytes().splitlines(keepends=True)
    history = History.of(written(run, tmp_path, [lines[0], *lines[2:]]).events())
    assert set(history.previews) == {"test_sources"}
    run = examples["train"]
    lines = (run.path / "events.jsonl").read_bytes().splitlines(keepends=True)
    history = History.of(written(run, tmp_path, [lines[0], *lines[2:]]).events())
    assert history.previews == {}  # all others had the first one's images


def test_what_is_null_in_a_run_that_diverged_is_read_as_nan(examples, tmp_path):
    run = examples["train"]
    lines = (run.path / "events.jsonl").read_bytes().splitlines(keepends=True)
    values = [json.loads(line) for line in lines]
    for line in values:
        if line["event"] == "progress":
            line["series"]["loss"] = [None] * len(line["series"]["loss"])
            line["values"] = dict.fromkeys(line["values"])
        elif line["event"] == "preview":
            line["values"]["probability"] = [None] * 16
    run = written(run, tmp_path, [json.dumps(line).encode() + b"\n" for line in values])
    assert read(run)[1] == 0
    history = History.of(run.events())
    assert np.isnan(history.curves["loss"].values).all()


def test_names_of_a_later_version_are_let_through(examples, tmp_path):
    run = examples["adversarial"]
    lines = (run.path / "events.jsonl").read_bytes().splitlines(keepends=True)
    values = [json.loads(line) for line in lines]
    for line in values:
        line["new"] = {"a": [1]}
        if line["event"] == "progress":
            line["series"]["margin"] = line["series"]["loss"]
            line["values"] |= {"rate": 0.1, "norms": [1.0] * 10}
        elif line["event"] == "preview":
            line["values"]["more"] = [[0.5]]
    run = written(run, tmp_path, [json.dumps(line).encode() + b"\n" for line in values])
    assert read(run)[1] == 0
    assert {"margin", "rate", "norms"} < set(History.of(run.events()).curves)


def test_verify_tells_of_damaged_lines(copied, few, cpu):
    run = copied["train"]
    assert all(check.holds for check in verify(run, few, cpu))
    journal = run.path / "events.jsonl"
    first, second, *others = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([first, second, b"\0\0\n", *others]))
    wrong = [check for check in verify(run, few, cpu) if not check.holds]
    assert [check.subject for check in wrong] == ["hashes", "journal"]
    assert wrong[1].words == "1 line is damaged in events.jsonl"


def test_no_damage_of_a_line_gets_past_the_readers(examples, tmp_path):
    """Whatever a line becomes, both readers agree, and what they yield can be drawn."""
    rng = random.Random(3)
    odd = [None, True, -1, 1e308, 10**30, "x", [], {}, [None] * 20, [[1]], "2"]
    for section in SECTIONS:
        run = examples[section]
        lines = (run.path / "events.jsonl").read_bytes().splitlines(keepends=True)
        for _ in range(60):
            number = rng.randrange(1, len(lines))
            line = json.loads(lines[number])
            place = line
            while True:
                keys = list(place) if isinstance(place, dict) else range(len(place))
                key = rng.choice(keys)
                if not isinstance(place[key], (dict, list)) or not place[key] or rng.random() < 0.3:
                    break
                place = place[key]
            place[key] = rng.choice(odd)
            spoilt = json.dumps(line).encode() + b"\n"
            again = written(run, tmp_path, [*lines[:number], spoilt, *lines[number + 1 :]])
            read(again)
            for event in again.events():
                match event:
                    case Started():
                        assert event.step == 0
                    case Progress():
                        assert all(series.dtype == np.float32 for series in event.series.values())
                    case Preview():
                        assert event.images is None or event.images.shape[1:] == (28, 28)
                    case Finished():
                        assert event.results["model"]
            for curve in History.of(again.events()).curves.values():
                assert len(curve.steps) == len(curve.values)
                assert (np.diff(curve.steps) > 0).all()


def test_a_journal_that_is_no_regular_file_is_damaged(examples, tmp_path):
    run = examples["train"]
    run = written(run, tmp_path, [])
    journal = run.path / "events.jsonl"
    journal.unlink()
    os.mkfifo(journal)
    for reading in (lambda: list(run.events()), lambda: Follower(run).read()):
        with pytest.raises(EngineError, match=r"events\.jsonl is damaged"):
            reading()


def test_an_error_of_ours_is_not_called_damage(examples, monkeypatch):
    def broken(rows):
        raise AttributeError("an error of ours")

    monkeypatch.setattr("engine.runs.rules.array_of", broken)
    with pytest.raises(AttributeError, match="an error of ours"):
        list(examples["train"].events())
