import multiprocessing
import threading

import pytest

from engine.errors import EngineError
from engine.lock import RunLock, is_driven, is_driven_here


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
