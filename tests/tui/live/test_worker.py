"""The thread that does the newest job of each kind."""

import threading
import time

import pytest

from tui.live.worker import Worker


@pytest.fixture
def worker():
    made = Worker("a test", ("first", "second"))
    yield made
    made.close()
    assert made.join(5)


def wait_for(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def slowly(gate, name, count):
    """Return a job that takes a step each time the gate is opened."""

    def job():
        for number in range(count):
            assert gate.acquire(timeout=5)
            yield name, number

    return job


def test_of_jobs_that_wait_the_newest_is_done(worker):
    gate, told = threading.Semaphore(0), []
    worker.do("first", slowly(gate, "a", 1), told.append)
    time.sleep(0.05)
    for name in "bcd":
        worker.do("first", slowly(gate, name, 1), told.append)
    gate.release(2)
    wait_for(lambda: ("d", 0) in told)
    assert told == [("a", 0), ("d", 0)]


def test_a_job_waits_for_one_that_comes_first_and_goes_on(worker):
    gate, told = threading.Semaphore(0), []
    worker.do("second", slowly(gate, "curve", 3), told.append)
    gate.release()
    wait_for(lambda: len(told) == 1)
    worker.do("first", slowly(gate, "look", 2), told.append)
    gate.release(4)
    wait_for(lambda: len(told) == 5)
    assert told == [("curve", 0), ("curve", 1), ("look", 0), ("look", 1), ("curve", 2)]


def test_an_error_is_told_and_the_next_job_done(worker):
    told = []

    def fails():
        yield 1
        raise ValueError("no")

    worker.do("first", fails, told.append)
    wait_for(lambda: len(told) == 2)
    worker.do("first", lambda: iter([2]), told.append)
    wait_for(lambda: len(told) == 3)
    assert (told[0], str(told[1]), told[2]) == (1, "no", 2)


def test_what_is_dropped_is_told_no_more(worker):
    gate, told = threading.Semaphore(0), []
    worker.do("second", slowly(gate, "a", 5), told.append)
    gate.release()
    wait_for(lambda: told)
    worker.drop("second")
    gate.release(4)
    worker.do("second", slowly(gate, "b", 1), told.append)
    wait_for(lambda: ("b", 0) in told)
    assert [one for one in told if one[0] == "a"] == [("a", 0), ("a", 1)]


def test_a_closed_worker_takes_no_more():
    made, told = Worker("a test", ("first",)), []
    made.close()
    made.do("first", lambda: iter([1]), told.append)
    assert made.join(5)
    assert told == []


def test_other_threads_keep_torch_s_threads(worker):
    import torch

    before, told = torch.get_num_threads(), []

    def ask():
        yield torch.get_num_threads()

    worker.do("first", ask, told.append)
    wait_for(lambda: told)
    later = threading.Thread(target=lambda: told.append(torch.get_num_threads()))
    later.start()
    later.join()
    assert told == [1, before]
    assert torch.get_num_threads() == before


def test_nothing_is_not_told_but_others_come_in_between(worker):
    gate, told = threading.Semaphore(0), []

    def long():
        for _ in range(4):
            assert gate.acquire(timeout=5)
            yield None
        yield "end"

    worker.do("second", long, told.append)
    gate.release()
    worker.do("first", lambda: iter(["first"]), told.append)
    gate.release()
    wait_for(lambda: told == ["first"])
    gate.release(2)
    wait_for(lambda: told == ["first", "end"])
