import errno
import json
import multiprocessing
from pathlib import Path

import numpy as np
import pytest

from engine.errors import EngineError
from engine.files.reader import DamagedFile
from engine.files.writer import write_atomically
from engine.runs.events import Checkpoint, Failed, Progress, Started, Stopped, to_json
from engine.runs.journal import Journal
from engine.runs.lock import RunLock, is_driven
from engine.runs.run import Run
from engine.runs.store import (
    create_run,
    find_run,
    finish_removals,
    finished_runs,
    list_runs,
    remove_run,
)
from tests.conftest import run_values, started_values, train_config


def make(artifacts, name="train-baseline"):
    run = create_run(artifacts, name)
    run.write_json("run.json", run_values(train_config()))
    return run


def test_ids_are_unique_sort_by_time_and_say_what_they_are(tmp_path):
    runs = [make(tmp_path) for _ in range(20)]
    names = [run.id for run in runs]
    assert names == sorted(set(names))
    assert all(name.endswith("-train-baseline") for name in names)
    assert [run.id for run in list_runs(tmp_path)] == names[::-1]


def started():
    return Started(step=0, time=1.0, **started_values(train_config()))


def _create_many(artifacts, gate, out):
    gate.wait()
    out.put([create_run(Path(artifacts), "x").id for _ in range(30)])


@pytest.mark.extended
def test_processes_at_the_same_instant_get_directories_of_their_own(tmp_path):
    context = multiprocessing.get_context("spawn")
    gate, out = context.Barrier(3), context.Queue()
    workers = [
        context.Process(target=_create_many, args=(str(tmp_path), gate, out)) for _ in range(3)
    ]
    for worker in workers:
        worker.start()
    names = [name for _ in workers for name in out.get(timeout=60)]
    for worker in workers:
        worker.join()
    assert len(set(names)) == 90


def test_a_journal_is_lines_of_json_and_a_cut_last_line_is_tolerated(tmp_path):
    run = make(tmp_path)
    events = [
        Progress(step=step, time=1.0, series={"loss": np.array([0.5], np.float32)})
        for step in (1, 2)
    ]
    with Journal(run.path) as journal:
        journal.append(started())
        for event in events:
            journal.append(event)
    path = run.path / "events.jsonl"
    assert [json.loads(line)["step"] for line in path.read_text().splitlines()] == [0, 1, 2]
    with path.open("ab") as file:
        file.write(json.dumps(to_json(Stopped(step=3, reason="x"))).encode()[:-5])
    stored = run.events()
    assert [event.step for event in stored] == [0, 1, 2]
    assert stored.damaged == 0


def test_a_line_that_the_disk_refused_leaves_nothing_behind(tmp_path):
    run = make(tmp_path, "full")
    with Journal(run.path) as journal:
        journal.append(started())
        journal.append(Checkpoint(step=0, time=1.0))
        size = journal.size

        class Full:
            """Takes half a line, then nothing."""

            def __init__(self, file):
                self.file, self.calls = file, 0

            def write(self, content):
                self.calls += 1
                if self.calls > 1:
                    raise OSError(errno.ENOSPC, "No space left on device")
                return self.file.write(content[:5])

            def __getattr__(self, name):
                return getattr(self.file, name)

        journal._file = Full(journal._file)
        with pytest.raises(OSError, match="No space"):
            journal.append(Failed(step=0, message="lost"))
        assert journal.size == size
        journal._file = journal._file.file
        journal.append(Failed(step=0, time=1.0, message="kept"))
    assert [event.kind for event in run.events()] == ["started", "checkpoint", "failed"]


def test_what_a_killed_process_was_writing_is_cleared(tmp_path):
    run = create_run(tmp_path, "killed")
    run.write("weights.pt", b"whole")
    (run.path / "figures").mkdir()
    for name in (".weights.pt.abc.partial", "figures/.loss.png.abc.partial"):
        (run.path / name).write_bytes(b"half")
    run.clear_partial()
    assert {path.name for path in run.path.rglob("*")} == {"weights.pt", "figures"}


def test_writing_is_atomic_and_leaves_nothing_beside(tmp_path, monkeypatch):
    path = tmp_path / "result.json"
    write_atomically(path, b"old")

    def fail(*arguments, **folders):
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["result.json"]
    assert path.read_bytes() == b"old"


def test_runs_are_found_by_id_beginning_and_end(tmp_path):
    first, second = make(tmp_path, "train-baseline"), make(tmp_path, "train-two-conv")
    assert find_run(tmp_path, first.id).id == first.id
    assert find_run(tmp_path, "two-conv").id == second.id
    with pytest.raises(EngineError, match="could be"):
        find_run(tmp_path, first.id[:8])
    with pytest.raises(EngineError, match="mnist-tui runs"):
        find_run(tmp_path, "nothing")
    with pytest.raises(EngineError, match="No run ''"):
        find_run(tmp_path, "")


def test_what_is_no_run_is_not_listed(tmp_path):
    (tmp_path / "README.md").write_text("")
    (tmp_path / "folder").mkdir()
    assert list_runs(tmp_path) == list_runs(tmp_path / "absent") == []


def test_a_damaged_run_file_is_told_not_thrown(tmp_path):
    run = make(tmp_path)
    (run.path / "run.json").write_text("{")
    with pytest.raises(DamagedFile, match=r"run\.json is damaged"):
        _ = run.read_info()
    assert "run.json is damaged" in run.find_damage()
    with pytest.raises(EngineError, match=r"has no result\.json"):
        _ = run.read_result()
    assert list(Run(tmp_path / "absent").events()) == []


def test_a_config_that_is_none_is_told_not_thrown(tmp_path):
    run = make(tmp_path)
    info = run.read_info()
    for config in ({"seed": -1}, {"recipe": "none"}, {"model": ["baseline"]}, {"epochs": None}):
        run.write_json("run.json", info | {"config": info["config"] | config})
        with pytest.raises(DamagedFile, match=r"run\.json is damaged \(config: "):
            _ = run.read_config()


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EngineError, match="--artifacts"):
        create_run(tmp_path / "file", "x")


def test_a_run_is_removed_but_nothing_that_a_link_leads_to(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "thesis.txt").write_text("years of work")
    run = make(tmp_path / "artifacts")
    (run.path / "figures").mkdir()
    (run.path / "figures" / "loss.png").write_text("")
    (run.path / "link").symlink_to(outside)
    (run.path / "figures" / "link").symlink_to(outside)
    remove_run(run)
    assert list((tmp_path / "artifacts").iterdir()) == []
    assert (outside / "thesis.txt").read_text() == "years of work"


def test_a_run_that_is_a_link_or_is_driven_is_not_removed(tmp_path):
    elsewhere = make(tmp_path / "elsewhere")
    (tmp_path / "artifacts").mkdir()
    link = tmp_path / "artifacts" / elsewhere.id
    link.symlink_to(elsewhere.path)
    with pytest.raises(EngineError, match="is a link"):
        remove_run(Run(link))
    with RunLock(elsewhere.path), pytest.raises(EngineError, match="driven by another process"):
        remove_run(elsewhere)
    assert elsewhere.read_info()["section"] == "train"


def test_what_an_interrupted_removal_left_can_be_removed(tmp_path, monkeypatch):
    run = make(tmp_path)
    (run.path / "figures").mkdir()
    (run.path / "weights.pt").write_text("")

    def fail(path):
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", fail)
        with pytest.raises(EngineError, match="Input/output error"):
            remove_run(run)
    assert find_run(tmp_path, run.id).read_info()["status"] == "running"
    remove_run(run)
    assert list_runs(tmp_path) == []


def test_nobody_begins_to_drive_a_run_that_is_being_removed(tmp_path, monkeypatch):
    run, told = make(tmp_path), []
    rmdir = Path.rmdir

    def late(path):
        try:
            told.append(RunLock(run.path))
        except EngineError as error:
            told.append(str(error))
        assert list_runs(tmp_path) == []
        rmdir(path)

    monkeypatch.setattr(Path, "rmdir", late)
    remove_run(run)
    assert told == [f"Run {run.id} has been removed."]
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_removal_left_is_no_run_and_is_removed_by_the_next(tmp_path):
    left, kept = make(tmp_path), make(tmp_path)
    left.write("weights.pt", b"")
    hidden = left.path.rename(left.path.with_name(f".{left.id}.removed"))
    (tmp_path / ".git").mkdir()
    assert [run.id for run in list_runs(tmp_path)] == [kept.id]
    with RunLock(hidden):  # whose removal is still on
        assert finish_removals(tmp_path) == []
    assert finish_removals(tmp_path) == [left.id]
    assert {path.name for path in tmp_path.iterdir()} == {kept.id, ".git"}


def test_a_removal_that_is_interrupted_by_a_person_leaves_a_run(tmp_path, monkeypatch):
    run = make(tmp_path)
    (run.path / "figures").mkdir()

    def interrupt(path):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", interrupt)
        with pytest.raises(KeyboardInterrupt):
            remove_run(run)
    assert find_run(tmp_path, run.id).read_info()["status"] == "running"
    assert not is_driven(run.path)


def test_a_run_that_ends_between_two_looks_is_not_interrupted(tmp_path, monkeypatch):
    run = make(tmp_path)
    assert run.read_status() == "interrupted"

    def ends(path):
        run.update(status="finished")
        return False

    monkeypatch.setattr("engine.runs.run.is_driven", ends)
    assert run.read_status() == "finished"


def test_a_run_that_is_resumed_between_two_looks_is_not_interrupted(tmp_path, monkeypatch):
    run, looks = make(tmp_path), []

    def resumed(path):
        looks.append(path)
        if len(looks) == 1:
            run.update(status="running", environments=[run.read_info()["environment"]] * 2)
        return len(looks) > 1

    monkeypatch.setattr("engine.runs.run.is_driven", resumed)
    assert run.read_status() == "running"


def test_a_stop_that_cannot_be_asked_for_is_told(tmp_path, monkeypatch):
    def denied(*arguments, **folders):
        raise OSError(errno.EROFS, "Read-only file system")

    run = make(tmp_path)
    monkeypatch.setattr("os.replace", denied)
    with pytest.raises(EngineError, match=r"cannot be stopped from here \(Read-only file system\)"):
        run.ask_to_stop()
    assert not run.stop_asked()


def test_finished_runs_pass_over_what_is_damaged(tmp_path):
    whole = run_values(train_config(), "finished")
    good = make(tmp_path)
    good.write_json("run.json", whole)
    for spoilt in ({"config": None}, {"section": "x"}, {"status": "running"}):
        make(tmp_path).write_json("run.json", whole | spoilt)
    (make(tmp_path).path / "run.json").write_text("[")
    assert [(run.id, info) for run, info in finished_runs(tmp_path)] == [(good.id, whole)]
