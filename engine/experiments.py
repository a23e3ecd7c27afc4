"""From a config to an experiment that can be driven: the one place that knows all sections."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from engine.config import RunConfig, TrainConfig
from engine.data import Dataset
from engine.device import Device
from engine.events import Event
from engine.train import TrainState, train


class State(Protocol):
    """What an experiment changes as it goes; complete at each Progress event."""

    step: int

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint must hold."""

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Take over what ``state_dict`` returned."""

    def files(self) -> dict[str, bytes]:
        """Return the files that a finished run leaves, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """A state and the generator that moves it."""

    state: State
    events: Iterator[Event]
    steps: int  # of the whole run
    checkpoint_interval: int  # steps between two checkpoints


def begin(config: RunConfig, data: Dataset, device: Device) -> Experiment:
    """Return the experiment that ``config``, resolved, describes."""
    match config:
        case TrainConfig():
            state = TrainState.begin(config, device)
            return Experiment(
                state=state,
                events=train(config, data, device, state),
                steps=config.total_steps(len(data.train)),
                checkpoint_interval=config.steps_per_epoch(len(data.train)),
            )
    raise TypeError(f"no experiment for {type(config).__name__}")
