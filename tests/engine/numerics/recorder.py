"""A stand-in for CUDA's graphs, on a CPU."""

import contextlib
import weakref
from collections.abc import Sequence

import torch
from torch import Tensor


class OnPaper:
    """Records on a CPU as CUDA does: a call that is recorded computes nothing.

    All recordings share their memory: what one returned is spoilt by the next replay of any. Give
    it the tensors that recorded calls change, and the numbers of the recordings that fail.
    """

    def __init__(self, changed: Sequence[Tensor] = (), fails: Sequence[int] = ()) -> None:
        self.changed, self.fails = list(changed), fails
        self.recorded = 0
        self.graphs: list[weakref.ref] = []
        self.outputs: list[weakref.ref] = []
        self.warm_ups, self.waits, self.frees = 0, 0, 0
        self.drawn = torch.zeros(1)  # random numbers of the device, so far

    def guard(self):
        return contextlib.nullcontext()

    def warm_up(self, call):
        self.warm_ups += 1
        self.drawn += 3
        call()

    def record(self, call):
        self.recorded += 1
        before = [value.detach().clone() for value in self.changed]
        outputs = tuple(value.detach().clone() for value in call())
        with torch.no_grad():
            for value, kept in zip(self.changed, before, strict=True):
                value.copy_(kept)
        if self.recorded in self.fails:
            raise RuntimeError("CUDA error: operation not permitted when stream is capturing\nSee")
        graph = _Graph(self, call, outputs)
        self.graphs.append(weakref.ref(graph))
        self.outputs += map(weakref.ref, outputs)
        return graph, outputs

    def random_state(self):
        return self.drawn.clone()

    def set_random_state(self, state):
        self.drawn.copy_(state)

    def wait(self):
        self.waits += 1

    def free(self):
        self.frees += 1

    def spoil(self) -> None:
        for output in self.outputs:
            if (value := output()) is not None and value.is_floating_point():
                value.fill_(torch.nan)

    @property
    def alive(self) -> int:
        """How many graphs there still are."""
        return sum(graph() is not None for graph in self.graphs)


class _Graph:
    def __init__(self, recorder: OnPaper, call, outputs) -> None:
        self.recorder, self.call, self.outputs = recorder, call, outputs

    def replay(self) -> None:
        results = self.call()
        self.recorder.spoil()
        for own, value in zip(self.outputs, results, strict=True):
            own.copy_(value)

    def reset(self) -> None:
        self.recorder.spoil()
