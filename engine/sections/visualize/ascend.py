"""Images that excite single neurons (report, section 3): a generator of events over a state."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.config import VisualizeConfig
from engine.data.dataset import Dataset
from engine.networks.network import Network
from engine.numerics.device import Device
from engine.runs.events import Event, Finished, Preview, Progress, Working
from engine.runs.store import npy_bytes
from engine.sections.visualize.neurons import NaturalResponse, own_activations
from engine.sections.visualize.rules import ReportAscent, TunedAscent, begin_ascent

EVENT_INTERVAL = 5  # steps between two Progress events
PREVIEW_INTERVAL = 10


@dataclass(slots=True)
class AscentState:
    """Everything that the ascent changes; complete at each Progress event."""

    ascent: ReportAscent | TunedAscent
    restarts: list[int]  # [M], how often each neuron was started again
    activation_start: Tensor  # [M]
    step: int = 0

    @classmethod
    def begin(cls, config: VisualizeConfig, network: Network) -> "AscentState":
        """Return the state before the first step, every neuron where it has a gradient."""
        rule = ReportAscent if config.recipe == "assignment" else TunedAscent
        ascent, restarts = begin_ascent(rule, network, config.targets, config.seed)
        return cls(ascent, restarts, activations(ascent))

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint must hold."""
        return {"step": self.step, **self.ascent.tensors}

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Take over what ``state_dict`` returned."""
        for name, tensor in self.ascent.tensors.items():
            tensor.copy_(saved[name])
        self.step = saved["step"]

    def files(self) -> dict[str, bytes]:
        """Return the files that a finished run leaves, by name."""
        return {"images.npy": npy_bytes(self.ascent.images.cpu().numpy())}


@torch.no_grad()
def activations(ascent: ReportAscent | TunedAscent, *, clamped: bool = False) -> Tensor:
    """Return each neuron's activation on its own image [M], clamped to [0, 1] or as it is."""
    images = ascent.images.clamp(0, 1) if clamped else ascent.images
    return own_activations(ascent.network.activations(images), ascent.neurons)


def ascend(
    config: VisualizeConfig,
    data: Dataset,
    device: Device,
    network: Network,
    others: Mapping[str, Network],
    state: AscentState,
) -> Iterator[Event]:
    """Climb from ``state.step`` to ``config.steps``, then hold the images against the test set.

    Progress: series ``activation`` [S, M], each neuron on its own image after the step (the
    report's cost). Previews: ``images`` [M, H, W]; at the end ``exemplars`` [9 M, H, W], the nine
    test images that excite each neuron most, strongest first. Float32 throughout: 74 images a step
    are too few for bf16 to gain anything.
    """
    if state.step == 0:
        yield _preview(state)
    rows: list[Tensor] = []
    while state.step < config.steps:
        state.ascent.step(state.step, config.steps, config.seed)
        state.step += 1
        rows.append(activations(state.ascent))
        if len(rows) < EVENT_INTERVAL and state.step < config.steps:
            continue
        if state.step % PREVIEW_INTERVAL == 0 or state.step == config.steps:
            yield _preview(state)
        series = torch.stack(rows).cpu().numpy()
        yield Progress(step=state.step, series={"activation": series})
        rows.clear()

    yield Working(step=state.step, doing="looking through the test images")
    figures = _figures(config, data, device, network, others, state)
    strongest = [index for one in figures["neurons"] for index in one["top_test_images"]]
    exemplars = data.test.images[strongest]
    yield Preview(step=state.step, name="exemplars", images=exemplars)
    yield Finished(step=state.step, figures=figures)


def _preview(state: AscentState) -> Preview:
    """Return the images; unbounded ones each from its own darkest to its own brightest pixel."""
    images = state.ascent.images.squeeze(1).cpu().numpy()
    values: dict[str, Any] = {}
    if isinstance(state.ascent, ReportAscent):
        low = images.min((1, 2), keepdims=True)
        high = images.max((1, 2), keepdims=True)
        images = (images - low) / np.maximum(high - low, 1e-12)
        values = {"lows": low.ravel(), "highs": high.ravel()}
    return Preview.quantized(
        step=state.step, name="images", images=images, low=0.0, high=1.0, **values
    )


def _figures(
    config: VisualizeConfig,
    data: Dataset,
    device: Device,
    network: Network,
    others: Mapping[str, Network],
    state: AscentState,
) -> dict[str, Any]:
    ascent = state.ascent
    test, _ = device.place(data.test)
    response = NaturalResponse.measure(network, test, ascent.neurons, device)
    clamped = activations(ascent, clamped=True).tolist()
    ends = activations(ascent).tolist()
    with torch.no_grad():
        images = ascent.images.clamp(0, 1)
        answers = {
            config.other_runs[model]: other(images).argmax(1).tolist()
            for model, other in others.items()
        }
    described = []
    for m, neuron in enumerate(ascent.neurons):
        rows, columns = neuron.receptive_field
        one = {
            "layer": neuron.layer,
            "index": neuron.index,
            "position": list(neuron.position) if neuron.position else None,
            "activation_start": state.activation_start[m].item(),
            "activation_end": ends[m],
            "activation_clamped": clamped[m],
            "percentile": response.percentile(m, clamped[m]),
            "dead": response.dead(m),
            "restarts": state.restarts[m],
            "receptive_field": [rows.stop - rows.start, columns.stop - columns.start],
            "top_test_images": response.strongest(m),
        }
        if neuron.layer == "logits":
            one["read_as"] = {run: read[m] for run, read in answers.items()}
        described.append(one)
    return {"model_run": config.run, "model": config.model, "neurons": described}
