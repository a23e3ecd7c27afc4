"""The two rules of gradient ascent on an image (course report, section 3), and where they start.

``ReportAscent`` is the course report's: unbounded pixels, the gradient over its deviation, blurred
more and more. ``TunedAscent`` keeps pixels in [0, 1] and asks for what stays exciting when it is
moved, turned and disturbed a little, as C. Olah et al. do (Feature Visualization, Distill 2017).
"""

from collections.abc import Callable, Sequence
from typing import Protocol
from zlib import crc32

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.networks.architectures import LAYERS, SIDE
from engine.networks.foreign import grad
from engine.networks.layout import LOGITS, Neuron
from engine.networks.stored import AnyNetwork
from engine.numerics.adam import adam_step
from engine.numerics.augmentation import AMOUNTS, Limits, affine, warp
from engine.numerics.seeding import Stream, stream
from engine.sections.visualize.neurons import masks, own_activations

START_MEAN, START_DEVIATION = 128 / 255, 50 / 255  # course report, section 3
RESTARTS = 512
STARTS_AT_ONCE = 64


class Ascent(Protocol):
    """A rule with the images that it moves. What depends on the step alone is handed to it, so
    that ``gradient`` can be recorded once and replayed."""

    network: AnyNetwork
    neurons: Sequence[Neuron]
    tensors: dict[str, Tensor]  # what a checkpoint must hold

    @property
    def images(self) -> Tensor:
        """The images as they are: [M, 1, H, W]."""

    def views(self, step: int, seed: int) -> tuple[Tensor, ...]:
        """Return how a step looks at the images: what ``gradient`` takes, on the CPU."""

    def gradient(self, *views: Tensor) -> tuple[Tensor]:
        """Return the gradient by the images, or by what they are made of: [M, 1, H, W]."""

    def move(self, gradient: Tensor, step: int, steps: int) -> None:
        """Climb once."""


Rule = Callable[[AnyNetwork, Sequence[Neuron], Tensor], Ascent]  # with start images [M, 1, H, W]


def begin_ascent(
    rule: Rule, network: AnyNetwork, neurons: Sequence[Neuron], seed: int, side: int = SIDE
) -> tuple[Ascent, list[int]]:
    """Return an ascent at its start and how often each neuron was started again [M].

    A neuron without a gradient cannot climb: it is started again from other noise, up to 512 times
    (near-dead filters answer to one start in a hundred).
    """
    device = next(network.parameters()).device
    images = torch.stack([_start(seed, neuron, 0, side) for neuron in neurons]).to(device)
    restarts = [0] * len(neurons)
    alive = gradients(rule(network, neurons, images)).flatten(1).any(1)
    for m in torch.nonzero(~alive).flatten().tolist():
        for attempt in range(1, RESTARTS, STARTS_AT_ONCE):
            tried = range(attempt, attempt + STARTS_AT_ONCE)
            starts = torch.stack([_start(seed, neurons[m], one, side) for one in tried]).to(device)
            climbing = gradients(rule(network, [neurons[m]] * len(starts), starts))
            restarts[m] = tried[-1]
            if climbing.any():
                first = int(climbing.flatten(1).any(1).int().argmax())
                images[m], restarts[m] = starts[first], tried[first]
                break
    return rule(network, neurons, images), restarts


def _start(seed: int, neuron: Neuron, attempt: int, side: int) -> Tensor:
    """Return the course report's Gaussian noise [1, H, W]; for a later attempt any noise.

    Some filters need a dark, a harsh or a smooth patch before they answer at all.
    """
    layer = LAYERS.index(neuron.layer) if neuron.layer in LAYERS else crc32(neuron.layer.encode())
    random = stream(seed, Stream.START_IMAGES, layer, neuron.index, attempt)
    mean, deviation, smoothness = START_MEAN, START_DEVIATION, 0.0
    if attempt:
        mean, smoothness = random.uniform(-0.5, 1), random.uniform(0, 3)
        deviation = random.uniform(START_DEVIATION, 5)
    noise = random.standard_normal((1, 1, side, side)).astype(np.float32)
    return (mean + deviation * blur(torch.from_numpy(noise), smoothness))[0]


def gradients(ascent: Ascent) -> Tensor:
    """Return the gradient of each neuron's activation by its image as it is: [M, 1, H, W]."""
    inputs = ascent.images.detach().clone().requires_grad_()
    total = own_activations(ascent.network.activations(inputs), ascent.neurons).sum()
    if not total.requires_grad:  # of layers that do not depend on the image
        return torch.zeros_like(inputs)
    return grad(total, [inputs], allow_unused=True)[0]


class ReportAscent:
    """The course report's rule. ``images`` [M, 1, H, W] are unbounded."""

    STEP = 1.0
    DECAY = 1e-4
    SIGMA = 4.0  # pixels, of the blur at the end

    def __init__(self, network: AnyNetwork, neurons: Sequence[Neuron], images: Tensor) -> None:
        self.network, self.neurons = network, neurons
        self.tensors = {"images": images.clone()}

    @property
    def images(self) -> Tensor:
        """The images as they are."""
        return self.tensors["images"]

    def views(self, step: int, seed: int) -> tuple[Tensor, ...]:
        """Return nothing: the images are looked at as they are."""
        return ()

    def gradient(self, *views: Tensor) -> tuple[Tensor]:
        """Return each neuron's gradient by its image: [M, 1, H, W]."""
        return (gradients(self),)

    def move(self, gradient: Tensor, step: int, steps: int) -> None:
        """Climb once: gradient over its deviation, blurred by a sigma that grows to 4 pixels."""
        deviation = gradient.std((1, 2, 3), keepdim=True)
        # No gradient, no step: zero over zero would be NaN for good.
        direction = gradient / deviation.clamp(min=torch.finfo(deviation.dtype).tiny)
        self.images.add_(self.STEP * blur(direction, self.SIGMA * (step + 1) / steps))
        self.images.mul_(1 - self.DECAY)


class TunedAscent:
    """Adam on a blurred parameter whose sigmoid is the image [M, 1, H, W], in [0, 1].

    Logits are asked to lead the mean of all logits over four moved, turned and scaled views with
    some noise; neurons of inner layers, of which most sit at one place, over the image as it is, in
    units of their gradient at the start, so that weak and strong ones pay alike for roughness.
    Pixels outside a neuron's receptive field stay mid-grey: nothing is known of them.
    """

    RATE = 0.2
    BETAS = (0.9, 0.999)
    GAIN = 3.0
    PARAMETER_BLUR = 1.0  # pixels
    TOTAL_VARIATION = 0.04
    INK = 0.01  # price of a white pixel, for logits
    EDGE = 0.05  # the same, a pixel and more off the part that images fill, for logits
    VIEWS = 4
    VIEW_LIMITS = Limits(shift=1.5, rotation=10, scale=0.1)
    VIEW_NOISE = 0.5
    INNER_TOTAL_VARIATION = 0.01

    def __init__(
        self, network: AnyNetwork, neurons: Sequence[Neuron], images: Tensor, margin: int = 0
    ) -> None:
        """``margin`` is how many pixels around an image are empty in the dataset."""
        self.network, self.neurons = network, neurons
        self.logits = [m for m, neuron in enumerate(neurons) if neuron.layer == LOGITS]
        self.inner = [m for m, neuron in enumerate(neurons) if neuron.layer != LOGITS]
        self.mask = torch.from_numpy(masks(neurons, images.shape[-1])).to(images.device)
        side = images.shape[-1]
        filled = side / 2 - margin - 1
        places = torch.arange(side, device=images.device) - (side - 1) / 2
        off = places.abs().sub(filled).clamp(min=0)
        self.edge = off[:, None] + off[None, :]
        parameter = images.clamp(0.02, 0.98).logit()
        self.tensors = {
            "parameter": parameter,
            "mean": torch.zeros_like(parameter),
            "square": torch.zeros_like(parameter),
        }
        size = gradients(self).flatten(1).norm(dim=1)
        self.unit = torch.where(size > 0, size, 1.0)
        # On the device once: a recorded step cannot wait for lists of Python's.
        self.where = {
            name: torch.tensor(rows, device=images.device)
            for name, rows in (("logits", self.logits), ("inner", self.inner))
        }
        digits = [neurons[m].index for m in self.logits]
        self.classes = torch.tensor(digits, dtype=torch.int64, device=images.device)

    @property
    def images(self) -> Tensor:
        """The images as they are, in [0, 1]."""
        return self._render(self.tensors["parameter"])

    def _render(self, parameter: Tensor) -> Tensor:
        return torch.sigmoid(self.GAIN * blur(parameter, self.PARAMETER_BLUR) * self.mask)

    def move(self, gradient: Tensor, step: int, steps: int) -> None:
        """Climb once, by Adam with a cosine to zero."""
        change = adam_step(
            self.tensors["mean"],
            self.tensors["square"],
            gradient,
            step=step,
            steps=steps,
            rate=self.RATE,
            betas=self.BETAS,
        )
        self.tensors["parameter"].sub_(change)

    def views(self, step: int, seed: int) -> tuple[Tensor, ...]:
        """Return how a step looks at the logit images: changes [V, 2, 3], noise [V, 1, 1, H, W].

        The same views for all of them; nothing where there are none.
        """
        if not self.logits:
            return ()
        random = stream(seed, Stream.VIEWS, step)
        changes = affine(random.uniform(-1, 1, (AMOUNTS, self.VIEWS)), self.VIEW_LIMITS)
        shape = (self.VIEWS, 1, *self.tensors["parameter"].shape[1:])
        noise = torch.from_numpy(random.standard_normal(shape).astype(np.float32))
        return changes, noise

    def gradient(self, *views: Tensor) -> tuple[Tensor]:
        """Return the gradient of the cost by the parameter: [M, 1, H, W]."""
        parameter = self.tensors["parameter"].clone().requires_grad_()
        images = self._render(parameter)
        cost = images.new_zeros(())
        if self.logits:
            cost = cost + self._logit_cost(images[self.where["logits"]], *views)
        if self.inner:
            chosen = images[self.where["inner"]]
            neurons = [self.neurons[m] for m in self.inner]
            activation = own_activations(self.network.activations(chosen), neurons)
            excitement = (activation / self.unit[self.where["inner"]]).sum()
            cost = cost - excitement + self.INNER_TOTAL_VARIATION * total_variation(chosen)
        (gradient,) = grad(cost, [parameter])
        return (gradient,)

    def _logit_cost(self, images: Tensor, changes: Tensor, noise: Tensor) -> Tensor:
        """Return the cost of the logit images [M, 1, H, W] over all views."""
        seen = images.repeat(self.VIEWS, 1, 1, 1)
        views = warp(seen, changes.repeat_interleave(len(images), 0))
        views = views.unflatten(0, (self.VIEWS, len(images)))
        views = views + self.VIEW_NOISE * noise
        logits = self.network(views.flatten(0, 1)).unflatten(0, views.shape[:2])  # [V, M, K]
        own = logits.gather(2, self.classes.expand(self.VIEWS, -1).unsqueeze(2)).squeeze(2)
        lead = (own - logits.mean(2)).mean(0).sum()
        price = self.INK * images.sum() + self.EDGE * (images * self.edge).sum()
        cost: Tensor = price + self.TOTAL_VARIATION * total_variation(images) - lead
        return cost


def total_variation(images: Tensor) -> Tensor:
    """Return the isotropic total variation of images [M, 1, H, W], summed over all of them."""
    corner = images[:, :, :-1, :-1]
    down, right = images[:, :, 1:, :-1] - corner, images[:, :, :-1, 1:] - corner
    return (down.square() + right.square() + 1e-3).sqrt().sum()


def blur(images: Tensor, sigma: float) -> Tensor:
    """Return images [M, 1, H, W] under a Gaussian of ``sigma`` pixels, mirrored at the border."""
    radius = min(round(3 * sigma), images.shape[-1] - 1)
    if radius < 1:
        return images
    where = torch.arange(-radius, radius + 1, device=images.device, dtype=images.dtype)
    kernel = torch.exp(-(where / sigma).square() / 2)
    kernel = kernel / kernel.sum()
    padded = F.pad(images, (radius,) * 4, mode="reflect")
    rows = F.conv2d(padded, kernel.view(1, 1, -1, 1))
    return F.conv2d(rows, kernel.view(1, 1, 1, -1))
