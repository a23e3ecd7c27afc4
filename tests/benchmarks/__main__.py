"""``make bench``: the tables, ours beside what people would use instead, in one interleaved run.

Each measurement is a process of its own; the contenders take turns, so that a machine whose speed
drifts is unkind to all of them alike. Prints medians with their spread, and writes everything to a
JSON file.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from engine.networks.architectures import ARCHITECTURES
from engine.numerics.cores import usable_cores
from engine.numerics.device import device_name
from tests.benchmarks.limits import matmul_rates, training_operations
from tests.benchmarks.process import memory, start_up
from tests.benchmarks.task import Task

MODELS = tuple(ARCHITECTURES)
PACKAGES = {"keras": "tensorflow", "art": "art", "lucent": "lucent"}


@dataclass(slots=True)
class Row:
    """One contender of a table, and its seconds, one for each round."""

    name: str
    task: Task
    times: float = 1.0  # how often the task would have to be done to be comparable
    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


@dataclass(slots=True)
class Table:
    """Contenders at the same work; the first one is ours."""

    title: str
    rows: list[Row]
    note: str = ""

    def measure(self, rounds: int) -> None:
        """Let the contenders take turns."""
        rows = [row for row in self.rows if _installed(row.task.who)]
        missing = sorted({row.task.who for row in self.rows} - {row.task.who for row in rows})
        if missing:
            words = ", ".join(PACKAGES[who] for who in missing)
            self.note = f"{self.note} Left out, not installed: {words}.".strip()
        self.rows = rows
        for round_ in range(rounds):
            for row in rows:
                row.seconds.append(row.task.measure() * row.times)
                print(f"  {round_ + 1}/{rounds} {row.name}: {row.seconds[-1]:.3f} s",
                      file=sys.stderr, flush=True)  # fmt: skip

    def print(self) -> None:
        """Print medians, spread and ratios as Markdown."""
        print(f"\n**{self.title}**\n\n| | median | lowest to highest | ratio |\n|---|---|---|---|")
        for row in self.rows:
            low, high = min(row.seconds), max(row.seconds)
            ratio = row.median / self.rows[0].median
            print(f"| {row.name} | {_seconds(row.median)} | {_seconds(low)} to {_seconds(high)} | "
                  f"{ratio:.2f} |")  # fmt: skip
        if self.note:
            print(f"\n{self.note}")


def _installed(who: str) -> bool:
    return who not in PACKAGES or find_spec(PACKAGES[who]) is not None


def _seconds(value: float) -> str:
    return f"{value * 1000:.1f} ms" if value < 0.1 else f"{value:.2f} s"


def tables(base: Task, section_epochs: int) -> list[Table]:
    """Return the comparisons: training, evaluation, section 1, noise, neurons, growth."""

    def ours(name: str = "ours", **what) -> Row:
        return Row(name, replace(base, who="ours", **what))

    def theirs(who: str, name: str, times: float = 1.0, **what) -> Row:
        return Row(name, replace(base, who=who, **what), times)

    found = []
    for model in MODELS:
        epoch = {"what": "epoch", "model": model}
        found.append(Table(f"One epoch of {model}, and judging", [
            ours(**epoch),
            ours("ours, float32", **epoch, precision="fp32"),
            theirs("plain", "DataLoader loop", **epoch),
            theirs("keras", "Keras on TensorFlow", **epoch),
        ]))  # fmt: skip
    evaluation = {"what": "evaluation"}
    found.append(Table("Evaluating 10,000 images with two-conv-fc", [
        ours(**evaluation),
        ours("ours, float32", **evaluation, precision="fp32"),
        theirs("plain", "plain PyTorch, 1,000 a batch", **evaluation),
        theirs("keras", "Keras on TensorFlow", **evaluation),
    ]))  # fmt: skip
    section = {"what": "section", "models": MODELS, "epochs": section_epochs}
    found.append(Table(
        f"Section 1: three models, {section_epochs} epochs, validation every 10 steps",
        [
            ours(**section),
            ours("ours, float32", **section, precision="fp32"),
            theirs("keras", "Keras on TensorFlow", **section),
        ],
    ))  # fmt: skip
    found.append(Table("Ten noises of 100 steps, and judging", [
        ours(what="noise"),
        theirs("plain", "ten plain PyTorch loops", what="noise"),
        theirs("art", "ART, one label on 100 images, times ten", 10.0, what="noise", count=1),
    ]))  # fmt: skip
    found.append(Table("74 neurons of 100 steps, and judging", [
        ours(what="neurons", count=74),
        theirs("plain", "74 plain PyTorch loops", what="neurons", count=74),
        theirs("lucent", "lucent, one logit, times 74", 74.0, what="neurons", count=1),
    ]))  # fmt: skip
    found.append(Table("How the cost grows", [
        *(ours(f"noises: {n}", what="noise", count=n) for n in (1, 2, 5, 10)),
        *(ours(f"neurons: {n}", what="neurons", count=n) for n in (1, 10, 74)),
        *(ours(f"epoch of two-conv-fc, {n} images a step", what="epoch", batch_size=n)
          for n in (32, 128, 512)),
    ]))  # fmt: skip
    return found


def train_networks(artifacts: str, data_root: str) -> dict[str, str]:
    """Train one epoch of each model, for what looks at a network; return the runs by model."""
    options = ["--epochs", "1", "--data-root", data_root, "--artifacts", artifacts, "--quiet"]
    command = [sys.executable, "-m", "tui.cli", "run", "train", "--dataset", "mnist", *options]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return dict(zip(MODELS, sorted(os.listdir(artifacts)), strict=True))


def machine() -> dict[str, str | int]:
    """Return what the figures were taken on."""
    import torch

    cuda = torch.cuda.is_available()
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": device_name(torch.device("cpu")),
        "cores": usable_cores(),
        "gpu": torch.cuda.get_device_name() if cuda else "none",
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "mnist-tui": metadata.version("mnist-tui"),
    }


def main() -> None:
    """Measure everything that was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument(
        "--data-root", default=os.environ.get("MNIST_TUI_DATA_ROOT"), required=False
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--section-epochs", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=[], help="words that a table's title contains")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", default="benchmarks.json", help="file that the figures go to")
    options = parser.parse_args()
    if not options.data_root:
        parser.error("say where MNIST is: --data-root or MNIST_TUI_DATA_ROOT")
    report: dict = {"machine": machine(), "tables": {}}
    print(", ".join(f"{name}: {value}" for name, value in report["machine"].items()))
    with tempfile.TemporaryDirectory() as artifacts:
        base = Task(who="ours", what="", data_root=os.path.abspath(options.data_root),
                    artifacts=artifacts, device=options.device)  # fmt: skip
        base = replace(base, runs=train_networks(artifacts, base.data_root))
        chosen = [
            table for table in tables(base, options.section_epochs)
            if not options.only or any(word in table.title for word in options.only)
        ]  # fmt: skip
        for table in chosen:
            table.measure(options.rounds)
            table.print()
            report["tables"][table.title] = {row.name: row.seconds for row in table.rows}
    if not options.only or "limits" in options.only:
        report["limits"] = matmul_rates() | {
            "section_1_operations": training_operations(options.section_epochs)
        }
        print_limits(report)
    if not options.only or "process" in options.only:
        report["start_up"] = start_up(base.data_root, options.rounds)
        report["memory"] = memory(base.data_root)
        for name, seconds in report["start_up"].items():
            print(f"{name}: {_seconds(statistics.median(seconds))}")
        taken = report["start_up"]
        later = [
            step - torch for step, torch in zip(taken["first step"], taken["import torch"],
                                                strict=True)
        ]  # fmt: skip
        print(f"first step after import torch: {_seconds(statistics.median(later))}")
        for name, size in report["memory"].items():
            print(f"peak memory, {name}: {size / 2**20:,.0f} MB")
    Path(options.json).write_text(json.dumps(report, indent=1) + "\n")


def print_limits(report: dict) -> None:
    """Print how near section 1 comes to what its arithmetic takes at the machine's rate."""
    limits = report["limits"]
    operations = limits["section_1_operations"]
    print(f"\nMatrix products: {limits['float32'] / 1e9:,.0f} GFLOP/s in float32, "
          f"{limits['bfloat16'] / 1e9:,.0f} in bf16.")  # fmt: skip
    for title, rows in report["tables"].items():
        if title.startswith("Section 1"):
            for name, kind in (("ours, float32", "float32"), ("ours", "bfloat16")):
                least = operations / limits[kind]
                ratio = statistics.median(rows[name]) / least
                print(f"{name}: {ratio:.2f} times the {least:.1f} s of its arithmetic in {kind}.")


if __name__ == "__main__":
    main()
