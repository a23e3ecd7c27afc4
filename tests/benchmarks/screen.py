"""What the screen takes from a training: ``python -m tests.benchmarks.screen [--seconds N]``.

A comparison of rates swings with whatever else the machine does. This counts what the kernel counts
for each thread of the app while it trains: the seconds of processor time that the screen's thread
takes, and how long the engine's thread stands still although it has work (``--threads 1``, so that
only the interpreter's lock can hold it), beside the same training without a screen.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.app import opened
from tests.terminal.terminal import Terminal

SETTLING = 5.0  # seconds of a training before the count begins
ROUNDS = 3


class Use(NamedTuple):
    """Seconds in a second of a training."""

    screen: float  # of processor time, by the thread that draws
    others: float  # by all threads but that and the engine's
    waiting: float  # that the engine's thread neither computed nor was ready to
    ready: float  # that it waited for a processor: the machine is busy
    sent: float  # KiB to the terminal


def seconds_of(pid: int) -> dict[int, tuple[float, float]]:
    """Return the processor time of each thread of a process, and how long it waited for one."""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        computed, ready, _ = (task / "schedstat").read_text().split()
        found[int(task.name)] = int(computed) / 1e9, int(ready) / 1e9
    return found


def count(pid: int, seconds: float, read: object = None) -> tuple[float, ...]:
    """Return screen, others, waiting and ready of a process that trains, each a second."""
    before, begin = seconds_of(pid), time.perf_counter()
    if isinstance(read, Terminal):
        read.read_for(seconds)
    else:
        time.sleep(seconds)
    passed = time.perf_counter() - begin
    used = {
        thread: tuple(b - a for a, b in zip(before.get(thread, (0.0, 0.0)), after, strict=True))
        for thread, after in seconds_of(pid).items()
    }
    screen = used.pop(pid)[0] if read is not None else 0.0
    engine = max(used, key=lambda thread: used[thread][0])
    computed, ready = used.pop(engine)
    others = sum(one for one, _ in used.values())
    return tuple(one / passed for one in (screen, others, passed - computed - ready, ready))


def in_app(model: str, seconds: float, home: dict[str, str], sections: str) -> Use:
    """Count in the app; ``sections`` are the keys of the section that is looked at."""
    with tempfile.TemporaryDirectory() as folder:
        terminal = opened(folder, home)
        terminal.press({"baseline": "r", "two-conv": "jr", "two-conv-fc": "jjr"}[model])
        terminal.read(lambda t: b"img/s" in t.output, 60)
        terminal.press(sections)
        terminal.read_for(SETTLING)
        before = len(terminal.output)
        counted = count(terminal.pid, seconds, terminal)
        sent = (len(terminal.output) - before) / seconds / 1024
        os.kill(terminal.pid, signal.SIGKILL)
        os.waitpid(terminal.pid, 0)
        terminal.hang_up()
        Terminal.alive.clear()
    return Use(*counted, sent)


def headless(model: str, seconds: float) -> Use:
    """Count without a screen."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tui.cli", "run", "train", "--model", model, "--quiet"]
        options = ["--dataset", "digits", "--epochs", "10000", "--threads", "1", "--artifacts"]
        process = subprocess.Popen([*command, *options, folder], stdout=subprocess.DEVNULL)
        time.sleep(SETTLING + 5)
        counted = count(process.pid, seconds)
        process.kill()
        process.wait()
    return Use(*counted, 0.0)


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--model", default="baseline")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = {"XDG_CONFIG_HOME": folder, "MNIST_TUI_THREADS": "1"}
        config = Path(folder) / "mnist-tui" / "config.toml"
        config.parent.mkdir()
        config.write_text("[defaults]\nepochs = 10000\nvalidation_interval = 10\n")
        print(f"{'a second of':>12}  screen  others  waiting  ready  KiB sent")
        for _ in range(ROUNDS):
            show("headless", headless(given.model, given.seconds))
            for name, keys in {"Train": "1", "Runs": "4"}.items():
                show(name, in_app(given.model, given.seconds, home, keys))


def show(name: str, use: Use) -> None:
    """Print a line."""
    print(
        f"{name:>12}  {use.screen:6.3f}  {use.others:6.3f}  {use.waiting:7.3f}  {use.ready:5.3f}"
        f"  {use.sent:8.1f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
