"""Neurons: what they see, what excites them, and how they answer to the test images."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from engine.networks.architectures import EXEMPLARS, SIDE
from engine.networks.layout import Neuron
from engine.networks.stored import AnyNetwork
from engine.numerics.device import Device
from engine.numerics.inference import to_unit
from engine.numerics.parts import by_parts


def masks(neurons: Sequence[Neuron], side: int = SIDE) -> np.ndarray:
    """Return where each neuron can see, its receptive field: float32 [M, 1, H, W] of 0 and 1."""
    seen = np.zeros((len(neurons), 1, side, side), np.float32)
    for mask, neuron in zip(seen, neurons, strict=True):
        mask[0][neuron.receptive_field(side)] = 1
    return seen


def activations_of(layers: dict[str, Tensor], neurons: Sequence[Neuron]) -> Tensor:
    """Return every neuron's activation on every image: [N, M] from the layers' outputs."""
    columns = []
    for neuron in neurons:
        values = layers[neuron.layer][:, neuron.index]
        columns.append(values if neuron.position is None else values[:, *neuron.position])
    return torch.stack(columns, 1).float()


def own_activations(layers: dict[str, Tensor], neurons: Sequence[Neuron]) -> Tensor:
    """Return the activation of neuron m on image m: [M] from the layers' outputs on M images."""
    return activations_of(layers, neurons).diagonal()


@dataclass(frozen=True, slots=True, eq=False)
class NaturalResponse:
    """How neurons answer to all test images: ``values`` float32 [N, M]."""

    values: np.ndarray

    @classmethod
    @torch.no_grad()
    def measure(
        cls, network: AnyNetwork, images: Tensor, neurons: Sequence[Neuron], device: Device
    ) -> "NaturalResponse":
        """Ask the network about uint8 images [N, 1, H, W], in float32."""

        def ask(part: Tensor) -> Tensor:
            return activations_of(network.activations(to_unit(part)), neurons)

        with device.arithmetic(exact=True):
            parts = by_parts(ask, images, network, "activations")
        return cls(torch.cat(parts).cpu().numpy())

    def percentile(self, neuron: int, activation: float) -> float:
        """Return the fraction of test images that excite a neuron less than ``activation``."""
        return float((self.values[:, neuron] < activation).mean())

    def dead(self, neuron: int) -> bool:
        """Tell whether a neuron is zero on every test image."""
        return not self.values[:, neuron].any()

    def strongest(self, neuron: int) -> list[int]:
        """Return the indices of the nine test images that excite a neuron most, strongest first."""
        order = np.argsort(-self.values[:, neuron], kind="stable")
        return [int(index) for index in order[:EXEMPLARS]]
