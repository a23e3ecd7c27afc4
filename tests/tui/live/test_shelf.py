import json
import os
import threading

import numpy as np
import pytest

from engine.runs.events import Progress
from engine.runs.run import Run
from tests.tui import example_runs as examples
from tests.tui.holder import hold
from tui.live.mailbox import Mailbox
from tui.live.shelf import Shelf


@pytest.fixture
def run(tmp_path, digits):
    return Run(tmp_path / examples.trained(tmp_path, digits, 1, "baseline", 0.9))


@pytest.fixture
def shelf():
    return Shelf(Mailbox())


def change_info(run, change):
    info = json.loads((run.path / "run.json").read_text())
    change(info)
    (run.path / "run.json").write_text(json.dumps(info))


class Overtaken(Run):
    """A run that another thread opens while this one still reads its files."""

    def __init__(self, path, shelf):
        super().__init__(path)
        self.shelf, self.first = shelf, None

    def read_info(self):
        if self.first is None:
            opened = []
            thread = threading.Thread(target=lambda: opened.append(self.shelf.open(Run(self.path))))
            thread.start()
            thread.join(60)
            [self.first] = opened
        return super().read_info()


def test_a_run_that_two_threads_open_has_one_task(run, shelf):
    overtaken = Overtaken(run.path, shelf)
    assert shelf.open(overtaken) is overtaken.first
    assert shelf.tasks == [overtaken.first]


def test_a_run_without_events_yet_is_known_and_its_first_ones_are_followed(tmp_path, shelf):
    holder = hold(tmp_path)
    try:
        journal = holder.run.path / "events.jsonl"
        lines = journal.read_bytes()
        journal.write_bytes(b"")
        task = shelf.open(holder.run)
        assert shelf.open(Run(holder.run.path)) is task
        assert shelf.look_for_driven(str(tmp_path)) == []
        journal.write_bytes(lines)
        shelf.follow()
        letters, _ = shelf._mailbox.take()
        assert [(letter.task, letter.event.kind) for letter in letters] == [(task, "started")]
    finally:
        holder.release()


@pytest.mark.parametrize("damage", [
    lambda info: info["config"].pop("model"),
    lambda info: info["config"].update(model=["baseline"]),
    lambda info: info.pop("command"),
])  # fmt: skip
def test_a_damaged_run_is_passed_over(run, shelf, tmp_path, digits, damage):
    other = examples.trained(tmp_path, digits, 0, "two-conv", 0.9)
    change_info(run, damage)
    shelf.open_newest(str(tmp_path))
    assert other in [task.run for task in shelf.tasks]


def test_a_damaged_run_does_not_end_the_following_of_others(tmp_path, shelf):
    holder = hold(tmp_path)
    try:
        [task] = shelf.look_for_driven(str(tmp_path))
        series = {"loss": np.ones(1, np.float32)}
        holder.journal.append(Progress(step=1, time=1.0, series=series))
        change_info(holder.run, lambda info: info.pop("status"))
    finally:
        holder.release()
    shelf.follow()
    letters, _ = shelf._mailbox.take()
    assert [letter.event.kind for letter in letters] == ["progress", "interrupted"]
    (holder.run.path / "run.json").write_text("[]")
    shelf.follow()
    (holder.run.path / "events.jsonl").unlink()
    os.mkfifo(holder.run.path / "events.jsonl")
    shelf.follow()
    assert shelf.tasks == [task]


def test_a_stopped_run_with_a_damaged_last_line_opens(run, shelf):
    change_info(run, lambda info: info.update(status="stopped"))
    journal = run.path / "events.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:-1]) + b"\0" * 40 + b"\n")
    task = shelf.open(run)
    assert task.state == "stopped"
    assert task.step == examples.STEPS
