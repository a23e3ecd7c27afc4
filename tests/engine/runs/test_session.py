import errno
import json
import time

import pytest
import torch

from engine.errors import EngineError
from engine.runs.control import Control
from engine.runs.events import Checkpoint, Failed, Finished, Progress, Started, Stopped, Working
from engine.runs.history import History
from engine.runs.journal import Journal
from engine.runs.session import Session
from engine.runs.store import list_runs
from tests.conftest import a_few, train_config


def drive(tmp_path, data, device, listen=lambda event: None, control=None, **options):
    config = train_config(artifacts=str(tmp_path), **options)
    session = Session(config, data, device, listen=listen, control=control, command="a command")
    return session.run()


def test_a_finished_run_leaves_what_the_contract_lists(tmp_path, few, cpu):
    heard = []
    run = drive(tmp_path, few, cpu, heard.append)
    files = {str(path.relative_to(run.path)) for path in run.path.rglob("[!.]*") if path.is_file()}
    assert files == {
        "run.json", "events.jsonl", "result.json", "weights.pt", "answers.npz", "figures/loss.png",
        "figures/accuracy.png", "figures/samples.png", "figures/confusion.png",
    }  # fmt: skip
    info = run.read_info()
    assert (info["schema"], info["run_id"], info["section"]) == (2, run.id, "train")
    assert (info["status"], info["command"]) == ("finished", "a command")
    assert info["started_at"] < info["finished_at"]
    assert info["dataset"] == few.describe()
    assert info["environment"]["versions"]["torch"] == torch.__version__
    assert info["config"]["threads"] == 1
    result = run.read_result()
    assert set(result) == {
        "model", "parameters", "test", "validation", "samples", "confusion", "seconds",
        "images_per_second",
    }  # fmt: skip
    assert result["images_per_second"] == pytest.approx(360 / result["seconds"])
    told = [event for event in heard if not isinstance(event, Working)]
    assert isinstance(told[0], Started)
    assert isinstance(told[-1], Finished)


def test_the_journal_holds_what_was_heard(tmp_path, few, cpu):
    heard = []
    run = drive(tmp_path, few, cpu, heard.append)
    assert [(e.kind, e.step, e.time) for e in run.events()] == [
        (e.kind, e.step, e.time) for e in heard if not isinstance(e, Working)
    ]
    times = [event.time for event in run.events()]
    assert times == sorted(times)
    assert all(isinstance(e.step, int) for e in heard)


def comparable(run):
    """The journal's lines that two equal runs share, times left out."""
    lines = [json.loads(line) for line in (run.path / "events.jsonl").read_text().splitlines()]
    kept = [line for line in lines if line["event"] in ("progress", "preview", "finished")]
    return [{k: v for k, v in line.items() if k != "time"} for line in kept]


def test_equal_runs_leave_equal_files(tmp_path, few, cpu):
    first, again = (drive(tmp_path, few, cpu) for _ in range(2))
    assert comparable(first) == comparable(again)
    for path in first.path.rglob("*"):
        if path.suffix in (".pt", ".png"):
            assert path.read_bytes() == (again.path / path.relative_to(first.path)).read_bytes()


def test_a_stop_acts_at_the_next_progress_and_keeps_what_was_done(tmp_path, few, cpu):
    control, heard = Control(), []

    def listen(event):
        heard.append(event)
        if isinstance(event, Progress) and event.step == 6:
            control.stop("user")

    run = drive(tmp_path, few, cpu, listen, control)
    assert run.read_info()["status"] == "stopped"
    assert [type(event) for event in heard[-2:]] == [Checkpoint, Stopped]
    assert heard[-1].step == 6
    assert heard[-1].reason == "user"
    assert torch.load(run.path / "checkpoint.pt", weights_only=True)["state"]["step"] == 6
    assert not (run.path / "result.json").exists()


@pytest.mark.extended
def test_a_pause_holds_until_resumed(tmp_path, few, cpu):
    import threading

    control, heard = Control(), []
    control.paused = True
    worker = threading.Thread(target=lambda: drive(tmp_path, few, cpu, heard.append, control))
    since = time.monotonic()
    worker.start()
    worker.join(1.0)
    assert worker.is_alive()
    assert sum(isinstance(event, Progress) for event in heard) <= 1
    control.paused = False
    worker.join(60)
    assert any(isinstance(event, Finished) for event in heard)
    [run] = list_runs(tmp_path)
    took = time.monotonic() - since
    assert run.read_result()["seconds"] < took - 0.9  # the pause is not counted


def test_a_failure_is_the_journal_s_last_word_and_told(tmp_path, few, cpu):
    heard = []
    with pytest.raises(EngineError, match="diverged"):
        drive(tmp_path, few, cpu, heard.append, learning_rate=100.0, epochs=50)
    [run] = list_runs(tmp_path)
    assert run.read_info()["status"] == "failed"
    assert "diverged" in run.read_info()["message"]
    assert isinstance(heard[-1], Failed)
    assert [event.kind for event in run.events()][-1] == "failed"


@pytest.mark.parametrize("refused", ["run.json", "events.jsonl"])
def test_a_run_that_cannot_begin_is_told_and_leaves_nothing(
    tmp_path, few, cpu, monkeypatch, refused
):
    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    if refused == "run.json":
        monkeypatch.setattr("engine.runs.run.write_atomically", full)
    else:
        monkeypatch.setattr(Journal, "append", full)
    with pytest.raises(EngineError, match=r"cannot be written \(No space left"):
        drive(tmp_path, few, cpu)
    assert not list(tmp_path.iterdir())


def test_a_checkpoint_that_fails_for_any_reason_is_no_checkpoint(tmp_path, few, cpu, monkeypatch):
    def no_memory(*arguments):
        raise MemoryError

    monkeypatch.setattr("torch.save", no_memory)
    heard = []
    with pytest.raises(EngineError, match="Not enough memory"):
        drive(tmp_path, few, cpu, heard.append, epochs=200)
    assert not any(isinstance(event, Checkpoint) for event in heard)


def test_history_gives_curves_by_step(tmp_path, few, cpu):
    run = drive(tmp_path, few, cpu, validation_interval=4)
    history = History.of(run.events())
    assert history.curves["loss"].steps.tolist() == list(range(1, 13))
    assert history.curves["validation_accuracy"].steps.tolist() == [4, 8, 12]
    assert history.finished.results["model"] == "baseline"
    assert history.images("samples").shape == (16, 28, 28)


def test_figures_that_cannot_be_drawn_lose_nothing(tmp_path, few, cpu, monkeypatch):
    def fail(run):
        raise ValueError("no font")

    monkeypatch.setattr("engine.figures.draw_figures", fail)
    run = drive(tmp_path, few, cpu)
    assert run.read_info()["status"] == "finished"
    assert "no font" in run.read_info()["message"]
    assert run.read_result()["test"]["n"] == len(few.test)
    assert (run.path / "weights.pt").is_file()


def test_what_cannot_be_removed_at_the_end_leaves_a_finished_run(tmp_path, few, cpu, monkeypatch):
    def fail(run, name):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("engine.runs.run.Run.remove", fail)
    run = drive(tmp_path, few, cpu)
    assert run.read_info()["status"] == "finished"
    assert not [event for event in run.events() if isinstance(event, Failed)]


def fails_at(kind, error, control=None):
    """A listener that raises at the first event of a kind; and what it has heard."""
    heard = []

    def listen(event):
        heard.append(event)
        if isinstance(event, kind):
            raise error

    return listen, heard


@pytest.mark.extended
@pytest.mark.parametrize(
    "error",
    a_few(
        [OSError(errno.ENOSPC, "No space left on device"), KeyError("x"), EngineError("No.")], 0, 1
    ),
)
@pytest.mark.parametrize("kind", [Started, Progress])
def test_an_error_of_who_listens_is_theirs_and_costs_the_run_nothing(
    tmp_path, few, cpu, kind, error
):
    listen, heard = fails_at(kind, error)
    with pytest.raises(EngineError) as told:
        drive(tmp_path, few, cpu, listen)
    [run] = list_runs(tmp_path)
    assert run.read_status() == "stopped"
    assert str(told.value).startswith(
        "No; run" if isinstance(error, EngineError) else
        f"What listened to the run failed ({type(error).__name__}: {error}"
    )  # fmt: skip
    assert f"`mnist-tui resume {run.id} --artifacts {tmp_path}`" in str(told.value)
    assert "The files of" not in str(told.value)
    assert isinstance(heard[-1], kind)  # and is told no more
    *_, checkpoint, stopped = run.events()
    assert isinstance(checkpoint, Checkpoint)
    assert (stopped.kind, stopped.reason) == ("stopped", "listener")
    whole = drive(tmp_path / "whole", few, cpu)
    resumed = Session(run.read_config(), few, cpu, listen=lambda event: None, resumed=run).run()
    assert comparable(resumed) == comparable(whole)


def test_an_error_of_who_listens_at_the_end_leaves_a_finished_run(tmp_path, few, cpu):
    listen, _ = fails_at(Finished, ValueError("no"))
    with pytest.raises(EngineError, match="has finished all the same"):
        drive(tmp_path, few, cpu, listen)
    [run] = list_runs(tmp_path)
    assert run.read_status() == "finished"
    assert run.read_result()["test"]["n"] == len(few.test)


def test_an_error_of_who_listens_to_a_failure_does_not_hide_it(tmp_path, few, cpu):
    listen, _ = fails_at(Failed, ValueError("no"))
    with pytest.raises(EngineError, match="diverged"):
        drive(tmp_path, few, cpu, listen, learning_rate=100.0, epochs=50)
    [run] = list_runs(tmp_path)
    assert run.read_info()["status"] == "failed"
