"""Real processes of the command line, waited for by what they leave on disk."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from engine.runs.lock import holder_of, is_driven
from engine.runs.store import list_runs

COMMAND = [sys.executable, "-m", "tui.cli"]


def start(*arguments, **options):
    """Start a command and return its process."""
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        **options,
    )  # fmt: skip


def call(*arguments, **options):
    """Run a command; return its exit code and what it wrote on both streams."""
    process = start(*arguments, **options)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def wait_for(condition, seconds=60):
    """Wait until something holds, and return it."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "what was waited for did not happen"
        time.sleep(0.02)
    return found


def progress_of(run):
    """Return the last step that a run told of, 0 before the first."""
    steps = [event.step for event in run.events() if event.kind == "progress"]
    return steps[-1] if steps else 0


def comparable(run):
    """Return what two equal runs share: files by their bytes, journal and result by content."""
    files = {
        name: (run.path / name).read_bytes()
        for name in ("weights.pt", "noise.npy", "images.npy", "answers.npz", "model.py")
        if (run.path / name).exists()
    }
    lines = [json.loads(line) for line in (run.path / "events.jsonl").read_text().splitlines()]
    kept = [line for line in lines if line["event"] in ("progress", "preview", "finished")]
    journal = [{key: value for key, value in line.items() if key != "time"} for line in kept]
    result = run.read_result() | {"seconds": None, "images_per_second": None}
    return files, journal, result


def kill_detached(artifacts):
    """Kill whatever still drives a run in a folder."""
    deadline = time.monotonic() + 30
    for run in list_runs(Path(artifacts)):
        while is_driven(run.path):
            assert time.monotonic() < deadline, f"what drives {run.id} cannot be killed"
            if pid := holder_of(run.path).pid:  # 0 would be our own group
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)
