"""Training one classifier (course report, section 1): a generator of events over a state."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.data.dataset import Dataset, Split
from engine.errors import EngineError
from engine.networks.architectures import WEIGHTS_FILE
from engine.networks.code import Code
from engine.networks.foreign import grad, seeded
from engine.networks.network import unsaved_buffers, weights_bytes
from engine.networks.stored import AnyNetwork, begin_network
from engine.numerics.ahead import Ahead
from engine.numerics.augmentation import random_affine, warp
from engine.numerics.cuda_graph import Graphs
from engine.numerics.device import Device
from engine.numerics.inference import predict, to_unit
from engine.numerics.seeding import Stream, stream
from engine.numerics.sgd import SGD
from engine.runs.events import Event, Notice, Preview, Progress
from engine.sections.train.config import ResolvedTrainConfig
from engine.sections.train.evaluate import draw_samples

EVENT_INTERVAL = 10  # steps between two Progress events at most: where a run can be stopped
PREVIEW_INTERVAL = 50


@dataclass(slots=True)
class TrainState:
    """Everything that training changes; complete at each Progress event."""

    network: AnyNetwork
    sgd: SGD
    step: int = 0

    @classmethod
    def begin(
        cls, config: ResolvedTrainConfig, device: Device, code: Code | None = None
    ) -> "TrainState":
        """Return the state before the first step, drawn by ``config.seed``. Raises EngineError."""
        network = begin_network(config.model, config.side, config.network, code, config.seed)
        network = network.to(device.torch_device)
        sgd = SGD(network, momentum=config.momentum, l2=config.l2, nesterov=config.nesterov)
        return cls(network, sgd)

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint must hold."""
        saved = {
            "step": self.step,
            "network": self.network.state_dict(),
            "velocities": list(self.sgd.velocities),
        }
        return saved | ({"buffers": buffers} if (buffers := unsaved_buffers(self.network)) else {})

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Take over what ``state_dict`` returned."""
        self.network.load_state_dict(saved["network"])
        for name, buffer in unsaved_buffers(self.network).items():
            buffer.copy_(saved["buffers"][name])
        for velocity, value in zip(self.sgd.velocities, saved["velocities"], strict=True):
            velocity.copy_(value)
        self.step = saved["step"]

    def files(self) -> dict[str, bytes]:
        """Return the files that a finished run leaves, by name."""
        return {WEIGHTS_FILE: weights_bytes(self.network)}

    def made(self) -> AnyNetwork:
        """Return the trained network."""
        return self.network


def train(
    config: ResolvedTrainConfig, data: Dataset, device: Device, state: TrainState
) -> Generator[Event, None, None]:
    """Train ``state.network`` from ``state.step`` to the end of the last epoch.

    Progress: series ``loss`` [S], the cross-entropy of each batch alone; values ``penalty`` (the
    L2 penalty λ·Σw², included in the course report's losses), ``learning_rate`` and, every
    ``validation_interval`` steps, ``validation_loss`` and ``validation_accuracy`` over the whole
    validation set. Preview ``samples``: 16 validation images, their labels and the network's
    answers. Test images are not looked at. Raises EngineError where loss or weights are no longer
    finite.
    """
    images, labels = device.place(data.train)
    validation_images, validation_labels = device.place(data.validation)
    samples = _Samples(data.validation, config.seed, device)
    steps_per_epoch = config.steps_per_epoch(len(data.train))
    total = config.total_steps(len(data.train))
    graphs = Graphs(device.torch_device, wanted=not config.no_cuda_graphs)
    take_step = graphs.replayed(
        partial(_step, state, images, labels, device),
        changes=[*state.network.parameters(), *state.network.buffers(), *state.sgd.velocities],
    )
    validate = graphs.replayed(
        partial(_validate, state, validation_images, validation_labels, device)
    )
    rates = device.numbers([learning_rate(config, step, total) for step in range(total)])
    told = Ahead(_Batches(config, len(data.train)), device.torch_device, total)
    losses: list[Tensor] = []
    if state.step == 0:
        yield samples.preview(state, with_images=True)

    with graphs:
        while state.step < total:
            chosen, *changes = told(state.step)
            with _drawing(state, config.seed, device):
                (loss,) = take_step(chosen, rates[state.step], *changes)
            losses.append(loss.clone())
            rate = learning_rate(config, state.step, total)
            state.step += 1

            validation_due = state.step % config.validation_interval == 0 or state.step == total
            epoch_ends = state.step % steps_per_epoch == 0
            if not (validation_due or epoch_ends or len(losses) == EVENT_INTERVAL):
                continue
            measured = [*losses, state.sgd.penalty()]
            if validation_due:
                measured += validate()
            if trouble := graphs.trouble():
                yield Notice(step=state.step, message=trouble)
            numbers = torch.stack(measured).cpu().numpy()  # the one time that the device is asked
            series, rest = numbers[: len(losses)], numbers[len(losses) :]
            names = ("penalty", "validation_loss", "validation_accuracy")
            values = dict(zip(names, rest, strict=False)) | {"learning_rate": rate}
            if state.step % PREVIEW_INTERVAL == 0 or state.step == total:
                yield samples.preview(state)
            yield Progress(step=state.step, series={"loss": series}, values=values)
            _check_finite(config, state.step, series)
            losses.clear()

    if not all(weights.isfinite().all() for weights in state.sgd.parameters):
        _check_finite(config, state.step, np.full(1, np.nan))


@contextmanager
def _drawing(state: TrainState, seed: int, device: Device) -> Iterator[None]:
    """Seed what a network draws in a step, as for dropout, by the seed and the step."""
    if not state.network.draws:
        yield
        return
    drawn = int(stream(seed, Stream.DRAWN_IN_A_STEP, state.step).integers(2**63))
    if device.torch_device.type == "cuda":
        torch.cuda.manual_seed_all(drawn)
    with seeded(drawn):
        yield


def _step(
    state: TrainState,
    images: Tensor,
    labels: Tensor,
    device: Device,
    chosen: Tensor,
    rate: Tensor,
    changes: Tensor | None = None,
) -> tuple[Tensor]:
    """Take one step of SGD on the images at ``chosen`` [B], warped by ``changes`` [B, 2, 3].

    Returns the batch's cross-entropy, a scalar on the device.
    """
    inputs = to_unit(images[chosen])
    if changes is not None:
        inputs = warp(inputs, changes)
    with device.arithmetic():
        logits = state.network(inputs)
    loss = F.cross_entropy(logits.float(), labels[chosen])
    state.sgd.step(grad(loss, state.sgd.parameters, allow_unused=True), rate)
    return (loss.detach(),)


def _validate(
    state: TrainState, images: Tensor, labels: Tensor, device: Device
) -> tuple[Tensor, Tensor]:
    """Return loss and accuracy over all validation images, scalars on the device."""
    logits = predict(state.network, images, device, exact=False)
    return F.cross_entropy(logits, labels), (logits.argmax(1) == labels).float().mean()


class _Batches:
    """Draws each step's batch: which images [B], and their changes [B, 2, 3] where there are any.

    By the seed and the step alone, on the CPU.
    """

    def __init__(self, config: ResolvedTrainConfig, images: int) -> None:
        self._config, self._images = config, images
        self._epoch, self._order = -1, torch.empty(0)

    def __call__(self, step: int) -> tuple[Tensor, ...]:
        """Return what a step is told."""
        config = self._config
        epoch, batch = divmod(step, config.steps_per_epoch(self._images))
        if epoch != self._epoch:
            order = stream(config.seed, Stream.ORDER, epoch).permutation(self._images)
            self._epoch, self._order = epoch, torch.from_numpy(order)
        chosen = self._order[batch * config.batch_size : (batch + 1) * config.batch_size]
        if config.augmentation != "affine":
            return (chosen,)
        random = stream(config.seed, Stream.AUGMENTATION, step)
        return chosen, random_affine(random, len(chosen))


def learning_rate(config: ResolvedTrainConfig, step: int, total: int) -> float:
    """Return the learning rate of a step.

    ``one-cycle`` rises linearly over the first fifth, from a 25th of the peak, and falls linearly
    to zero (after L. N. Smith, arXiv:1803.09820).
    """
    if config.schedule == "constant":
        return config.learning_rate
    done, rise = (step + 0.5) / total, 0.2
    if done < rise:
        return config.learning_rate * (0.04 + 0.96 * done / rise)
    return config.learning_rate * (1 - done) / (1 - rise)


def _check_finite(config: ResolvedTrainConfig, step: int, losses: np.ndarray) -> None:
    if np.isfinite(losses).all():
        return
    first = step - len(losses) + int(np.argmin(np.isfinite(losses))) + 1
    raise EngineError(
        f"Training diverged at step {first}: the loss is no longer finite. "
        f"Lower --learning-rate (it was {config.learning_rate:g})."
    )


class _Samples:
    """The 16 validation images, drawn by the seed, that a person watches while training."""

    def __init__(self, split: Split, seed: int, device: Device) -> None:
        self.device = device
        chosen = draw_samples(len(split), seed)
        self.split = Split(split.images[chosen], split.labels[chosen])
        self.images = device.place(self.split)[0]

    def preview(self, state: TrainState, *, with_images: bool = False) -> Preview:
        """Return the network's current answers, with the images if asked."""
        logits = predict(state.network, self.images, self.device, exact=False)
        probabilities, answers = logits.softmax(1).max(1)
        return Preview(
            step=state.step,
            name="samples",
            images=self.split.images if with_images else None,
            values={
                "label": self.split.labels,
                "prediction": answers.cpu().numpy(),
                "probability": probabilities.cpu().numpy(),
            },
        )
