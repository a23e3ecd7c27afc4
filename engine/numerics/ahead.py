"""What steps are told (batches, augmentation, views), on the device before they are taken.

A copy that a step waits for stalls a GPU at each of them. Here it is sent for many steps at a time,
from memory that the GPU reads by itself, while earlier steps are still at work. On a CPU nothing
is copied: each step's is drawn when it is taken.
"""

from collections import deque
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

STRETCH = 50  # steps that are sent together

Told = tuple[Tensor, ...]


class Ahead:
    """Returns what ``draw`` draws for a step, on the device; steps are asked for in their order.

    ``draw(step)`` is a function of the step alone: tensors [N, ...] on the CPU, as many for each
    step below ``end``. Each call draws one step of the stretch to come, so that no step waits for
    a whole stretch but the first.
    """

    def __init__(self, draw: Callable[[int], Told], device: torch.device, end: int) -> None:
        self._draw, self._device, self._end = draw, device, end
        self._drawn: list[Told] = []
        self._sent: deque[Told] = deque()
        self._next: int | None = None  # step to be drawn

    def __call__(self, step: int) -> Told:
        """Return what a step is told."""
        if not is_far(self._device):
            return tuple(value.to(self._device) for value in self._draw(step))
        if self._next is None:
            self._next = step
            for _ in range(STRETCH):
                self._draw_next()
        if not self._sent:
            self._sent.extend(_sent(self._drawn, self._device))
            self._drawn = []
        self._draw_next()
        return self._sent.popleft()

    def _draw_next(self) -> None:
        if self._next is not None and self._next < self._end:
            self._drawn.append(self._draw(self._next))
            self._next += 1


def _sent(drawn: Sequence[Told], device: torch.device) -> list[Told]:
    """Send what several steps are told in one copy each."""
    columns = [
        send(torch.cat(column), device).split([len(value) for value in column])
        for column in zip(*drawn, strict=True)
    ]
    return list(zip(*columns, strict=True)) if columns else [() for _ in drawn]


# What a test has stand-ins for.


def is_far(device: torch.device) -> bool:
    """Tell whether a device has memory of its own that copies can go to while it computes."""
    return device.type == "cuda"


def send(values: Tensor, device: torch.device) -> Tensor:
    """Return values on a device; nothing waits for the copy but what uses it there."""
    return values.pin_memory().to(device, non_blocking=True)
