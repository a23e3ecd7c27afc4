import multiprocessing
import os
import threading

import pytest

from engine.errors import EngineError
from engine.runs.lock import RunLock, is_driven, is_driven_elsewhere, is_driven_here


def _race(folder, gate, out, done):
    from pathlib import Path

    gate.wait()
    try:
        with RunLock(Path(folder)):
            out.put("drives")
            done.wait()
    except EngineError as error:
        out.put(str(error))


def test_of_processes_that_race_for_a_run_one_drives_it(tmp_path):
    context = multiprocessing.get_context("spawn")
    gate, out, done = context.Barrier(4), context.Queue(), context.Event()
    racers = [
        context.Process(target=_race, args=(str(tmp_path), gate, out, done)) for _ in range(4)
    ]
    for racer in racers:
        racer.start()
    words = [out.get(timeout=60) for _ in racers]
    assert is_driven(tmp_path)
    assert not is_driven_here(tmp_path)
    done.set()
    for racer in racers:
        racer.join()
    assert words.count("drives") == 1
    assert sum("another process" in word for word in words) == 3
    assert not is_driven(tmp_path)


def test_whoever_only_asks_does_not_keep_one_from_driving(tmp_path):
    stop = threading.Event()
    RunLock(tmp_path).release()  # makes the file

    def ask():
        while not stop.is_set():
            is_driven(tmp_path)

    asking = [threading.Thread(target=ask) for _ in range(3)]
    for thread in asking:
        thread.start()
    try:
        for _ in range(50):
            with RunLock(tmp_path):
                assert is_driven_here(tmp_path)
    finally:
        stop.set()
        for thread in asking:
            thread.join()
    assert not is_driven_here(tmp_path)


def test_one_process_cannot_drive_a_run_twice(tmp_path):
    with RunLock(tmp_path):
        with pytest.raises(EngineError, match="mnist-tui stop"):
            RunLock(tmp_path)
        assert is_driven_here(tmp_path)


def test_whoever_takes_a_run_as_it_is_let_go_drives_it(tmp_path, monkeypatch):
    first, taken = RunLock(tmp_path), []
    close, file = os.close, first._file

    def take():
        taken.append(RunLock(tmp_path))

    other = threading.Thread(target=take)

    def close_and_wait(descriptor):
        close(descriptor)
        if descriptor == file:
            other.start()
            other.join(0.3)

    monkeypatch.setattr("engine.runs.lock.os.close", close_and_wait)
    first.release()
    other.join()
    monkeypatch.undo()
    assert is_driven_here(tmp_path)
    taken[0].release()
    assert not is_driven_here(tmp_path)


def test_this_process_never_takes_itself_for_another(tmp_path):
    stop, strangers = threading.Event(), []
    RunLock(tmp_path).release()  # makes the file

    def ask():
        while not stop.is_set():
            if is_driven_elsewhere(tmp_path):
                strangers.append("a stranger")

    asking = [threading.Thread(target=ask) for _ in range(3)]
    for thread in asking:
        thread.start()
    for _ in range(200):
        RunLock(tmp_path).release()
    stop.set()
    for thread in asking:
        thread.join()
    assert not strangers


def test_a_run_that_is_removed_while_one_waits_for_it_is_not_driven(tmp_path, monkeypatch):
    run, told, waits = tmp_path / "run", [], threading.Event()
    run.mkdir()

    def sleep(seconds):
        waits.set()
        threading.Event().wait(seconds)

    def wait():
        try:
            told.append(RunLock(run))
        except EngineError as error:
            told.append(str(error))

    held = RunLock(run)
    waiting = threading.Thread(target=wait)
    monkeypatch.setattr("engine.runs.lock.time.sleep", sleep)
    waiting.start()
    waits.wait()
    run.rename(tmp_path / "hidden")
    (tmp_path / "hidden" / ".lock").unlink()
    held.release()
    waiting.join()
    assert told == ["Run run has been removed."]
    assert not is_driven_here(run)
