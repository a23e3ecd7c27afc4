"""One thing to be measured by one contender in a process of its own."""

import dataclasses
import json
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is to be done; ``who`` is the module of the contender."""

    who: str  # ours, plain, keras, art, lucent
    what: str  # epoch, evaluation, section, noise, neurons
    data_root: str
    artifacts: str = ""  # a folder with trained networks, for what looks at one
    runs: dict[str, str] = field(default_factory=dict)  # those networks' runs by model
    model: str = "two-conv-fc"
    models: tuple[str, ...] = ()
    epochs: int = 1
    batch_size: int = 128
    count: int = 10  # labels or neurons
    device: str = "cpu"
    precision: str = "auto"
    threads: int | None = None

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Build a task from ``to_json``'s text."""
        return cls(**json.loads(text))

    def to_json(self) -> str:
        """Return all fields as JSON."""
        return json.dumps(dataclasses.asdict(self))

    def measure(self) -> float:
        """Return the seconds that it takes, by a process of its own."""
        command = [sys.executable, "-m", "tests.benchmarks.task", self.to_json()]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{self.who} {self.what}: {done.stderr.strip().splitlines()[-1]}")
        return float(done.stdout.splitlines()[-1])


def main() -> None:
    """Measure the task in the first argument and print the seconds."""
    from importlib import import_module

    task = Task.from_json(sys.argv[1])
    print(import_module(f"tests.benchmarks.{task.who}").measure(task))


if __name__ == "__main__":
    main()
