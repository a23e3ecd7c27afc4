"""What the sections share that look at a network which was trained before."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from engine.config import DATASETS, RECIPES, RunConfig
from engine.errors import EngineError, MissingNetwork, Unsound, UsageError
from engine.files.values import MOST_CLASSES, is_model
from engine.networks.architectures import (
    ARCHITECTURES,
    BEST_MODEL,
    CLASSES,
    SIDE,
    WEIGHTS_FILE,
    layout_of,
)
from engine.networks.layout import Layout
from engine.options import option, short, unasked
from engine.runs.run import is_id, run_beside
from engine.sections.section import Made, Section
from engine.sections.train.chance import REMEDY

if TYPE_CHECKING:
    from engine.networks.stored import AnyNetwork
    from engine.numerics.device import Device
    from engine.runs.run import Run


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkConfig(RunConfig):
    """A run that looks at a network, as asked."""

    run: str | None = option(
        None,
        "Training run to take the network from, by its id or model; by default, the newest "
        "two-conv-fc run.",
    )
    recipe: str = option(
        "tuned", "assignment: the course report's rule; tuned: our best.", choices=RECIPES
    )
    steps: int | None = option(None, "Steps to take.", low=1, high=100_000)
    model: str | None = unasked()  # the network of ``run``
    other_runs: dict[str, str] | None = None  # runs of the other models, by model

    def __post_init__(self) -> None:
        RunConfig.__post_init__(self)
        if self.model is not None and not is_model(self.model):
            raise UsageError(f"--model must be the name of a model, not {short(self.model)}.")

    @property
    def title(self) -> str:
        """What the run is, in a word or two."""
        return self.model or BEST_MODEL


@dataclass(frozen=True, kw_only=True, slots=True)
class ResolvedNetworkConfig(NetworkConfig):
    """A run that looks at a network, with nothing left open."""

    run: str
    steps: int
    model: str
    classes: int = CLASSES  # which the first runs did not say
    side: int = SIDE

    @property
    def network(self) -> Layout:
        """The layers of the network that is looked at. Raises Unsound."""
        return layout_of(self.model, self.side, self.classes, self.layout)

    @property
    def others(self) -> Mapping[str, str]:
        """The runs of the other models' networks, by model."""
        return self.other_runs or {}


def most_classes(config: NetworkConfig) -> int:
    """Return how many classes there may be: only a file of one's own may have more than ten."""
    if config.classes is not None:
        return config.classes
    return CLASSES if config.run is None and config.dataset in DATASETS else MOST_CLASSES


def numbers_below(count: int, name: str, chosen: Iterable[int]) -> tuple[int, ...]:
    """Return the distinct numbers chosen; raise UsageError unless all are in 0..count-1."""
    for number in chosen:
        if not 0 <= number < count:
            raise UsageError(f"{name} must be between 0 and {count - 1}, not {number}.")
    return tuple(dict.fromkeys(chosen))


Looking = TypeVar("Looking", bound=ResolvedNetworkConfig)


class LooksAtNetwork(Section[Looking, Made]):
    """A section whose runs look at a network."""

    needs_network = True
    flaw = "network at chance"

    def check_config(self, config: Looking) -> None:
        """Raise Unsound unless networks are named by ids of runs, and something is asked for."""
        runs = (config.run, *config.others.values())
        if not all(map(is_id, runs)) or not all(map(is_model, (config.model, *config.others))):
            raise Unsound("run and other_runs must be ids of runs, by model")
        layout_of(config.model, config.side, config.classes, config.layout)
        if not self.rows(config):
            raise Unsound("nothing was asked for")

    def warning(self, run: "Run") -> str:
        """Return what to keep in mind about the network, "" if nothing. Raises EngineError."""
        network = run.read_info()["config"].get("run")
        words = network_warning(run.path.parent, network).removesuffix(REMEDY)
        return f"its network ({network}) {words}" if words else ""


def load_network_of(config: ResolvedNetworkConfig, device: "Device") -> "AnyNetwork":
    """Return the network that is looked at, frozen.

    Raises MissingNetwork where its run is gone, and EngineError where its weights are damaged.
    """
    return _load(config, config.run, config.model, device)


def load_networks_of(
    config: ResolvedNetworkConfig, device: "Device"
) -> "tuple[AnyNetwork, dict[str, AnyNetwork]]":
    """Return that network and those of the other models, by model. Raises as it does."""
    others = {model: _load(config, run, model, device) for model, run in config.others.items()}
    return load_network_of(config, device), others


def _load(config: ResolvedNetworkConfig, run: str, model: str, device: "Device") -> "AnyNetwork":
    from engine.networks.stored import load_trained
    from engine.runs.run import Run
    from engine.sections import find

    folder = _folder(Path(config.artifacts), run)
    if model in ARCHITECTURES:  # whose weights are all that it takes
        layout = layout_of(model, config.side, config.classes)
        return load_trained(folder, model, config.side, layout, None, device.torch_device)
    trained = Run(folder)
    known = trained.read_config()
    if (known.title, known.side, known.classes) != (model, config.side, config.classes):
        raise EngineError(f"Run {run} is not a training of {model} on such images.")
    network: AnyNetwork = find(known.section).load(known, trained, device)
    return network


def network_run(config: ResolvedNetworkConfig) -> "Run":
    """Return the run whose network is looked at. Raises MissingNetwork where it is gone."""
    from engine.runs.run import Run

    return Run(_folder(Path(config.artifacts), config.run))


def _folder(artifacts: Path, run: str) -> Path:
    folder = run_beside(artifacts, run)
    if is_missing(artifacts, run):
        raise MissingNetwork(
            f"The network of run {run} is no longer in {artifacts}; what builds on it can "
            "be neither resumed nor checked."
        )
    return folder


def is_missing(artifacts: Path, run: str) -> bool:
    """Tell whether a run's network is gone."""
    return not os.path.lexists(artifacts / run / WEIGHTS_FILE)


def network_warning(folder: Path, network: str) -> str:
    """Return what to keep in mind about a network, that of a training in a folder, or ""."""
    from engine.runs.run import Run
    from engine.sections import find

    try:
        trained = Run(run_beside(folder, network))
        section = find(trained.read_info()["section"])
        return section.warning(trained) if section.trains else ""
    except (EngineError, OSError):  # removed or damaged: reported elsewhere
        return ""
