"""The rules by which noise changes: the course report's, and ours with and without a budget.

All targets are crafted in one batched program: a step draws one batch of training images, adds
every noise to every image, and asks the network once.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.networks.foreign import grad
from engine.networks.stored import AnyNetwork
from engine.numerics.adam import adam_step
from engine.numerics.device import Device
from engine.numerics.inference import to_unit
from engine.sections.adversarial.config import ResolvedAdversarialConfig
from engine.sections.adversarial.state import CraftState

IMAGES_AT_ONCE = 256  # on a CPU; more fall out of its caches
ON_A_GPU = 2560  # images at once there: those of a hundred labels would fill its memory

REPORT_STEP = 0.01
# The tuned rule, without a budget: Adam on the cross-entropy plus a penalty on the squared L2 by
# which images really move. (A penalty on the noise itself also pays where clamping undoes it.)
PENALTY = 0.01
ADAM_RATE = 0.05
ADAM_BETAS = (0.9, 0.95)
# The tuned rule under a budget: signed steps on the sigmoid of the margin, which gives up images
# that are far out of reach and spends the budget on those near the boundary.
SIGN_MOMENTUM = 0.9


def direction_of_step(
    config: ResolvedAdversarialConfig,
    state: CraftState,
    device: Device,
    targets: Tensor,
    images: Tensor,
    labels: Tensor,
    chosen: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """Ask the network how each noise should change, by the images at ``chosen`` [B].

    Returns the gradient of what the recipe lowers, [L, 1, H, W], and the batch's mean
    cross-entropy to the target and success, both [L]. A GPU takes some twenty labels at once; a
    CPU takes as many images at a time as its caches hold.
    """
    clean, labels = to_unit(images[chosen]), labels[chosen]
    at_once = max(1, (ON_A_GPU if clean.is_cuda else IMAGES_AT_ONCE) // len(chosen))
    parts = [
        _direction_of(config, noise, state.network, device, wanted, clean, labels)
        for noise, wanted in zip(state.noise.split(at_once), targets.split(at_once), strict=True)
    ]
    direction, loss, hit = (torch.cat(values) for values in zip(*parts, strict=True))
    return direction, loss, hit


def _direction_of(
    config: ResolvedAdversarialConfig,
    noise: Tensor,
    network: AnyNetwork,
    device: Device,
    targets: Tensor,
    clean: Tensor,
    labels: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """Ask for some of the noises, over images [N, 1, H, W] in [0, 1]."""
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
    (gradients,) = grad((objective * share).sum(), [sums])
    if config.recipe == "assignment":
        gradients = _report_directions(gradients) * share[:, :, None, None, None]
    hits = (logits.argmax(2) == wanted).float()
    return gradients.sum(1), (entropy.detach() * share).sum(1), (hits * share).sum(1)


@torch.no_grad()
def update(config: ResolvedAdversarialConfig, state: CraftState, direction: Tensor) -> None:
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
    """Return the target's logit minus the best other one: [L, N]."""
    target = logits.gather(2, wanted.unsqueeze(2)).squeeze(2)
    others = logits.scatter(2, wanted.unsqueeze(2), -torch.inf)
    return target - others.amax(2)


def _report_directions(gradients: Tensor) -> Tensor:
    """The course report's rule: each image's gradient over its RMS, [L, N, 1, H, W]."""
    rms = gradients.square().mean((2, 3, 4), keepdim=True).sqrt()
    return gradients / rms.clamp(min=torch.finfo(rms.dtype).tiny)


def _signed_update(state: CraftState, gradient: Tensor, steps: int, epsilon: float) -> None:
    """Signed steps with momentum (Y. Dong et al., arXiv:1710.06081), from ε/4 linearly to zero."""
    size = gradient.abs().mean((1, 2, 3), keepdim=True)
    state.mean.mul_(SIGN_MOMENTUM).add_(gradient / size.clamp(min=torch.finfo(size.dtype).tiny))
    state.noise -= epsilon / 4 * (1 - state.step / steps) * state.mean.sign()
