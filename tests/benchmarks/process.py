"""What a process costs before and around the work: start-up and memory."""

import json
import os
import subprocess
import sys
import tempfile
import time

from tests.benchmarks.app import first_frame

COMMAND = [sys.executable, "-m", "tui.cli"]
IMPORT_TORCH = "import torch; print(flush=True)"


def start_up(data_root: str, rounds: int) -> dict[str, list[float]]:
    """Return seconds until help is printed, the app's first frame is, torch is imported (which the
    end of that process is not part of), and the first ten steps are told of.
    """
    found: dict[str, list[float]] = {}
    for _ in range(rounds):
        taken = {
            "--help": _seconds([*COMMAND, "--help"]),
            "first frame": _first_frame(),
            "import torch": _first_line([sys.executable, "-c", IMPORT_TORCH]),
            "first step": _first_step(data_root),
        }
        for name, seconds in taken.items():
            found.setdefault(name, []).append(seconds)
    return found


def _seconds(command: list[str]) -> float:
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def _first_frame() -> float:
    with tempfile.TemporaryDirectory() as home:
        return first_frame({"XDG_CONFIG_HOME": home})


def _first_step(data_root: str) -> float:
    """Return the seconds from the start of a command to the first ten steps, data included."""
    with tempfile.TemporaryDirectory() as folder:
        options = ["--data-root", data_root, "--artifacts", folder, "--model", "two-conv-fc",
                   "--validation-interval", "1000"]  # fmt: skip
        command = [*COMMAND, "run", "train", "--dataset", "mnist", *options, "--json"]
        return _first_line(command, event="progress")


def _first_line(command: list[str], event: str = "") -> float:
    """Return the seconds to a command's first line on standard output, or to that of an event."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if not event or json.loads(line)["event"] == event:
            break
    seconds = time.perf_counter() - begin
    process.kill()
    process.communicate()
    return seconds


def memory(data_root: str) -> dict[str, int]:
    """Return peak resident bytes of ``import torch`` and of a training of each precision."""
    found = {"import torch": _peak([sys.executable, "-c", "import torch"])}
    for precision in ("fp32", "auto"):
        with tempfile.TemporaryDirectory() as folder:
            options = ["--data-root", data_root, "--artifacts", folder, "--epochs", "1"]
            found[f"run train, {precision}"] = _peak([
                *COMMAND, "run", "train", "--dataset", "mnist", "--model", "two-conv-fc",
                "--precision", precision, *options, "--quiet",
            ])  # fmt: skip
    return found


def _peak(command: list[str]) -> int:
    """Return the peak resident bytes of a command."""
    pid = os.fork()
    if pid == 0:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        os.execv(command[0], command)
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise RuntimeError(f"{command} failed")
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
