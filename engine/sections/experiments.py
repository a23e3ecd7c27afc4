"""From a config to an experiment that can be driven: the one place that knows all sections."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch

from engine.config import (
    AdversarialConfig,
    NetworkConfig,
    RunConfig,
    TrainConfig,
    VisualizeConfig,
)
from engine.data.dataset import Dataset
from engine.errors import MissingNetwork
from engine.files.reader import run_beside
from engine.networks.network import Network, load_network
from engine.numerics.device import Device
from engine.runs.events import Event, real
from engine.runs.store import Run
from engine.sections.adversarial.craft import CraftState, craft
from engine.sections.train.loop import TrainState, train
from engine.sections.visualize.ascend import AscentState, ascend
from engine.sections.visualize.rules import StoredImages

Networks = tuple[Network, dict[str, Network]]  # the one looked at, and the others by model

WEIGHTS_FILE = "weights.pt"
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
            return _train(config, data, device, TrainState.begin(config, device))
        case AdversarialConfig():
            networks = load_networks(config, device)
            state = CraftState.begin(config, device)
            return _looking(config, state, craft(config, data, device, *networks, state))
        case VisualizeConfig():
            networks = load_networks(config, device)
            state = AscentState.begin(config, networks[0])
            return _looking(config, state, ascend(config, data, device, *networks, state))
    raise TypeError(f"no experiment for {type(config).__name__}")


def at_its_end(
    config: RunConfig, data: Dataset, device: Device, folder: Path, figures: dict[str, Any]
) -> Experiment:
    """Return the experiment with nothing left to do but the judging of what a run's files hold.

    ``figures`` are the run's; what only its course could tell (start activations, restarts) is
    taken from them. Raises EngineError where a file is missing or damaged.
    """
    match config:
        case TrainConfig():
            state = TrainState.begin(config, device)
            state.network = load_network(folder / "weights.pt", config.model, device.torch_device)
            experiment = _train(config, data, device, state)
        case AdversarialConfig():
            state = CraftState.begin(config, device)
            state.noise.copy_(torch.from_numpy(Run(folder).array()))
            networks = load_networks(config, device)
            experiment = _looking(config, state, craft(config, data, device, *networks, state))
        case VisualizeConfig():
            networks = load_networks(config, device)
            images = torch.from_numpy(Run(folder).array()).to(device.torch_device)
            told = figures["neurons"]
            state = AscentState(
                StoredImages(networks[0], config.targets, images),
                [neuron["restarts"] for neuron in told],
                torch.tensor([real(neuron["activation_start"]) for neuron in told]),
            )
            experiment = _looking(config, state, ascend(config, data, device, *networks, state))
        case _:
            raise TypeError(f"no experiment for {type(config).__name__}")
    state.step = experiment.steps
    return experiment


def _train(config: TrainConfig, data: Dataset, device: Device, state: TrainState) -> Experiment:
    return Experiment(
        state=state,
        events=train(config, data, device, state),
        steps=config.total_steps(len(data.train)),
        checkpoint_interval=config.steps_per_epoch(len(data.train)),
    )


def _looking(config: NetworkConfig, state: State, events: Iterator[Event]) -> Experiment:
    return Experiment(
        state=state, events=events, steps=config.steps, checkpoint_interval=CHECKPOINT_INTERVAL
    )


def load_networks(config: NetworkConfig, device: Device, *, others: bool = True) -> Networks:
    """Return the network that is looked at and the other models' networks, frozen.

    Without ``others`` it is the first alone. Raises MissingNetwork where the run of one is not
    there any more, and EngineError where its weights are damaged.
    """
    artifacts = Path(config.artifacts)

    def load(run: str, model: str) -> Network:
        folder = run_beside(artifacts, run)
        if is_missing(artifacts, run):
            raise MissingNetwork(
                f"The network of run {run} is not in {artifacts} any more; what builds on it can "
                "be neither resumed nor checked."
            )
        return load_network(folder / WEIGHTS_FILE, model, device.torch_device)

    runs = config.other_runs or {} if others else {}
    return load(config.run, config.model), {model: load(run, model) for model, run in runs.items()}


def is_missing(artifacts: Path, run: str) -> bool:
    """Tell whether a run's network is not there any more, as the run has been removed."""
    return not os.path.lexists(artifacts / run / WEIGHTS_FILE)
