"""Everything that crafting changes, and what it makes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from engine.files.writer import npy_bytes
from engine.networks.stored import AnyNetwork
from engine.numerics.device import Device
from engine.sections.adversarial.config import ResolvedAdversarialConfig


@dataclass(frozen=True, slots=True)
class Noises:
    """What a run makes: ``noise`` [L, 1, H, W], with the networks that it is tried on."""

    noise: Tensor
    network: AnyNetwork  # it was crafted against
    others: Mapping[str, AnyNetwork]  # by model


@dataclass(slots=True)
class CraftState:
    """Everything that crafting changes; complete at each Progress event."""

    network: AnyNetwork
    others: Mapping[str, AnyNetwork]  # by model; to be judged on alone
    noise: Tensor  # [L, 1, H, W]
    mean: Tensor  # of the gradients, [L, 1, H, W]
    square: Tensor  # of the gradients' squares, [L, 1, H, W]
    step: int = 0

    @classmethod
    def begin(
        cls,
        config: ResolvedAdversarialConfig,
        device: Device,
        network: AnyNetwork,
        others: Mapping[str, AnyNetwork],
    ) -> "CraftState":
        """Return the state before the first step: no noise, as in the course report."""
        shape = (len(config.labels), 1, config.side, config.side)
        noise, mean, square = (torch.zeros(shape, device=device.torch_device) for _ in range(3))
        return cls(network, others, noise, mean, square)

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint must hold."""
        return {
            "step": self.step, "noise": self.noise, "mean": self.mean, "square": self.square
        }  # fmt: skip

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Take over what ``state_dict`` returned."""
        for name in ("noise", "mean", "square"):
            getattr(self, name).copy_(saved[name])
        self.step = saved["step"]

    def files(self) -> dict[str, bytes]:
        """Return the files that a finished run leaves, by name."""
        return {"noise.npy": npy_bytes(self.noise.cpu().numpy())}

    def made(self) -> Noises:
        """Return the noises as they are."""
        return Noises(self.noise, self.network, self.others)
