"""CUDA graphs: a step that is recorded once and then replayed by a single launch.

The networks here are so small that a GPU spends most of an eager step waiting for Python to launch
the next of some eighty kernels. On any other device the function is simply called.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

WARM_UP = 3  # calls before recording, for libraries that set themselves up at the first ones

Step = Callable[..., tuple[Tensor, ...]]


class Replayed:
    """A function of tensors, recorded once for each combination of input shapes.

    ``changes`` are the tensors that the function changes in place. What it returns lies in memory
    that the next call overwrites. The function must not ask the device for a value.
    """

    def __init__(
        self, function: Step, device: torch.device, changes: Sequence[Tensor] = ()
    ) -> None:
        self._function = function
        self._device = device
        self._records = device.type == "cuda"
        self._changes = list(changes)
        self._recordings: dict[tuple[tuple[tuple[int, ...], torch.dtype], ...], _Recording] = {}

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Return what the function returns for these inputs."""
        if not self._records:
            return self._function(*inputs)
        shapes = tuple((tuple(value.shape), value.dtype) for value in inputs)
        with torch.cuda.device(self._device):  # streams and graphs belong to the current device
            if shapes not in self._recordings:
                self._recordings[shapes] = _Recording(self._function, inputs, self._changes)
            return self._recordings[shapes].replay(inputs)


class _Recording:
    """A recorded call: its own inputs, its outputs, and the graph between them."""

    def __init__(self, function: Step, inputs: Sequence[Tensor], changes: Sequence[Tensor]) -> None:
        self._inputs = [value.clone() for value in inputs]
        before = [value.detach().clone() for value in changes]
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(WARM_UP):
                function(*self._inputs)
        torch.cuda.current_stream().wait_stream(aside)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._outputs = function(*self._inputs)
        with torch.no_grad():  # the warm-up was no step
            for value, kept in zip(changes, before, strict=True):
                value.copy_(kept)

    def replay(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        for own, value in zip(self._inputs, inputs, strict=True):
            own.copy_(value, non_blocking=True)
        self._graph.replay()
        return self._outputs
