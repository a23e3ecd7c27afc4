"""SIGKILL at random moments, by real processes: nothing unreadable, and what goes on is equal."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from engine.store import list_runs

KILLS = int(os.environ.get("MNIST_TUI_TEST_KILLS", "3"))  # 100 in the long form
COMMAND = [sys.executable, "-m", "tui.cli"]
SECTIONS = {
    "train": ["--model", "baseline", "--epochs", "100", "--recipe", "tuned"],
    "adversarial": ["--steps", "60", "--label", "3", "--label", "5"],
    "visualize": ["--steps", "400", "--layer", "logits"],
}


def start(*arguments, artifacts):
    """Start a command and return its process."""
    options = ["--artifacts", str(artifacts), "--json"]
    return subprocess.Popen([*COMMAND, *arguments, *options], stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, text=True)  # fmt: skip


def digest(run):
    """Return a hash of what two equal runs share."""
    total = hashlib.sha256()
    for name in ("weights.pt", "noise.npy", "images.npy"):
        if (run.path / name).exists():
            total.update((run.path / name).read_bytes())
    for line in (run.path / "events.jsonl").read_text().splitlines():
        event = json.loads(line)
        if event["event"] in ("progress", "preview", "finished"):
            event.pop("time")
            total.update(json.dumps(event).encode())
    total.update(json.dumps(run.result | {"seconds": 0, "images_per_second": 0}).encode())
    return total.hexdigest()


def readable(run):
    """Read everything that a run left so far."""
    assert run.info["run_id"] == run.id
    assert run.status in ("interrupted", "finished", "stopped")
    steps = [event.step for event in run.events() if event.kind == "progress"]
    assert steps == sorted(set(steps))
    return len(steps)


@pytest.mark.parametrize("section", SECTIONS)
def test_killed_at_random_moments(tmp_path, section, capsys):
    rng = random.Random(section)
    network = start("run", "train", "--dataset", "digits", "--model", "two-conv-fc", "--epochs",
                    "1", artifacts=tmp_path)  # fmt: skip
    assert network.wait(120) == 0
    options = ["--dataset", "digits", *SECTIONS[section]]
    begin = time.monotonic()
    assert start("run", section, *options, artifacts=tmp_path).wait(300) == 0
    seconds = time.monotonic() - begin
    expected = digest(list_runs(tmp_path)[0])
    before = {run.id for run in list_runs(tmp_path)}

    process = start("run", section, *options, artifacts=tmp_path)
    kills = 0
    while kills < KILLS:
        try:
            process.wait(rng.uniform(0.05, 1.2 * seconds))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
        new = [run for run in list_runs(tmp_path) if run.id not in before]
        assert len(new) <= 1
        for run in new:
            readable(run)
        if new and new[0].status == "finished":
            assert digest(new[0]) == expected
            before.add(new[0].id)
            new = []
        if kills < KILLS:
            again = ["resume", new[0].id] if new else ["run", section, *options]
            process = start(*again, artifacts=tmp_path)
    if new and new[0].status != "finished":
        last = start("resume", new[0].id, artifacts=tmp_path)
        assert last.wait(300) == 0, last.stderr.read()
        assert digest(new[0]) == expected
    with capsys.disabled():
        print(f" [{kills} kills, {len(before) - 2} whole runs besides]", end="")
