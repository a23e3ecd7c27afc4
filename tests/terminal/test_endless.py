"""A run of a million steps with the app attached to it: neither takes more memory as it goes on."""

import os
import time

import psutil
import pytest

from engine.runs.store import list_runs
from tests.processes import start
from tests.terminal.terminal import Terminal

MB = 1 << 20
STEPS = int(os.environ.get("MNIST_TUI_TEST_STEPS", "1000000"))
BATCH = 8
SETTLED = 0.1  # of the steps: by then everything is imported, and every buffer has been used once
GROWTH = (
    64 * MB
)  # for curves of a million steps in the app (two of 16 bytes), and what malloc keeps
LINE = 70  # bytes of the journal a step: 300 for ten losses, previews and checkpoints


def step_of(run):
    """Return the step of the last event, by the end of the journal alone."""
    with run.journal.open("rb") as journal:
        journal.seek(max(0, run.journal.stat().st_size - 4096))
        for line in reversed(journal.read().split(b"\n")[:-1]):
            if line.startswith(b'{"event":"progress","step":'):
                return int(line[27:].split(b",")[0])
    return 0


@pytest.mark.long
def test_memory_stays_flat_over_a_million_steps(artifacts, capsys):
    epochs = -(-STEPS * BATCH // 1257)
    process = start(
        "run", "train", "--dataset", "digits", "--model", "baseline", "--batch-size", BATCH,
        "--epochs", epochs, "--validation-interval", "1000", "--learning-rate", "0.001",
        "--threads", "1", "--artifacts", artifacts, "--quiet",
    )  # fmt: skip
    while not (found := list_runs(artifacts)) or not step_of(found[0]):
        assert process.poll() is None, process.communicate()
        time.sleep(0.2)
    [run] = found
    app = Terminal("attach", run.id, "--artifacts", str(artifacts), watch=False)
    watched = {"run": psutil.Process(process.pid), "app": psutil.Process(app.pid)}
    sizes = {name: [] for name in watched}
    since = time.monotonic()
    while process.poll() is None and (step := step_of(run)) < STEPS:
        if step > SETTLED * STEPS:
            for name, one in watched.items():
                sizes[name].append(one.memory_info().rss)
        app.read_for(5)
        app.output = b""
    seconds, journal = time.monotonic() - since, run.journal.stat().st_size
    growth = {name: (max(all_) - all_[0]) / MB for name, all_ in sizes.items()}
    with capsys.disabled():
        print(f" [{STEPS:,} steps, {seconds:,.0f} s, journal {journal / MB:.1f} MB, growth "
              f"{growth['run']:.1f} MB (run) {growth['app']:.1f} MB (app)]", end="")  # fmt: skip
    process.terminate()
    process.communicate(timeout=120)
    assert growth["run"] * MB < GROWTH
    assert growth["app"] * MB < GROWTH
    assert journal < LINE * STEPS
