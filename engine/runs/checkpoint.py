"""Checkpoints: what a run needs to resume as if it had never stopped.

A checkpoint is a copy of the experiment's state at a Progress and the length of the journal there.
To resume is to cut the journal to that length and to load the state: no step is shown twice, none
is missing. The copy is taken on the training's thread; serializing, syncing and renaming are done
by another, so that the training waits for a memory copy alone.
"""

import io
import threading
import time
from dataclasses import dataclass
from typing import Any, TypedDict

import torch

from engine.errors import EngineError, Unsound
from engine.files.reader import DamagedFile
from engine.files.values import Positive, Size, check
from engine.networks.network import load_state
from engine.runs.events import Progress
from engine.runs.run import Run
from engine.runs.schema import JOURNAL_FILE

CHECKPOINT_FILE = "checkpoint.pt"
INTERVAL = 1.0  # seconds of training between two checkpoints
START_OVER = "delete it to start over"


@dataclass(frozen=True, slots=True)
class Saved:
    """What a checkpoint holds: ``state`` for ``load_state_dict``, seconds and journal so far."""

    state: dict[str, Any]
    seconds: float
    journal: int  # bytes


class _SavedValues(TypedDict):
    """The rest of a checkpoint beside the state."""

    seconds: Size
    journal: Positive


class Checkpointer:
    """Writes a run's checkpoints, one at a time. Close it, or use it as a context manager."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._writer: threading.Thread | None = None
        self._error: Exception | None = None
        self._last = time.monotonic()
        self._begun: int | None = None  # the step of the checkpoint that is being written
        self.step: int | None = None  # of the last one that was begun

    def due(self, *, epoch_ends: bool) -> bool:
        """Tell whether the next one is due and the last one has been written."""
        late = time.monotonic() - self._last >= INTERVAL
        return (late or epoch_ends) and not self._busy

    @property
    def _busy(self) -> bool:
        return self._writer is not None and self._writer.is_alive()

    def begin(self, state: dict[str, Any], seconds: float, journal: int) -> None:
        """Copy the state and write it in the background; call ``wait`` for the last one first."""
        self._last = time.monotonic()
        saved = {"state": copied(state), "seconds": seconds, "journal": journal}
        self._begun = self.step = state["step"]
        self._writer = threading.Thread(target=self._write, args=(saved,), name="checkpoint")
        self._writer.start()

    def _write(self, saved: dict[str, Any]) -> None:
        try:
            buffer = io.BytesIO()
            torch.save(saved, buffer)
            self._run.sync(JOURNAL_FILE)  # a checkpoint must never know more than it
            self._run.write(CHECKPOINT_FILE, buffer.getbuffer())
        except Exception as error:  # raised in the thread that drives the run
            self._error = error

    def written(self) -> int | None:
        """Return the step of a checkpoint that was finished since the last call.

        Raises what kept it from being written.
        """
        if self._begun is None or self._busy:
            return None
        return self.wait()

    def wait(self) -> int | None:
        """Wait for the checkpoint that is being written, if any, and return its step.

        Raises what kept it from being written.
        """
        if self._writer is not None:
            self._writer.join()
            self._writer = None
        error, self._error = self._error, None
        step, self._begun = self._begun, None
        if error is not None:
            raise error
        return step

    def __enter__(self) -> "Checkpointer":
        return self

    def __exit__(self, *exception: object) -> None:
        if self._writer is not None:
            self._writer.join()


def read_checkpoint(run: Run, begun: dict[str, Any], steps: int) -> Saved | None:
    """Return a run's checkpoint, None where it has none.

    ``begun`` is the state of the same experiment at its start, and ``steps`` those of the whole
    run. Raises DamagedFile unless the checkpoint holds such a state.
    """
    path = run.path / CHECKPOINT_FILE
    try:
        saved = load_state(path, _bytes(begun), START_OVER)
    except FileNotFoundError:
        return None
    try:
        if not isinstance(saved, dict) or "state" not in saved:
            raise Unsound("it is not a checkpoint")
        found = check({k: v for k, v in saved.items() if k != "state"}, _SavedValues)
        _check_alike(saved["state"], begun, "state")
        if not 0 <= (step := saved["state"]["step"]) <= steps:
            raise Unsound(f"step {step} of {steps}")
        told, damaged = _told(run, found["journal"])
        if told > step or (told < step and not damaged):
            raise Unsound(f"it is of step {step}, where the journal is at step {told}")
    except Unsound as error:
        raise DamagedFile(path, str(error), START_OVER) from None
    return Saved(saved["state"], found["seconds"], found["journal"])


def _told(run: Run, size: int) -> tuple[int, int]:
    """Return the last step measured in a journal's first bytes, and how many lines are damaged.

    Raises EngineError where the journal has not that many, or they do not end a line.
    """
    rest, step = size, 0
    parser = run.parser()
    for line in run.lines():
        if rest <= 0:
            break
        rest -= len(line)
        if isinstance(event := parser.event(line), Progress):
            step = event.step
    if rest:
        path = run.path / JOURNAL_FILE
        raise EngineError(f"{path} has lost lines that the checkpoint builds on.")
    return step, parser.damaged


def _bytes(value: Any) -> int:
    """Return what a state's tensors take."""
    if isinstance(value, torch.Tensor):
        return value.nbytes
    if isinstance(value, dict):
        value = list(value.values())
    return sum(map(_bytes, value)) if isinstance(value, (list, tuple)) else 0


def _check_alike(found: Any, wanted: Any, name: str) -> None:
    """Raise Unsound unless two states have the same parts, and tensors of the same shapes."""
    if isinstance(wanted, torch.Tensor):
        alike = isinstance(found, torch.Tensor) and (found.shape, found.dtype) == (
            wanted.shape, wanted.dtype
        )  # fmt: skip
    elif isinstance(wanted, dict):
        alike = isinstance(found, dict) and set(found) == set(wanted)
    elif isinstance(wanted, (list, tuple)):
        alike = isinstance(found, (list, tuple)) and len(found) == len(wanted)
    else:
        alike = type(found) is type(wanted)
    if not alike:
        raise Unsound(f"{name} is not that of such a run")
    if isinstance(wanted, dict):
        for part, value in wanted.items():
            _check_alike(found[part], value, f"{name}.{part}")
    elif isinstance(wanted, (list, tuple)):
        for place, value in enumerate(wanted):
            _check_alike(found[place], value, f"{name}[{place}]")


def copied(value: Any) -> Any:
    """Return a copy of a state whose tensors share no memory with it; on the CPU."""
    if isinstance(value, torch.Tensor):
        return value.detach().to("cpu", copy=True)
    if isinstance(value, dict):
        return {name: copied(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [copied(item) for item in value]
    return value
