"""One image of each class, on which a person watches the noises work."""

import numpy as np
import torch
from torch import Tensor

from engine.data.dataset import Split
from engine.networks.stored import AnyNetwork
from engine.numerics.device import Device
from engine.numerics.inference import infuse, predict, to_unit
from engine.numerics.seeding import Stream, stream
from engine.runs.events import Preview
from engine.sections.adversarial.config import ResolvedAdversarialConfig
from engine.sections.adversarial.results import shown_classes


class Sources:
    """One image of each class of a split, drawn by the seed."""

    def __init__(
        self, name: str, split: Split, config: ResolvedAdversarialConfig, device: Device
    ) -> None:
        self.name = name
        self.device = device
        chosen = []
        for label in shown_classes(config.classes):
            of_class = np.flatnonzero(split.labels == label)
            random = stream(config.seed, Stream.SAMPLES, label)
            chosen.append(random.choice(of_class))
        self.split = Split(split.images[chosen], split.labels[chosen])
        self.indices = [int(index) for index in chosen]
        self.images, _ = device.place(self.split)

    def clean(self, network: AnyNetwork, step: int) -> Preview:
        """Return the images [K, H, W], what the network says of them, ``before`` [K], and its
        ``probabilities`` [K, K]."""
        answers = _answers(predict(network, self.images, self.device))
        return Preview(
            step=step,
            name=self.name,
            images=self.split.images,
            values={
                "index": self.indices,
                "before": answers.argmax(1),
                "probabilities": answers.round(4),
            },
        )

    def infused(self, network: AnyNetwork, noise: Tensor, step: int) -> Preview:
        """Return the noises [L, 1, H, W] as images, and what the network says with each of them.

        ``after`` [L, K] are the answers on each image, with their ``probabilities`` [L, K, K].
        """
        after = _answers(self._infused_logits(network, noise))
        images = noise.squeeze(1).cpu().numpy()
        bound = max(float(np.abs(images).max()), 1e-6)
        return Preview.quantized(
            step=step, name="noise", images=images, low=-bound, high=bound,
            after=after.argmax(2), probabilities=after.round(4),
        )  # fmt: skip

    @torch.no_grad()
    def _infused_logits(self, network: AnyNetwork, noise: Tensor) -> Tensor:
        """Ask about every image with every noise [L, 1, H, W] on it, in float32: [L, K, K]."""
        seen = infuse(to_unit(self.images), noise.unsqueeze(1))
        with self.device.arithmetic(exact=True):
            logits = network(seen.flatten(0, 1))
        unflattened: Tensor = logits.unflatten(0, seen.shape[:2])
        return unflattened


def _answers(logits: Tensor) -> np.ndarray:
    """Return the probabilities of logits [..., K]."""
    return logits.softmax(-1).cpu().numpy()
