"""What the app costs: ``python -m tests.benchmarks.app [--pairs N]``.

Time to the first frame, training rate with the app against headless (interleaved, since the
machine's speed drifts), how fast keys are answered while training, and bytes to the terminal.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.terminal.terminal import Terminal

SIZE = (120, 40)
EPOCHS = 120  # of the digits: 1,200 steps
KEYS = 40


def opened(folder: str, home: dict[str, str]) -> Terminal:
    """Open the app and read until its keys are on the screen."""
    options = ["--dataset", "digits", "--artifacts", folder]
    terminal = Terminal(*options, size=SIZE, watch=False, **home)
    terminal.read(lambda t: b"quit" in t.output)
    return terminal


def first_frame(home: dict[str, str]) -> float:
    """Return the seconds from the start of the process to a screen with keys on it."""
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        terminal = opened(folder, home)
        seconds = time.perf_counter() - begin
        os.kill(terminal.pid, signal.SIGKILL)
        os.waitpid(terminal.pid, 0)
        terminal.hang_up()
        Terminal.alive.clear()
    return seconds


def rate_of(artifacts: Path) -> float:
    """Return a run's steps a second, from its journal, the first tenth left out."""
    [run] = artifacts.iterdir()
    events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    marks = [(event["time"], event["step"]) for event in events if event["event"] == "progress"]
    marks = marks[len(marks) // 10 :]
    (first, a), (last, b) = marks[0], marks[-1]
    return (b - a) / (last - first)


def headless(model: str) -> float:
    """Return the rate of a training from the command line."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tui.cli", "run", "train", "--model", model, "--quiet"]
        options = ["--dataset", "digits", "--epochs", str(EPOCHS), "--artifacts", folder]
        subprocess.run(command + options, check=True, stdout=subprocess.DEVNULL)
        return rate_of(Path(folder))


def with_app(model: str, home: dict[str, str]) -> tuple[float, float]:
    """Return the rate of the same training in the app, and its bytes a second to the terminal."""
    with tempfile.TemporaryDirectory() as folder:
        terminal = opened(folder, home)
        terminal.press({"baseline": "r", "two-conv": "jr", "two-conv-fc": "jjr"}[model])
        terminal.read(lambda t: b"img/s" in t.output, 60)
        begin, before = time.perf_counter(), len(terminal.output)
        terminal.read(lambda t: b" finished" in t.output[-4096:], 120)
        sent = (len(terminal.output) - before) / (time.perf_counter() - begin)
        terminal.press("q")
        terminal.exit_code()
        return rate_of(Path(folder)), sent


def key_answers(home: dict[str, str]) -> list[float]:
    """Return how long the first change of the screen after a key takes while a network trains."""
    with tempfile.TemporaryDirectory() as folder:
        terminal = opened(folder, home)
        terminal.press("r")
        terminal.read(lambda t: b"img/s" in t.output, 60)
        answers = []
        for number in range(KEYS):
            key, words = ("2", b"Target labels") if number % 2 == 0 else ("1", b"Models")
            begin, before = time.perf_counter(), len(terminal.output)
            terminal.press(key)
            terminal.read(lambda t, w=words, n=before: w in t.output[n:])
            answers.append(time.perf_counter() - begin)
            terminal.read_for(0.15)
        terminal.press("qs")
        terminal.exit_code()
        return answers


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--model", default="two-conv-fc")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = {"XDG_CONFIG_HOME": folder}
        config = Path(folder) / "mnist-tui" / "config.toml"
        config.parent.mkdir()
        config.write_text(f"[defaults]\nepochs = {EPOCHS}\n")
        frames = [first_frame(home) for _ in range(2 * given.pairs)]
        print(f"first frame: {statistics.median(frames):.2f} s (best {min(frames):.2f})")
        ratios, sent = [], []
        for _ in range(given.pairs):
            alone = headless(given.model)
            app, bytes_a_second = with_app(given.model, home)
            ratios.append(app / alone)
            sent.append(bytes_a_second)
            print(f"  {alone:.1f} steps/s headless, {app:.1f} in the app: {app / alone:.3f}")
        print(f"training in the app: {statistics.median(ratios):.3f} of headless")
        print(f"to the terminal: {statistics.median(sent) / 1024:.1f} KiB/s")
        config.write_text("[defaults]\nepochs = 10000\n")
        answers = sorted(key_answers(home))
        print(
            f"keys while training: median {1000 * statistics.median(answers):.0f} ms, "
            f"p95 {1000 * answers[int(0.95 * len(answers))]:.0f} ms (whole section drawn)"
        )


if __name__ == "__main__":
    main()
