import threading
from types import SimpleNamespace

import numpy as np

from engine.errors import Untrusted
from engine.runs.control import HAND_OVER
from engine.runs.events import Interrupted, Progress, Started, Stopped
from engine.runs.store import create_run
from engine.sections.adversarial.config import AdversarialConfig
from engine.sections.train.config import TrainConfig
from tests.conftest import run_values, train_config
from tui.live.conductor import Conductor


def test_a_training_that_others_wait_for_is_what_runs():
    """Stop, pause and progress must reach the training, not the task that waits for it."""
    conductor = Conductor()
    [waiting] = conductor.start([AdversarialConfig()], "a command")
    assert conductor.running is waiting
    [training] = conductor.start([TrainConfig()], "a command")
    training.state = "running"
    assert conductor.running is training
    assert conductor.waiting == 1
    training.state = "finished"
    assert conductor.running is waiting
    assert conductor.waiting == 0


def test_a_run_gone_on_with_twice_is_opened_as_it_was_left(tmp_path):
    conductor = Conductor()
    run = create_run(tmp_path, "train-baseline")
    for step in (10, 20):
        [task] = conductor.start([TrainConfig(artifacts=str(tmp_path))], "a command")
        task.add(started(run.id))
        task.add(Stopped(step=step, reason="user"))
    run.write_json("run.json", run_values(train_config(), "stopped"))
    assert conductor.open(run).step == 20


def test_a_task_told_again_from_its_journal_takes_nothing_twice():
    """Events that came between the gap and the look into the journal are in both."""
    [task] = Conductor().start([TrainConfig()], "a command")
    events = [started("a-run", time=1.0)]
    events += [
        Progress(step=step, time=1.0 + step, series={"loss": np.ones(1)}) for step in range(1, 6)
    ]
    task.tell_again(events[:5])
    for event in events[3:]:
        task.add(event)
    assert task.history.curves["loss"].steps.tolist() == [1, 2, 3, 4, 5]
    assert task.state == "running"
    task.add(Interrupted(step=5))
    task.tell_again(events)
    assert task.state == "interrupted"


def test_a_run_that_was_stopped_is_not_gone_on_with_elsewhere(tmp_path, monkeypatch):
    taken = []
    monkeypatch.setattr("tui.live.conductor.take_over", lambda run: taken.append(run.id))
    for first in ("user", HAND_OVER):
        conductor = Conductor()
        config = TrainConfig(dataset="digits", artifacts=str(tmp_path), device="cpu", epochs=1000)
        [task] = conductor.start([config], "a command")
        worker = threading.Thread(target=conductor.work)
        worker.start()
        while task.step == 0:
            conductor.collect()
            worker.join(0.01)
            assert worker.is_alive()
        task.control.stop(first)
        conductor.hand_over()
        conductor.close()
        worker.join(60)
        assert not worker.is_alive()
    assert taken == [conductor.handed_over.id]


def started(run, **options):
    return Started(step=0, run=run, section="train", title="baseline", steps=100, config={},
                   dataset={}, environment={}, **options)  # fmt: skip


def test_in_the_app_it_is_said_how_code_is_trusted():
    conductor = Conductor(SimpleNamespace())
    config = SimpleNamespace(run="one", artifacts="elsewhere")
    conductor.failed(SimpleNamespace(config=config), Untrusted("Not run before."))
    [letter], _ = conductor.mailbox.take()
    assert letter.event.message.startswith("Not run before. In another terminal: `mnist-tui runs ")
    assert "verify one --trust" in letter.event.message
