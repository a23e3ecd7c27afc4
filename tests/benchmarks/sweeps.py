"""Runs an hour: a sweep, the same runs one after another, and Ray Tune with a plain training loop.

    python -m tests.benchmarks.sweeps [--data-root PATH] [--rounds N] [--runs N]

All are interleaved, round by round, as processes of their own from start to end, on this machine
and nothing beside them. Ray Tune is left out where it is not installed (pip install 'ray[tune]').
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

COMMAND = [sys.executable, "-m", "tui.cli"]
LOOP = Path(__file__).with_name("tune_loop.py")


def main() -> None:
    """Print seconds and runs an hour of each way, and how they compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-root", help="a root that holds MNIST; without it, the digits alone")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--digits", action="store_true", help="the digits alone")
    asked = parser.parse_args()
    kinds = {"digits, baseline": ["--dataset", "digits", "--model", "baseline"]}
    if asked.data_root and not asked.digits:
        kinds["MNIST, two-conv, one epoch"] = [
            "--dataset", "mnist", "--data-root", asked.data_root, "--model", "two-conv",
            "--epochs", "1",
        ]  # fmt: skip
    for name, options in kinds.items():
        ways = ways_of(options, asked.runs)
        taken: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(asked.rounds):
            for way, do in ways.items():
                taken[way].append(timed(do))
        report(name, taken, asked.runs)


def ways_of(options: list[str], runs: int) -> dict[str, Callable[[Path], None]]:
    """Return what is compared, by its name."""

    def sweep(folder: Path, *more: str) -> None:
        seeds = f"0..{runs - 1}"
        call("sweep", "run", "train", *options, "--seeds", seeds, *more, folder=folder)

    def loop(folder: Path) -> None:
        for seed in range(runs):
            call("run", "train", *options, "--seed", str(seed), folder=folder)

    ways: dict[str, Callable[[Path], None]] = {
        "sweep": sweep,
        "sweep --figures": lambda folder: sweep(folder, "--figures"),
        "loop over run": loop,
    }
    if all(find_spec(name) is not None for name in ("ray", "pandas", "pyarrow")):  # ray[tune]
        words = [sys.executable, str(LOOP), "--runs", str(runs), *options]
        ways["Ray Tune"] = lambda folder: check(words)
    return ways


def call(*words: str, folder: Path) -> None:
    """Run one of our commands. Raises CalledProcessError where it fails."""
    check([*COMMAND, *words, "--artifacts", str(folder), "--quiet"])


def check(words: list[str]) -> None:
    """Run a command silently. Raises CalledProcessError where it fails."""
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def timed(do: Callable[[Path], None]) -> float:
    """Return the seconds that something takes, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        since = time.perf_counter()
        do(Path(folder))
        return time.perf_counter() - since


def report(name: str, taken: dict[str, list[float]], runs: int) -> None:
    """Print a row for each way: medians, and how many times the plain loop's rate that is."""
    print(f"\n{runs} trainings: {name}")
    plain = statistics.median(taken["loop over run"])
    for way, seconds in taken.items():
        median = statistics.median(seconds)
        rate, each = runs / median * 3600, ", ".join(f"{one:.1f}" for one in seconds)
        print(f"  {way:16} {median:7.1f} s  {rate:7.0f} runs/h  {plain / median:5.2f}x   ({each})")


if __name__ == "__main__":
    main()
