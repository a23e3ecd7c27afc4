"""The index of a folder of runs: it says what the files say, and reads only what has changed."""

import json
import os
import shutil

import pytest

from engine.runs import index
from engine.runs.index import summaries
from engine.runs.lock import RunLock
from engine.runs.run import Run
from engine.runs.store import list_runs
from engine.runs.summary import summarize

LONG_AGO = 1_700_000_000


@pytest.fixture
def folder(tmp_path, runs, monkeypatch):
    """A folder of sound runs that nothing has changed lately; the index is its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "artifacts"
    shutil.copytree(runs["train"].path.parent, folder)
    age(folder)
    return folder


def age(folder):
    for path in folder.rglob("*"):
        os.utime(path, (LONG_AGO, LONG_AGO))


@pytest.fixture
def read(monkeypatch):
    """The ids of the runs whose files are read."""
    found = []

    def summarized(run):
        found.append(run.id)
        return summarize(run)

    monkeypatch.setattr(index, "summarize", summarized)
    return found


def forget():
    """As another process: what is in memory is gone."""
    index._known.clear()


def change(run, **values):
    path = run.path / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def agrees(folder):
    return summaries(folder) == [summarize(run) for run in list_runs(folder)]


def test_what_has_not_changed_is_not_read_again(folder, read):
    assert agrees(folder)
    assert read
    read.clear()
    assert agrees(folder)
    forget()
    assert agrees(folder)
    assert read == []


@pytest.mark.parametrize("known", [True, False])
def test_a_changed_run_is_read_again_and_no_other(folder, read, known):
    [first, *_] = summaries(folder)
    if not known:
        forget()
    read.clear()
    change(Run(folder / first.run), status="stopped")
    assert agrees(folder)
    assert set(read) == {first.run}
    assert summaries(folder)[0].status == "stopped"


def test_a_file_of_the_same_size_and_time_is_told_by_its_inode(folder):
    run = next(one for one in list_runs(folder) if one.read_info()["section"] == "train")
    summaries(folder)
    path = run.path / "run.json"
    before = path.read_text()
    other = path.with_name("other")
    other.write_text(before.replace('"finished"', '"stopped" ', 1))
    assert len(other.read_text()) == len(before)
    other.replace(path)
    age(folder)
    assert agrees(folder)


def test_what_was_just_written_is_read_again_until_time_tells_it_apart(folder, read):
    run = list_runs(folder)[0]
    os.utime(run.path / "run.json")
    for _ in range(2):
        read.clear()
        summaries(folder)
        assert run.id in read


def test_a_run_that_may_be_driven_is_looked_at_each_time(folder):
    run = list_runs(folder)[0]
    change(run, status="running", finished_at=None)
    age(folder)
    assert summaries(folder)[0].status == "interrupted"
    with RunLock(run.path):
        assert summaries(folder)[0].status == "running"
    assert summaries(folder)[0].status == "interrupted"


def test_a_run_is_read_again_when_its_network_changes(folder):
    noise = next(run for run in summaries(folder) if run.section == "adversarial")
    assert noise.remark == ""
    path = folder / noise.network / "result.json"
    result = json.loads(path.read_text())
    result["validation"]["accuracy"] = result["test"]["accuracy"] = 0.1
    path.write_text(json.dumps(result))
    assert agrees(folder)
    assert next(r for r in summaries(folder) if r.run == noise.run).remark == "network at chance"


def test_new_and_removed_runs(folder):
    count = len(summaries(folder))
    first = folder / summaries(folder)[-1].run
    shutil.copytree(first, folder / "20990101-000000-000-train-baseline")
    assert summaries(folder)[0].run == "20990101-000000-000-train-baseline"
    shutil.rmtree(first)
    assert len(summaries(folder)) == count
    assert agrees(folder)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b"[" * 9000, b'{"format":1}'])
def test_a_damaged_index_is_made_again(folder, read, content, tmp_path):
    summaries(folder)
    [path] = (tmp_path / "cache" / "mnist-tui" / "runs").iterdir()
    sound = path.read_bytes()
    path.write_bytes(content)
    forget()
    read.clear()
    assert agrees(folder)
    assert read
    assert path.read_bytes() == sound


def test_an_index_of_another_installation_is_made_again(folder, read, monkeypatch):
    summaries(folder)
    forget()
    read.clear()
    monkeypatch.setattr(index, "FORMAT", "another")
    assert agrees(folder)
    assert read


def test_without_a_cache_the_files_are_read(folder, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file" / "cache"))
    assert agrees(folder)


def test_folders_do_not_meet(folder, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    [first, *_] = summaries(folder)
    change(Run(other / first.run), status="stopped")
    assert summaries(folder)[0].status == "finished"
    assert summaries(other)[0].status == "stopped"


def test_a_summary_has_numbers_and_the_course_of_the_main_curve(folder):
    by_section = {run.section: run for run in summaries(folder)}
    forget()
    assert {run.section: run for run in summaries(folder)} == by_section
    train = by_section["train"]
    assert train.result == f"{train.measured['accuracy']:.2%}"
    assert train.epochs == 30
    assert train.course
    assert 0 <= by_section["adversarial"].measured["success"] <= 1
    assert by_section["visualize"].measured == {}
