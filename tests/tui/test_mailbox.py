import threading

import numpy as np

from engine.events import Finished, Progress, Started
from tui.mailbox import Mailbox


def progress(step):
    return Progress(step=step, series={"loss": np.zeros(1, np.float32)})


def started():
    return Started(step=0, run="r", section="train", title="t", steps=9, config={}, dataset={},
                   environment={})  # fmt: skip


def test_letters_come_in_order_and_once():
    box = Mailbox()
    for step in range(3):
        box.put(0, progress(step))
    letters, gap = box.take()
    assert [letter.event.step for letter in letters] == [0, 1, 2]
    assert not gap
    assert box.take() == ([], False)


def test_nobody_takes_and_memory_stays_flat_but_no_start_or_end_is_lost():
    box = Mailbox(waiting=100)
    for run in range(5):
        box.put(run, started())
        for step in range(10_000):
            box.put(run, progress(step))
        box.put(run, Finished(step=10_000, figures={}))
    letters, gap = box.take()
    assert gap
    assert len(letters) <= 100 + 10
    ends = [letter for letter in letters if isinstance(letter.event, (Started, Finished))]
    assert [(x.task, x.event.kind) for x in ends] == [
        (run, kind) for run in range(5) for kind in ("started", "finished")
    ]


def test_two_threads():
    box, seen = Mailbox(waiting=10**6), []
    writer = threading.Thread(target=lambda: [box.put(0, progress(n)) for n in range(20_000)])
    writer.start()
    while writer.is_alive():
        seen += box.take()[0]
    seen += box.take()[0]
    assert [letter.event.step for letter in seen] == list(range(20_000))
