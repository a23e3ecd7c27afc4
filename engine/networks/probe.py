"""Finding out what a network is made of, by running it: layers, receptive fields, costs.

Any ``nn.Module`` on the CPU that maps images [N, 1, H, W] to logits [N, K] in evaluation mode.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from engine.networks.costs import Cost, Survey
from engine.networks.fields import receptive_fields
from engine.networks.foreign import printing_aside, seeded
from engine.networks.layout import LOGITS, MOST_LAYERS, Layer, Layout
from engine.networks.outputs import each_output

LARGEST = 100_000  # neurons, rows or columns of what is called a layer

# What passes its input on in evaluation mode is no layer of its own.
_IDLE = (nn.Identity, nn.modules.dropout._DropoutNd)


@dataclass(frozen=True, slots=True)
class _Call:
    name: str
    part: nn.Module
    output: Tensor

    @property
    def multiply_adds(self) -> int:
        """Of an image: each value that it puts out is a sum over as many as a weight has."""
        if not isinstance(self.part, nn.Conv1d | nn.Conv2d | nn.Conv3d | nn.Linear):
            return 0
        return self.output.numel() // len(self.output) * self.part.weight[0].numel()


def survey(module: nn.Module, side: int) -> Survey:
    """Return layers, receptive fields and costs of a network for images [side, side].

    Layers are the outputs [N, C, H, W] and [N, F] of its parts, in order of execution, and the
    logits. The last ``MOST_LAYERS`` are kept.
    """
    with evaluating(module):
        layers, costs, multiply_adds, largest = _layers(module, side)
        spatial = {layer.name: layer.shape for layer in layers if layer.spatial}
        fields = receptive_fields(module, side, spatial, largest)
    return Survey(
        Layout(tuple(Layer(each.name, each.shape, fields.get(each.name)) for each in layers)),
        {each.name: costs[each.name] for each in layers},
        sum(value.numel() for value in module.parameters()),
        multiply_adds,
    )


def _layers(module: nn.Module, side: int) -> tuple[list[Layer], dict[str, Cost], int, int]:
    """Return layers, the cost of each, all multiply-adds, and the values of the largest step."""
    calls, logits = _trace(module, torch.rand(2, 1, side, side))
    again, _ = _trace(module, torch.rand(3, 1, side, side))
    shapes = {call.name: tuple(call.output.shape) for call in again}
    layers: list[Layer] = []
    costs = {LOGITS: Cost()}
    counted: set[nn.Parameter] = set()
    for call in calls:
        own = [value for value in call.part.parameters() if value not in counted]
        counted.update(own)
        cost = Cost(sum(value.numel() for value in own), call.multiply_adds)
        if _same(call.output, logits):
            costs[LOGITS] += cost
        elif _is_layer(call, shapes.get(call.name)):
            layers.append(Layer(call.name, tuple(call.output.shape[1:])))
            costs[call.name] = cost
    layers = [*layers[1 - MOST_LAYERS :], Layer(LOGITS, tuple(logits.shape[1:]))]
    return layers, costs, sum(call.multiply_adds for call in calls), _largest(calls)


@contextmanager
def evaluating(module: nn.Module, seed: int = 0) -> Iterator[None]:
    """Run a network in evaluation mode, without gradients; leave it and the generators as found."""
    modes = {each: each.training for each in module.modules()}
    try:
        with torch.no_grad(), seeded(seed), printing_aside():
            module.eval()
            yield
    finally:
        for each, mode in modes.items():
            each.training = mode


def _trace(module: nn.Module, images: Tensor) -> tuple[list[_Call], Tensor]:
    """Run a network; return what its parts put out, and the logits.

    All outputs are held until the end: memory that was used again would look like the logits'.
    """
    calls: list[_Call] = []
    with each_output(module, lambda *call: calls.append(_Call(*call))):
        logits: Tensor = module(images)
    return calls, logits


def _same(output: Tensor, logits: Tensor) -> bool:
    """Tell whether an output is the network's."""
    return output is logits or (
        output.shape == logits.shape
        and output.layout == logits.layout == torch.strided
        and output.data_ptr() == logits.data_ptr()
    )


def _is_layer(call: _Call, with_three: tuple[int, ...] | None) -> bool:
    """Tell whether a part's output is one for each of two images, and of three."""
    shape = tuple(call.output.shape)
    return (
        len(shape) in (2, 4)
        and shape[0] == 2
        and with_three == (3, *shape[1:])
        and all(1 <= extent <= LARGEST for extent in shape)
        and call.output.is_floating_point()
        and not isinstance(call.part, _IDLE)
    )


def _largest(calls: list[_Call]) -> int:
    """Return the number of values that the largest step takes for an image, about.

    A convolution lays out all of its windows.
    """
    return max(
        (
            call.output.numel() // len(call.output) * 4
            + (call.multiply_adds // call.output.shape[1] if call.output.ndim == 4 else 0)
            for call in calls
            if call.output.ndim
        ),
        default=1,
    )
