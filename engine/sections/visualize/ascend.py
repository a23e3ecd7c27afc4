"""Climbing to images that excite single neurons (course report, section 3)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.files.writer import npy_bytes
from engine.networks.layout import Neuron
from engine.networks.stored import AnyNetwork
from engine.numerics.ahead import Ahead
from engine.numerics.cuda_graph import Graphs
from engine.runs.events import Event, Notice, Preview, Progress
from engine.sections.visualize.config import ResolvedVisualizeConfig
from engine.sections.visualize.neurons import own_activations
from engine.sections.visualize.rules import Ascent, ReportAscent, Rule, TunedAscent, begin_ascent

EVENT_INTERVAL = 5  # steps between two Progress events
PREVIEW_INTERVAL = 10


@dataclass(frozen=True, slots=True)
class Climbed:
    """What a run makes: ``images`` [M, 1, H, W] of ``neurons``, with the networks that see them.

    Start activations [M] and restarts [M] say where it began.
    """

    images: Tensor
    neurons: Sequence[Neuron]
    restarts: Sequence[int]
    activation_start: Tensor
    network: AnyNetwork
    others: Mapping[str, AnyNetwork]  # by model


@dataclass(slots=True)
class AscentState:
    """Everything that the ascent changes; complete at each Progress event."""

    ascent: Ascent
    others: Mapping[str, AnyNetwork]  # by model; to be judged by alone
    restarts: list[int]  # [M], how often each neuron was started again
    activation_start: Tensor  # [M]
    step: int = 0

    @classmethod
    def begin(
        cls, config: ResolvedVisualizeConfig, network: AnyNetwork, others: Mapping[str, AnyNetwork]
    ) -> "AscentState":
        """Return the state before the first step, every neuron where it has a gradient."""
        rule: Rule = ReportAscent
        if config.recipe == "tuned":
            rule = partial(TunedAscent, margin=config.margin)
        ascent, restarts = begin_ascent(rule, network, config.targets, config.seed, config.side)
        return cls(ascent, others, restarts, activations(ascent))

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

    def made(self) -> Climbed:
        """Return the images as they are."""
        return Climbed(
            self.ascent.images,
            self.ascent.neurons,
            self.restarts,
            self.activation_start,
            self.ascent.network,
            self.others,
        )


@torch.no_grad()
def activations(ascent: Ascent) -> Tensor:
    """Return each neuron's activation on its own image: [M]."""
    return own_activations(ascent.network.activations(ascent.images), ascent.neurons)


def ascend(config: ResolvedVisualizeConfig, state: AscentState) -> Iterator[Event]:
    """Climb from ``state.step`` to ``config.steps``.

    Progress: series ``activation`` [S, M], each neuron on its own image after the step (the
    course report's cost). Preview ``images`` [M, H, W]. Float32 throughout: 74 images a step are
    too few for bf16 to gain anything.
    """
    ascent = state.ascent
    graphs = Graphs(ascent.images.device, wanted=not config.no_cuda_graphs)
    gradient = graphs.replayed(ascent.gradient)
    views = partial(ascent.views, seed=config.seed)
    told = Ahead(views, ascent.images.device, config.steps)
    watch = graphs.replayed(lambda: (activations(ascent),))
    if state.step == 0:
        yield _preview(config, state)
    rows: list[Tensor] = []
    with graphs:
        while state.step < config.steps:
            (found,) = gradient(*told(state.step))
            ascent.move(found, state.step, config.steps)
            state.step += 1
            rows.append(watch()[0].clone())
            if trouble := graphs.trouble():
                yield Notice(step=state.step, message=trouble)
            if len(rows) < EVENT_INTERVAL and state.step < config.steps:
                continue
            if state.step % PREVIEW_INTERVAL == 0 or state.step == config.steps:
                yield _preview(config, state)
            series = torch.stack(rows).cpu().numpy()
            yield Progress(step=state.step, series={"activation": series})
            rows.clear()


def as_shown(images: np.ndarray, recipe: str) -> tuple[np.ndarray, dict[str, Any]]:
    """Return images [M, H, W] as they are shown, in [0, 1], and what is to be said of them.

    Those of a recipe without bounds are scaled, each from its darkest to its brightest pixel.
    """
    if recipe != "assignment":
        return images.clip(0, 1), {}
    low = images.min((1, 2), keepdims=True)
    high = images.max((1, 2), keepdims=True)
    scaled = (images - low) / np.maximum(high - low, 1e-12)
    return scaled, {"lows": low.ravel(), "highs": high.ravel()}


def _preview(config: ResolvedVisualizeConfig, state: AscentState) -> Preview:
    found = state.ascent.images.squeeze(1).cpu().numpy()
    images, values = as_shown(found, config.recipe)
    return Preview.quantized(
        step=state.step, name="images", images=images, low=0.0, high=1.0, **values
    )
