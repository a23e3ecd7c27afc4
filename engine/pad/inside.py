"""What goes on inside a network as it looks at a drawing, and what one of its neurons looks for."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from engine.data.dataset import Split
from engine.errors import EngineError
from engine.networks.architectures import EXEMPLARS
from engine.networks.layout import Layer, Neuron, neurons_of
from engine.networks.stored import AnyNetwork
from engine.numerics.device import Device
from engine.numerics.inference import evaluating, to_unit
from engine.pad.networks import Trained, undisturbed, undisturbing
from engine.runs.index import summaries
from engine.runs.run import Run
from engine.sections.visualize.ascend import AscentState, as_shown, ascend
from engine.sections.visualize.config import ResolvedVisualizeConfig, VisualizeConfig
from engine.sections.visualize.neurons import activations_of

MOST_MAPS = 512  # of a layer
AT_ONCE = 200  # images; between them it can be stopped
STEPS = 100  # of an image's ascent


@torch.no_grad()
def maps_of(network: AnyNetwork, layer: str, image: np.ndarray) -> np.ndarray:
    """Return a layer's activations for an image float32 [H, W]: [C, H, W], or [F, 1, 1] if flat.

    The first of very many. Raises EngineError.
    """
    with evaluating(network), undisturbed(network):
        found = network.activations(torch.from_numpy(np.ascontiguousarray(image))[None, None])
    values: np.ndarray = found[layer][0, :MOST_MAPS].float().numpy()
    return values if values.ndim == 3 else values.reshape(-1, 1, 1)


def neuron_at(layer: Layer, index: int) -> Neuron:
    """Return a neuron of a layer: of a spatial one, that at the centre of a map."""
    return neurons_of(layer)[index]


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """A neuron, as far as it is known by now.

    ``image`` float32 [H, W] excites it most, ``strongest`` are numbers of test images; None while
    they are sought. ``source`` is the run that the image is from, "" where it was drawn just now.
    """

    neuron: Neuron
    image: np.ndarray | None = None
    strongest: tuple[int, ...] | None = None
    source: str = ""
    dead: bool = False  # zero on all test images


def look_at(trained: Trained, neuron: Neuron, artifacts: Path) -> Look | None:
    """Return what a visualization of that network found of a neuron, None where there is none."""
    with suppress(EngineError):
        for summary in summaries(artifacts):
            if (summary.status, summary.network) == ("finished", trained.run.id):
                with suppress(EngineError, OSError):
                    if found := _looked_up(Run(artifacts / summary.run), neuron):
                        return found
    return None


def _looked_up(run: Run, neuron: Neuron) -> Look | None:
    config = run.read_config()
    if not isinstance(config, ResolvedVisualizeConfig) or neuron not in config.targets:
        return None
    row = config.targets.index(neuron)
    one = run.read_result()["neurons"][row]
    images, _ = as_shown(run.array()[row], config.recipe)
    return Look(neuron, images[0], tuple(one["top_test_images"]), run.id, one["dead"])


def look(
    trained: Trained, network: AnyNetwork, neuron: Neuron, test: Split | None, device: Device
) -> Iterator[Look]:
    """Seek a neuron's strongest test images, if there are any here, then climb to its own image.

    The network is on the device. Yields often, so that it can be stopped. Raises EngineError.
    """
    return undisturbing(network, _look(trained, network, neuron, test, device))


def _look(
    trained: Trained, network: AnyNetwork, neuron: Neuron, test: Split | None, device: Device
) -> Iterator[Look]:
    known = Look(neuron)
    if test is not None:
        values: list[Tensor] = []
        for part in device.place(test)[0].split(AT_ONCE):
            with torch.no_grad(), evaluating(network):
                values.append(activations_of(network.activations(to_unit(part)), [neuron])[:, 0])
            yield known
        answers = torch.cat(values).cpu().numpy()
        order = np.argsort(-answers, kind="stable")[:EXEMPLARS]
        known = Look(neuron, None, tuple(int(n) for n in order), "", not answers.any())
        yield known
    if known.dead:
        return
    config = _config(trained, neuron)
    state = AscentState.begin(config, network, {})
    for _ in ascend(config, state):
        images, _ = as_shown(state.ascent.images[:, 0].cpu().numpy(), config.recipe)
        known = Look(neuron, images[0], known.strongest)
        yield known


def _config(trained: Trained, neuron: Neuron) -> ResolvedVisualizeConfig:
    """Return the config of a visualization of one neuron."""
    training = trained.run.read_config()
    asked = VisualizeConfig(
        run=trained.run.id, layers=(neuron.layer,), neurons=(neuron.index,), steps=STEPS
    )
    resolved = asked.resolve(
        dataset=training.dataset, classes=len(trained.classes), side=trained.side,
        model=training.title, layout=training.layout, device="cpu", precision="fp32", threads=1,
        other_runs={},
    )  # fmt: skip
    assert isinstance(resolved, ResolvedVisualizeConfig)
    return resolved
