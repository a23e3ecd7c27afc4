"""Targeted universal adversarial noise (report, section 2): a generator of events over a state.

One noise image per target label, added to every image and clamped with it to [0, 1], so that the
network says the target. All targets are crafted in one batched program: a step draws one batch of
training images, adds every noise to every image, and asks the network once.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.config import AdversarialConfig
from engine.data.dataset import Dataset, Part
from engine.networks.architectures import CLASSES, IMAGE_SIZE
from engine.networks.network import Network
from engine.numerics.adam import adam_step
from engine.numerics.device import Device
from engine.numerics.inference import infuse, judge, predict, to_unit
from engine.numerics.replay import Replayed
from engine.numerics.seeding import Stream, stream
from engine.runs.events import Event, Finished, Preview, Progress, Working
from engine.runs.store import npy_bytes
from engine.sections.adversarial.evaluate import judge_noise

PREVIEW_INTERVAL = 10
IMAGES_AT_ONCE = 256  # on a CPU; more fall out of its caches

REPORT_STEP = 0.01
# The tuned rule, without a budget: Adam on the cross-entropy plus a penalty on the squared L2 by
# which images really move. (A penalty on the noise itself also pays where clamping undoes it.)
PENALTY = 0.01
ADAM_RATE = 0.05
ADAM_BETAS = (0.9, 0.95)
# The tuned rule under a budget: signed steps on the sigmoid of the margin, which gives up images
# that are far out of reach and spends the budget on those near the boundary.
SIGN_MOMENTUM = 0.9


@dataclass(slots=True)
class CraftState:
    """Everything that crafting changes; complete at each Progress event."""

    noise: Tensor  # [L, 1, H, W]
    mean: Tensor  # of the gradients, [L, 1, H, W]
    square: Tensor  # of the gradients' squares, [L, 1, H, W]
    step: int = 0

    @classmethod
    def begin(cls, config: AdversarialConfig, device: Device) -> "CraftState":
        """Return the state before the first step: no noise, as in the report."""
        shape = (len(config.labels), 1, IMAGE_SIZE, IMAGE_SIZE)
        return cls(*(torch.zeros(shape, device=device.torch_device) for _ in range(3)))

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


def craft(
    config: AdversarialConfig,
    data: Dataset,
    device: Device,
    network: Network,
    others: Mapping[str, Network],
    state: CraftState,
) -> Iterator[Event]:
    """Craft ``state.noise`` from ``state.step`` to ``config.steps``, then judge it.

    Training images only are used to craft, test images only to judge. Progress: series ``loss``
    [S, L], the mean cross-entropy to the target, and ``success`` [S, L], both on the step's batch
    without the images of the target digit. Previews: ``sources``, one validation image of each
    digit; ``noise`` [L, H, W] with the network's answers to each source with each noise on it,
    ``after`` [L, K], and ``probabilities`` [L, K, K]; at the end ``test_sources`` and ``noise``
    again, on test images. Working: after each noise that was judged.
    """
    images, labels = device.place(data.train)
    wanted = torch.tensor(config.labels, device=device.torch_device)
    sources = _Sources("sources", data.validation, config, device)
    ask = Replayed(
        partial(_direction, config, state, network, device, wanted, images, labels),
        device.torch_device,
    )
    if state.step == 0:
        yield sources.clean(network, state.step)

    while state.step < config.steps:
        random = stream(config.seed, Stream.NOISE_BATCHES, state.step)
        size = min(config.batch_size, len(labels))
        drawn = random.choice(len(labels), size, replace=False, shuffle=False)
        batch = torch.from_numpy(drawn).to(device.torch_device)
        direction, loss, hit = ask(batch)
        _update(config, state, direction)
        state.step += 1
        if state.step % PREVIEW_INTERVAL == 0 or state.step == config.steps:
            yield sources.infused(network, state)
        # An event a step: on a small machine ten noises take half a second, and so would a stop.
        series = torch.stack([loss, hit]).unsqueeze(1).cpu().numpy()
        yield Progress(step=state.step, series={"loss": series[0], "success": series[1]})

    yield Working(step=state.step, doing="judging on the test images")
    test_images, truth = device.place(data.test)
    clean = judge(predict(network, test_images, device), truth)
    targets = []
    for target in judge_noise(
        state.noise,
        config.labels,
        network=network,
        others=others,
        test=data.test,
        device=device,
        epsilon=config.epsilon,
        seed=config.seed,
    ):
        targets.append(target)
        yield Working(step=state.step, doing=f"judging {len(targets)} of {len(config.labels)}")
    sources = _Sources("test_sources", data.test, config, device)
    yield sources.clean(network, state.step)
    yield sources.infused(network, state)
    figures = {
        "model_run": config.run,
        "transfer_runs": dict(config.other_runs or {}),
        "model": config.model,
        "clean_accuracy": clean["accuracy"],
        "targets": targets,
    }
    yield Finished(step=state.step, figures=figures)


def _direction(
    config: AdversarialConfig,
    state: CraftState,
    network: Network,
    device: Device,
    targets: Tensor,
    images: Tensor,
    labels: Tensor,
    chosen: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """Ask the network how each noise should change, by the images at ``chosen`` [B].

    Returns the gradient of what the recipe lowers, [L, 1, H, W], and the batch's mean
    cross-entropy to the target and success, both [L]. A GPU takes all labels at once; a CPU takes
    as many images at a time as its caches hold.
    """
    clean, labels = to_unit(images[chosen]), labels[chosen]
    at_once = len(targets) if clean.is_cuda else max(1, IMAGES_AT_ONCE // len(chosen))
    parts = [
        _direction_of(config, noise, network, device, wanted, clean, labels)
        for noise, wanted in zip(state.noise.split(at_once), targets.split(at_once), strict=True)
    ]
    direction, loss, hit = (torch.cat(values) for values in zip(*parts, strict=True))
    return direction, loss, hit


def _direction_of(
    config: AdversarialConfig,
    noise: Tensor,
    network: Network,
    device: Device,
    targets: Tensor,
    clean: Tensor,
    labels: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """Do so for some of the noises, over images [N, 1, H, W] in [0, 1]."""
    sums = (clean + noise.unsqueeze(1)).requires_grad_()  # [L, N, 1, H, W]
    infused = sums.clamp(0, 1)
    with device.arithmetic():
        logits = network(infused.flatten(0, 1))
    logits = logits.float().unflatten(0, infused.shape[:2])  # [L, N, K]
    wanted = targets[:, None].expand(logits.shape[:2])  # [L, N]
    # Images that already show the target count neither for the gradient nor for the success.
    share = (labels != wanted).float()
    share /= share.sum(1, keepdim=True).clamp(min=1)
    entropy = F.cross_entropy(logits.transpose(1, 2), wanted, reduction="none")

    if config.recipe == "assignment":
        objective = entropy
    elif config.epsilon is None:
        objective = entropy + PENALTY * (infused - clean).square().sum((2, 3, 4))
    else:
        objective = torch.sigmoid(_margin(logits, wanted).neg())
    (gradients,) = torch.autograd.grad((objective * share).sum(), sums)
    if config.recipe == "assignment":
        gradients = _report_directions(gradients) * share[:, :, None, None, None]
    hits = (logits.argmax(2) == wanted).float()
    return gradients.sum(1), (entropy.detach() * share).sum(1), (hits * share).sum(1)


@torch.no_grad()
def _update(config: AdversarialConfig, state: CraftState, direction: Tensor) -> None:
    """Move every noise by one step, against ``direction`` [L, 1, H, W]."""
    if config.recipe == "assignment":
        state.noise -= REPORT_STEP * direction
    elif config.epsilon is None:
        state.noise -= adam_step(
            state.mean,
            state.square,
            direction,
            step=state.step,
            steps=config.steps,
            rate=ADAM_RATE,
            betas=ADAM_BETAS,
        )
        state.noise.clamp_(-1, 1)  # no image can move further
    else:
        _signed_update(state, direction, config.steps, config.epsilon)
    if config.epsilon is not None:
        state.noise.clamp_(-config.epsilon, config.epsilon)


def _margin(logits: Tensor, wanted: Tensor) -> Tensor:
    """Return by how much the target's logit leads the best other one: [L, N], negative if not."""
    target = logits.gather(2, wanted.unsqueeze(2)).squeeze(2)
    others = logits.scatter(2, wanted.unsqueeze(2), -torch.inf)
    return target - others.amax(2)


def _report_directions(gradients: Tensor) -> Tensor:
    """The report's rule: each image's gradient over its RMS, [L, N, 1, H, W]."""
    rms = gradients.square().mean((2, 3, 4), keepdim=True).sqrt()
    return gradients / rms.clamp(min=torch.finfo(rms.dtype).tiny)


def _signed_update(state: CraftState, gradient: Tensor, steps: int, epsilon: float) -> None:
    """Signed steps with momentum (Y. Dong et al., arXiv:1710.06081), from ε/4 linearly to zero."""
    size = gradient.abs().mean((1, 2, 3), keepdim=True)
    state.mean.mul_(SIGN_MOMENTUM).add_(gradient / size.clamp(min=torch.finfo(size.dtype).tiny))
    state.noise -= epsilon / 4 * (1 - state.step / steps) * state.mean.sign()


class _Sources:
    """One image of each digit, drawn by the seed, on which a person watches the noises work."""

    def __init__(self, name: str, part: Part, config: AdversarialConfig, device: Device) -> None:
        self.name = name
        self.device = device
        chosen = []
        for digit in range(CLASSES):
            of_digit = np.flatnonzero(part.labels == digit)
            random = stream(config.seed, Stream.SAMPLES, digit)
            chosen.append(random.choice(of_digit))
        self.part = Part(part.images[chosen], part.labels[chosen])
        self.indices = [int(index) for index in chosen]
        self.images, _ = device.place(self.part)

    def clean(self, network: Network, step: int) -> Preview:
        """Return the images [K, H, W], what the network says of them, ``before`` [K], and its
        ``probabilities`` [K, K]."""
        answers = _answers(predict(network, self.images, self.device))
        return Preview(
            step=step,
            name=self.name,
            images=self.part.images,
            values={
                "index": self.indices,
                "before": answers.argmax(1),
                "probabilities": answers.round(4),
            },
        )

    def infused(self, network: Network, state: CraftState) -> Preview:
        """Return the noises [L, H, W], the answers with each on each image, ``after`` [L, K], and
        their ``probabilities`` [L, K, K]."""
        after = _answers(self._infused_logits(network, state.noise))
        noise = state.noise.squeeze(1).cpu().numpy()
        bound = max(float(np.abs(noise).max()), 1e-6)
        return Preview.quantized(
            step=state.step, name="noise", images=noise, low=-bound, high=bound,
            after=after.argmax(2), probabilities=after.round(4),
        )  # fmt: skip

    @torch.no_grad()
    def _infused_logits(self, network: Network, noise: Tensor) -> Tensor:
        """Ask about every image with every noise [L, 1, H, W] on it, in float32: [L, K, K]."""
        seen = infuse(to_unit(self.images), noise.unsqueeze(1))
        with self.device.arithmetic(exact=True):
            return network(seen.flatten(0, 1)).unflatten(0, seen.shape[:2])


def _answers(logits: Tensor) -> np.ndarray:
    """Return the probabilities of logits [..., K]."""
    return logits.softmax(-1).cpu().numpy()
