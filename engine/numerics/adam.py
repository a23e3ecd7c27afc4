"""Adam without ``torch.optim``, whose first optimizer imports torch's compiler (see ``sgd``)."""

import math

from torch import Tensor

EPSILON = 1e-8


def adam_step(
    mean: Tensor,
    square: Tensor,
    gradient: Tensor,
    *,
    step: int,
    steps: int,
    rate: float,
    betas: tuple[float, float],
) -> Tensor:
    """Return what to subtract (D. P. Kingma and J. Ba, arXiv:1412.6980), with a cosine to zero.

    ``mean`` and ``square``, the moments of the gradient, are updated in place; ``rate`` is the
    learning rate at step 0 of ``steps``.
    """
    mean_keep, square_keep = betas
    mean.lerp_(gradient, 1 - mean_keep)
    square.lerp_(gradient.square(), 1 - square_keep)
    direction = mean / (1 - mean_keep ** (step + 1))
    spread = (square / (1 - square_keep ** (step + 1))).sqrt()
    rate = rate * (1 + math.cos(math.pi * step / steps)) / 2
    return rate * direction / (spread + EPSILON)
