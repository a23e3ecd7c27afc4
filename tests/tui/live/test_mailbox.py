import asyncio
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from engine.config import RunConfig
from engine.errors import EngineError
from engine.runs.events import Finished, Progress, Started, Stopped
from tui.app.app import MnistTui
from tui.live.conductor import Conductor
from tui.live.mailbox import Mailbox


def progress(step):
    return Progress(step=step, series={"loss": np.zeros(1, np.float32)})


def started():
    return Started(step=0, run="r", section="train", title="t", steps=9, config={}, dataset={},
                   environment={})  # fmt: skip


def test_letters_come_in_order_and_once():
    box = Mailbox()
    for step in range(3):
        box.put(0, progress(step))
    letters, gaps = box.take()
    assert [letter.event.step for letter in letters] == [0, 1, 2]
    assert not gaps
    assert box.take() == ([], set())


def test_nobody_takes_and_memory_stays_flat_but_no_start_or_end_is_lost():
    box = Mailbox(waiting=100)
    for run in range(5):
        box.put(run, started())
        for step in range(10_000):
            box.put(run, progress(step))
        box.put(run, Finished(step=10_000, results={}))
    letters, gaps = box.take()
    assert gaps == set(range(5))  # each of them, also those of which nothing else waits
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


class Firehose:
    """A laboratory whose run tells 5,000 events a second until it is stopped."""

    rate = 5000

    def __init__(self):
        self.told = 0

    def survey(self, config):
        raise EngineError("ready")

    def missing_training(self, config):
        return None

    def session(self, config, *, listen, control, command, companions, begun):
        self.config = config.resolve(dataset="digits", device="cpu", precision="fp32", threads=1)
        self.listen, self.control = listen, control
        return self

    def run(self):
        self.listen(replace(started(), steps=10**6, config=self.config.to_json(),
                            dataset={"name": "digits", "sha256": ""},
                            environment={"device": "cpu", "precision": "fp32"}))  # fmt: skip
        begin = time.perf_counter()
        while self.control.stop_reason is None:
            self.told += 1
            self.listen(replace(progress(self.told), time=time.time()))
            ahead = self.told / self.rate - (time.perf_counter() - begin)
            if ahead > 0.002:
                time.sleep(ahead)
        self.listen(Stopped(step=self.told, reason=self.control.stop_reason))
        raise EngineError("it ends here")


@pytest.mark.alone
def test_keys_are_answered_under_a_flood_of_events(tmp_path, capsys):
    waits = []

    async def play():
        laboratory = Firehose()
        config = RunConfig(dataset="digits", artifacts=str(tmp_path))
        app = MnistTui(config, plain=True, conductor=Conductor(laboratory))
        async with app.run_test(size=(120, 40)) as pilot:
            await pilot.pause(0.3)
            await pilot.press("r")
            await pilot.pause(0.5)
            [task] = app.conductor.tasks
            begin = time.perf_counter()
            while time.perf_counter() - begin < 4:
                key = "2" if app.main.current == "train" else "1"
                pressed = time.perf_counter()
                app.simulate_key(key)
                while app.main.current != {"1": "train", "2": "adversarial"}[key]:
                    await asyncio.sleep(0.001)
                waits.append(time.perf_counter() - pressed)
                await asyncio.sleep(0.03)
            seconds = time.perf_counter() - begin
            await pilot.press("s")
            for _ in range(100):
                await pilot.pause(0.05)
                if task.state == "stopped":
                    break
            assert task.state == "stopped"
            assert task.step == laboratory.told
            rate = laboratory.told / seconds
        with capsys.disabled():
            p95 = 1000 * sorted(waits)[int(0.95 * len(waits))]
            print(f" [{rate:,.0f} events/s, {len(waits)} keys, p95 {p95:.0f} ms]", end="")
        assert rate > 3000
        assert p95 < 300  # on an idle machine about 100; the print tells

    asyncio.run(play())
