"""From a config to an experiment that can be driven: the one place that knows all sections."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from engine.adversarial import CraftState, craft
from engine.config import (
    AdversarialConfig,
    NetworkConfig,
    RunConfig,
    TrainConfig,
    VisualizeConfig,
)
from engine.data import Dataset
from engine.device import Device
from engine.events import Event
from engine.models import Network, load_network
from engine.train import TrainState, train
from engine.visualize import AscentState, ascend

CHECKPOINT_INTERVAL = 100  # steps, in the sections that have no epochs


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
    """Return the experiment that ``config``, resolved, describes. Raises MnistTuiError."""
    match config:
        case TrainConfig():
            state = TrainState.begin(config, device)
            return Experiment(
                state=state,
                events=train(config, data, device, state),
                steps=config.total_steps(len(data.train)),
                checkpoint_interval=config.steps_per_epoch(len(data.train)),
            )
        case AdversarialConfig():
            network, others = load_networks(config, device)
            state = CraftState.begin(config, device)
            return Experiment(
                state=state,
                events=craft(config, data, device, network, others, state),
                steps=config.steps,
                checkpoint_interval=CHECKPOINT_INTERVAL,
            )
        case VisualizeConfig():
            network, others = load_networks(config, device)
            state = AscentState.begin(config, network)
            return Experiment(
                state=state,
                events=ascend(config, data, device, network, others, state),
                steps=config.steps,
                checkpoint_interval=CHECKPOINT_INTERVAL,
            )
    raise TypeError(f"no experiment for {type(config).__name__}")


def load_networks(config: NetworkConfig, device: Device) -> tuple[Network, dict[str, Network]]:
    """Return the network that is looked at and the other models' networks, frozen."""
    artifacts = Path(config.artifacts)

    def load(run: str, model: str) -> Network:
        return load_network(artifacts / run / "weights.pt", model, device.torch_device)

    others = {model: load(run, model) for model, run in (config.other_runs or {}).items()}
    return load(config.run, config.model), others
