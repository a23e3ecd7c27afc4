"""SIGKILL at random moments, by real processes: nothing unreadable, and what goes on is equal."""

import hashlib
import json
import random
import signal
import subprocess
import time

import pytest

from engine.runs.store import list_runs
from tests.conftest import a_few
from tests.processes import comparable, start

TRAIN = ["--model", "baseline", "--recipe", "tuned"]
LABELS = ["--label", "3", "--label", "5"]
LOGITS = ["--layer", "logits"]
SHORT = {
    "train": [*TRAIN, "--epochs", "100"],
    "adversarial": [*LABELS, "--steps", "60"],
    "visualize": [*LOGITS, "--steps", "400"],
}
LONG = {
    "train": [*TRAIN, "--epochs", "1"],
    "adversarial": [*LABELS, "--steps", "60"],
    "visualize": [*LOGITS, "--steps", "200"],
}


def digest(run):
    """Return a hash of what two equal runs share."""
    files, *rest = comparable(run)
    total = hashlib.sha256(json.dumps(rest).encode())
    for content in files.values():
        total.update(content)
    return total.hexdigest()


def readable(run):
    """Read everything that a run left so far."""
    assert run.read_info()["run_id"] == run.id
    assert run.read_status() in ("interrupted", "finished", "stopped")
    steps = [event.step for event in run.events() if event.kind == "progress"]
    assert steps == sorted(set(steps))


def kill_again_and_again(artifacts, section, options, shared, kills):
    """Kill a run at seeded random moments, going on with it each time; return how many ended."""
    rng = random.Random(section)

    def begin(*arguments):
        return start(*arguments, "--artifacts", artifacts, "--quiet")

    def ended(process):
        _, err = process.communicate(timeout=300)
        assert process.returncode == 0, err

    network = ["--model", "two-conv-fc", "--epochs", "1"]
    ended(begin("run", "train", *network, *shared))
    since = time.monotonic()
    ended(begin("run", section, *options, *shared))
    seconds = time.monotonic() - since
    expected = digest(list_runs(artifacts)[0])
    before = {run.id for run in list_runs(artifacts)}

    def check_new():
        """Return the run that is not finished yet, if any."""
        new = [run for run in list_runs(artifacts) if run.id not in before]
        assert len(new) <= 1
        for run in new:
            readable(run)
            if run.read_status() != "finished":
                return run
            assert digest(run) == expected
            before.add(run.id)
        return None

    run = None
    while kills > 0:
        arguments = ["run", section, *options, *shared] if run is None else ["resume", run.id]
        process = begin(*arguments)
        try:
            process.communicate(timeout=rng.uniform(0.05, 1.2 * seconds))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            kills -= 1
        else:
            assert process.returncode == 0
        run = check_new()
    if run is not None:
        ended(begin("resume", run.id))
        assert check_new() is None
    return len(before) - 2


@pytest.mark.extended
@pytest.mark.parametrize("section", a_few(SHORT, 0, 1))
def test_killed_at_random_moments(tmp_path, section):
    kill_again_and_again(tmp_path, section, SHORT[section], ["--dataset", "digits"], kills=2)


@pytest.mark.long
@pytest.mark.parametrize("section", LONG)
def test_killed_a_hundred_times_on_mnist(tmp_path, section, mnist_root, capsys):
    shared = ["--dataset", "mnist", "--data-root", str(mnist_root)]
    whole = kill_again_and_again(tmp_path, section, LONG[section], shared, kills=100)
    assert whole > 1
    with capsys.disabled():
        print(f" [{section}: 100 kills, {whole} whole runs, all equal]", end="")
