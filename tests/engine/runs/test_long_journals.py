"""Journals of long runs: memory and time grow with what is asked for, not with what was run."""

import json
import subprocess
import sys
from itertools import count

import numpy as np
import pytest

from engine.runs import follow
from engine.runs.events import Preview, Progress, Started, to_json
from engine.runs.follow import Follower
from engine.runs.history import History
from engine.runs.journal import Journal
from engine.runs.previews import RECENT
from engine.runs.store import create_run
from tests.conftest import run_values, started_values, train_config

STEPS, STEP = 40_000, 10  # steps of a long run, and from one event to the next


def train_journal(run, steps=STEPS):
    """Write the journal of a training, in which each preview tells its step."""
    config = train_config()
    run.write_json("run.json", run_values(config))
    random = np.random.default_rng(0)
    images = random.integers(0, 255, (16, 28, 28), np.uint8)

    def preview(step, images=None):
        return Preview(step=step, time=1.0 + step, name="samples", images=images, values={
            "label": [3] * 16, "prediction": [step % 10] * 16, "probability": [0.5] * 16,
        })  # fmt: skip

    with Journal(run.path) as journal:
        journal.append(Started(step=0, time=1.0, **started_values(config) | {"steps": steps}))
        journal.append(preview(0, images))
    lines = []
    for step in range(STEP, steps + 1, STEP):
        loss = random.random(STEP).astype(np.float32)
        values = {"penalty": 0.5, "learning_rate": 0.01}
        values |= {"validation_loss": 0.5, "validation_accuracy": 0.5} if step % 50 == 0 else {}
        events = [Progress(step=step, time=1.0 + step, series={"loss": loss}, values=values)]
        events += [preview(step)] if step % 50 == 0 else []
        lines += map(line_of, events)
    with run.journal.open("a") as file:
        file.writelines(lines)
    return images


def line_of(event):
    return json.dumps(to_json(event), separators=(",", ":")) + "\n"


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    run = create_run(tmp_path_factory.mktemp("long"), "train")
    return run, train_journal(run)


def test_a_preview_is_read_again_where_a_cursor_asks_for_it(long):
    run, images = long
    kept = History.of(run.events())  # without a journal, all are in memory
    history = History.of(run.events(), run.journal)
    known = history.previews["samples"]
    assert len(known) == len(kept.previews["samples"]) == STEPS // 50 + 1
    for step in (0, 49, 50, 777, 12_345, STEPS, None, *range(0, STEPS, 250)):
        found, expected = history.preview("samples", step), kept.preview("samples", step)
        assert (found.step, found.values) == (expected.step, expected.values)
        assert len(known._recent) <= RECENT
        assert not known._kept
    np.testing.assert_array_equal(history.preview("samples", 0).images, images)
    np.testing.assert_array_equal(history.images("samples"), images / 255)
    assert history.preview("samples", STEPS, before_last=True).step == STEPS - 50
    assert history.preview("others") is None


def test_previews_are_told_evenly_spread_and_the_latest(long):
    run, _ = long
    known = History.of(run.events(), run.journal).previews["samples"]
    assert [one.step for one in known.latest(500, 3)] == [400, 450, 500]
    assert [one.step for one in known.latest(60, 9)] == [0, 50]
    spread = [one.step for one in known.spread(10_000, 4)]
    assert spread[-1] == 10_000
    assert max(np.diff(spread)) - min(np.diff(spread)) <= 50
    assert [one.step for one in known.spread(100, 9)] == [0, 50, 100]


def test_a_preview_that_is_no_longer_there_is_none(tmp_path):
    run = create_run(tmp_path, "train")
    train_journal(run, 1000)
    history = History.of(run.events(), run.journal)
    content = run.journal.read_bytes()
    run.journal.write_bytes(content[:200])
    assert history.preview("samples", 300) is None
    assert history.preview("samples").step == 1000  # the latest is in memory
    run.journal.write_bytes(content[:-1].replace(b'"step":300,', b'"step":200,'))
    assert history.preview("samples", 300) is None
    run.journal.unlink()
    assert history.preview("samples", 350) is None
    assert [one.step for one in history.previews["samples"].latest(None, 3)] == [1000]


def test_a_follower_takes_a_long_journal_in_parts(long, monkeypatch):
    monkeypatch.setattr(follow, "AT_ONCE", 100)
    run, _ = long
    parts = []
    follower = Follower(run)
    for _ in count():
        if not (part := follower.read()):
            break
        parts.append(part)
    events = [event for part in parts for event in part]
    told = [(event.kind, event.step) for event in run.events()]
    assert [(event.kind, event.step) for event in events[:-1]] == told
    assert events[-1].kind == "interrupted"
    assert events[-1].step == STEPS
    assert max(map(len, parts)) <= 101
    assert follower.ended


def test_curves_grow_as_they_are_told(long):
    run, _ = long
    history = History(run.journal)
    losses = []
    for event in run.events():
        history.add(event)
        if event.kind == "progress":
            losses.append(event.series["loss"])
            early = history.curves["loss"]
        if event.step > 2000:
            break
    copy = early.values.copy()
    for event in list(run.events())[1:400]:
        history.add(event)
    np.testing.assert_array_equal(early.values, np.concatenate(losses))
    np.testing.assert_array_equal(early.values, copy)
    np.testing.assert_array_equal(early.steps, np.arange(1, len(copy) + 1))


MEASURE = """
import resource, sys, time
from pathlib import Path
from engine.analysis.export import export_csv
from engine.runs.run import Run
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
run, before = Run(Path(sys.argv[1])), peak()
start = time.process_time()
size = sum(map(len, export_csv(run)))
print(time.process_time() - start, peak() - before, size)
"""


@pytest.mark.alone
def test_a_long_journal_is_exported_fast_and_in_little_memory(tmp_path):
    """A million steps; bounds are three times what a 2-core machine needed."""
    run = create_run(tmp_path, "train")
    train_journal(run, 1_000_000)
    megabytes = run.journal.stat().st_size / 1e6
    measured = subprocess.run(
        [sys.executable, "-c", MEASURE, str(run.path)], capture_output=True, text=True, check=True
    )
    seconds, memory, size = map(float, measured.stdout.split())
    assert size > 10e6
    assert megabytes / seconds > 4, f"{megabytes / seconds:.1f} MB/s"
    assert memory < 120, f"{memory:.0f} MB"
