"""What checkpoints cost a training: ``python -m tests.benchmarks.checkpoints --data-root PATH``.

The same training with a checkpoint every second and with none but its last, in turns.
"""

import argparse
import math
import statistics
import tempfile
import time

import engine.runs.checkpoint
from engine.laboratory import Laboratory
from engine.runs.control import Control
from engine.runs.events import Event, Progress
from engine.sections.train.config import TrainConfig


def seconds(data_root: str, interval: float) -> float:
    """Return the seconds of an epoch of two-conv-fc with a checkpoint every ``interval``.

    From its first event to its last, whatever is done between them.
    """
    marks: list[float] = []

    def listen(event: Event) -> None:
        if isinstance(event, Progress):
            marks.append(time.perf_counter())

    engine.runs.checkpoint.INTERVAL = interval
    laboratory = Laboratory(warn=print)
    with tempfile.TemporaryDirectory() as folder:
        config = TrainConfig(dataset="mnist", data_root=data_root, artifacts=folder, epochs=1)
        session = laboratory.session(config, listen=listen, control=Control())
        session.run()
    return marks[-1] - marks[0]


def main() -> None:
    """Print the medians and their ratio."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.checkpoints")
    parser.add_argument("--data-root", required=True)
    parser.add_argument("--pairs", type=int, default=5)
    options = parser.parse_args()
    seconds(options.data_root, math.inf)  # warm-up
    often, never = [], []
    for _ in range(options.pairs):
        often.append(seconds(options.data_root, 1.0))
        never.append(seconds(options.data_root, math.inf))
    ratio = statistics.median(a / b for a, b in zip(often, never, strict=True))
    print(f"every second {statistics.median(often):.2f} s, never {statistics.median(never):.2f} s, "
          f"median ratio {ratio:.4f}, spread {min(never):.2f} to {max(never):.2f} s")  # fmt: skip


if __name__ == "__main__":
    main()
