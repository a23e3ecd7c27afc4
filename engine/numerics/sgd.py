"""Stochastic gradient descent with momentum, without ``torch.optim``.

Building torch's first optimizer imports its compiler: 1 to 2 s and 150 MB that no run here needs.
The kernel below is the one that ``torch.optim.SGD(fused=True)`` calls.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn


class SGD:
    """Momentum SGD over a module's parameters.

    ``l2`` is λ as Keras defines it: the penalty is λ·Σw² over the weights, its gradient 2λw, and
    whatever has fewer than two dimensions, biases above all, is left out. It equals
    ``weight_decay=2*l2`` of torch.optim.SGD on the weights.
    """

    def __init__(self, module: nn.Module, *, momentum: float, l2: float, nesterov: bool) -> None:
        trained = [p for p in module.parameters() if p.requires_grad]
        self.weights: list[Tensor] = [p for p in trained if p.ndim > 1]
        self.biases: list[Tensor] = [p for p in trained if p.ndim <= 1]
        self.l2 = l2
        self.parameters = self.weights + self.biases
        self.velocities = [torch.zeros_like(p) for p in self.parameters if momentum]
        self._momentum = momentum
        self._nesterov = nesterov and momentum > 0

    @torch.no_grad()
    def step(self, gradients: Sequence[Tensor], learning_rate: Tensor) -> None:
        """Update the parameters by their gradients, given in the order of ``parameters``.

        ``learning_rate`` is a scalar where the parameters are: a GPU that replays a recorded step
        must find the next rate there.
        """
        rate: Any = learning_rate if learning_rate.is_cuda else learning_rate.item()
        # The kernel walks raw memory: a gradient in another layout than its parameter's, as
        # convolution hands back channels-last, would be applied to the wrong weights, silently.
        pairs = zip(gradients, self.parameters, strict=True)
        gradients = [_laid_out_as(parameter, gradient) for gradient, parameter in pairs]
        split = len(self.weights)
        for part, decay in ((slice(split), 2 * self.l2), (slice(split, None), 0.0)):
            if not self.parameters[part]:
                continue
            torch._fused_sgd_(
                self.parameters[part],
                gradients[part],
                self.velocities[part],
                lr=rate,
                weight_decay=decay,
                dampening=0.0,
                maximize=False,
                is_first_step=False,
                momentum=self._momentum,
                nesterov=self._nesterov,
            )

    @torch.no_grad()
    def penalty(self) -> Tensor:
        """Return λ·Σw², a scalar on the device."""
        if not self.weights:
            return torch.zeros((), device=self.parameters[0].device)
        squares = torch._foreach_norm(self.weights)
        return self.l2 * torch.stack(squares).square().sum()


def _laid_out_as(parameter: Tensor, gradient: Tensor) -> Tensor:
    if gradient.stride() == parameter.stride():
        return gradient
    return torch.empty_like(parameter).copy_(gradient)
