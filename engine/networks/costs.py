"""What a network takes: parameters, and multiply-adds for an image, by layer. No torch."""

import math
from dataclasses import dataclass

from engine.networks.architectures import Architecture
from engine.networks.layout import Layer, Layout


@dataclass(frozen=True, slots=True)
class Cost:
    """What a layer takes: parameters, and multiply-adds for an image."""

    parameters: int = 0
    multiply_adds: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.parameters + other.parameters, self.multiply_adds + other.multiply_adds)


@dataclass(frozen=True, slots=True)
class Survey:
    """What a network is made of.

    ``costs`` are by layer. Multiply-adds are those of convolutions and linear parts; both totals
    also count what belongs to no layer, but none of what a ``forward`` computes by itself.
    """

    layout: Layout
    costs: dict[str, Cost]
    parameters: int
    multiply_adds: int


def survey_of(network: Architecture) -> Survey:
    """Return the same of one of the course report's networks, by arithmetic.

    The hidden layer is among its layers here.
    """
    shapes = network.parameter_shapes
    costs = {}
    for name in dict.fromkeys(parameter.split(".")[0] for parameter in shapes):
        weights = math.prod(shapes[f"{name}.weight"])
        block = name.removeprefix("conv")
        # A convolution's weights are used at every pixel that it is computed for.
        places = (network.side >> (int(block) - 1)) ** 2 if block != name else 1
        layer = name.replace("conv", "pool")
        costs[layer] = Cost(weights + math.prod(shapes[f"{name}.bias"]), weights * places)
    *below, logits = network.layout.layers
    hidden = [Layer("hidden", (network.hidden,))] if network.hidden else []
    return Survey(
        Layout((*below, *hidden, logits)),
        costs,
        network.parameters,
        sum(cost.multiply_adds for cost in costs.values()),
    )
