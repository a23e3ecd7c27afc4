"""Checkpoints: what a run needs to go on as if it had never stopped.

A checkpoint is a copy of the experiment's state at a Progress and the length of the journal there.
To go on is to cut the journal to that length and to load the state: no step is shown twice, none
is missing. The copy is taken on the training's thread; serializing, syncing and renaming are done
by another, so that the training waits for a memory copy alone.
"""

import io
import threading
import time
from dataclasses import dataclass
from typing import Any

import torch

from engine.errors import EngineError
from engine.store import JOURNAL_FILE, Run

CHECKPOINT_FILE = "checkpoint.pt"
INTERVAL = 1.0  # seconds of training between two checkpoints


@dataclass(frozen=True, slots=True)
class Saved:
    """What a checkpoint holds: ``state`` for ``load_state_dict``, seconds and journal so far."""

    state: dict[str, Any]
    seconds: float
    journal: int  # bytes


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
        """Tell whether it is time for the next one and the last one is written."""
        late = time.monotonic() - self._last >= INTERVAL
        return (late or epoch_ends) and not self._busy

    @property
    def _busy(self) -> bool:
        return self._writer is not None and self._writer.is_alive()

    def begin(self, state: dict[str, Any], seconds: float, journal: int) -> None:
        """Copy the state and write it meanwhile; ``wait`` for the one before comes first."""
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
            self._run.write(CHECKPOINT_FILE, buffer.getvalue())
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


def read_checkpoint(run: Run) -> Saved | None:
    """Return a run's checkpoint, None where it has none. Raises EngineError where it is damaged."""
    path = run.path / CHECKPOINT_FILE
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
        return Saved(saved["state"], saved["seconds"], saved["journal"])
    except FileNotFoundError:
        return None
    except Exception as error:  # torch raises many kinds
        raise EngineError(f"{path} cannot be read ({error}); delete it to begin anew.") from None


def copied(value: Any) -> Any:
    """Return a copy of a state whose tensors share no memory with it; on the CPU."""
    if isinstance(value, torch.Tensor):
        return value.detach().to("cpu", copy=True)
    if isinstance(value, dict):
        return {name: copied(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [copied(item) for item in value]
    return value
