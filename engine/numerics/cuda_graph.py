"""CUDA graphs: a step that is recorded once and then replayed by a single launch.

The networks here are so small that a GPU spends most of an eager step waiting for Python to launch
the next of some eighty kernels. Where a graph cannot be recorded, on any other device, and where
nobody wants graphs, the function is simply called.
"""

import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache, partial
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from engine.files.text import visible

WARM_UP = 3  # calls before recording, for libraries that set themselves up at the first ones
LONGEST = 160  # characters of an error's message

Step = Callable[..., tuple[Tensor, ...]]
Outputs = tuple[Tensor, ...]
Key = tuple[int, tuple[tuple[tuple[int, ...], torch.dtype], ...]]  # whose, and its inputs' shapes


class Graph(Protocol):
    """A recorded call, as torch has it."""

    def replay(self) -> None: ...
    def reset(self) -> None: ...


class Recorder(Protocol):
    """What recording asks of CUDA; a test has a stand-in for it."""

    def guard(self) -> Any:
        """Return the context in which streams and graphs belong to the device."""

    def warm_up(self, call: Callable[[], object]) -> None:
        """Call on the stream that is recorded from."""

    def record(self, call: Callable[[], Outputs]) -> tuple[Graph, Outputs]:
        """Record a call, which computes nothing, and return where its results will lie.

        Raises whatever kept it from being recorded.
        """

    def random_state(self) -> Tensor:
        """Return the state of the device's random numbers."""

    def set_random_state(self, state: Tensor) -> None:
        """Go back to such a state."""

    def wait(self) -> None:
        """Wait until the device has done all that it was told."""

    def free(self) -> None:
        """Give back the memory that nothing uses any more."""


class Graphs:
    """The recordings of one run: they share one pool of memory, and end together.

    Close it, or use it as a context manager; what a recorded function returned is gone then. The
    first recording that fails ends all of them: from there on functions are simply called.
    """

    def __init__(self, device: torch.device, *, wanted: bool = True) -> None:
        self._recorder = recorder_of(device) if wanted else None
        self._recordings: dict[Key, _Recording] = {}
        self._made = 0  # functions that are to be replayed
        self._untold = ""  # why functions are simply called, until it is told

    def replayed(self, function: Step, changes: Sequence[Tensor] = ()) -> "Replayed":
        """Return ``function`` as one that is recorded once for each combination of input shapes.

        ``changes`` are the tensors that it changes in place. What it returns lies in memory that
        the next call of any function of this run overwrites. It must not ask the device for a
        value.
        """
        self._made += 1
        return Replayed(self, self._made, function, changes)

    def call(self, number: int, function: Step, changes: Sequence[Tensor], inputs: Any) -> Outputs:
        """Return what a function returns, recorded where that can be."""
        if (recorder := self._recorder) is None:
            return function(*inputs)
        key = number, tuple((tuple(value.shape), value.dtype) for value in inputs)
        with recorder.guard():
            if key not in self._recordings:
                try:
                    self._recordings[key] = _Recording(recorder, function, inputs, changes)
                except _Unrecorded as error:
                    self.close()
                    self._untold = str(error)
                    return function(*inputs)
            return self._recordings[key].replay(inputs)

    def trouble(self) -> str:
        """Return why functions are simply called though they were to be replayed, once; or ""."""
        reason, self._untold = self._untold, ""
        return reason and (
            f"No CUDA graph could be recorded ({reason}); the run continues without, which is "
            "slower. --no-cuda-graphs saves the attempt."
        )

    def close(self) -> None:
        """Drop all recordings and their memory; functions are simply called from here on."""
        recorder, self._recorder = self._recorder, None
        if recorder is None:
            return
        with suppress(RuntimeError):  # of a device that is in trouble, which is told elsewhere
            recorder.wait()  # or memory would be used anew that a replay still writes to
            for recording in self._recordings.values():
                recording.close()
        self._recordings.clear()
        with suppress(RuntimeError):
            recorder.free()

    def __enter__(self) -> "Graphs":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class Replayed:
    """A function of tensors that is replayed where it can be."""

    def __init__(
        self, graphs: Graphs, number: int, function: Step, changes: Sequence[Tensor]
    ) -> None:
        self._graphs, self._number = graphs, number
        self._function, self._changes = function, list(changes)

    def __call__(self, *inputs: Tensor) -> Outputs:
        """Return what the function returns for these inputs."""
        return self._graphs.call(self._number, self._function, self._changes, inputs)


class _Unrecorded(Exception):
    """Why a call was not recorded, in a few words."""


class _Recording:
    """A recorded call: its own inputs, its outputs, and the graph between them.

    Raises _Unrecorded where there is none, with everything as it was before.
    """

    def __init__(
        self,
        recorder: Recorder,
        function: Step,
        inputs: Sequence[Tensor],
        changes: Sequence[Tensor],
    ) -> None:
        self._inputs = [value.clone() for value in inputs]
        call = partial(function, *self._inputs)
        before = [value.detach().clone() for value in changes]
        drawn, drawn_here = recorder.random_state(), _random_state_here()

        def restore() -> None:
            with torch.no_grad():
                for value, kept in zip(changes, before, strict=True):
                    value.copy_(kept)
            recorder.set_random_state(drawn)
            _set_random_state_here(drawn_here)

        try:
            recorder.warm_up(lambda: [call() for _ in range(WARM_UP)])
            drew_here = not _same(drawn_here, _random_state_here())
        finally:
            restore()  # the warm-up was no step
        if drew_here:  # a replay would repeat what was drawn while it was recorded
            raise _Unrecorded("the network draws random numbers on the CPU")
        try:
            self._graph, self._outputs = recorder.record(call)
        except Exception as error:
            restore()
            # What is wrong with the function itself comes out when it is called.
            raise _Unrecorded(_reason(error)) from None

    def replay(self, inputs: Sequence[Tensor]) -> Outputs:
        for own, value in zip(self._inputs, inputs, strict=True):
            own.copy_(value, non_blocking=True)
        self._graph.replay()
        return self._outputs

    def close(self) -> None:
        self._inputs, self._outputs = [], ()
        self._graph.reset()


def _reason(error: Exception) -> str:
    """Return the first line of an error's message, shortened."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    first = visible(lines[0]).rstrip(". ")
    return first if len(first) <= LONGEST else first[: LONGEST - 1] + "…"


def _random_state_here() -> tuple[Any, ...]:
    """Return the states of the CPU's generators: torch's, NumPy's and Python's."""
    return torch.get_rng_state(), np.random.get_state(), random.getstate()


def _set_random_state_here(state: tuple[Any, ...]) -> None:
    torch.set_rng_state(state[0])
    np.random.set_state(state[1])
    random.setstate(state[2])


def _same(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    numpy, numpy_too = one[1], other[1]
    return (
        torch.equal(one[0], other[0])
        and np.array_equal(numpy[1], numpy_too[1])
        and numpy[2:] == numpy_too[2:]
        and one[2] == other[2]
    )


def recorder_of(device: torch.device) -> Recorder | None:
    """Return what records on a device, None where it has no graphs."""
    return _Cuda(device) if device.type == "cuda" else None


@cache
def _stream(device: torch.device) -> torch.cuda.Stream:
    """Return the stream that everything is recorded from.

    One for good: the libraries keep a workspace for each stream that they have seen.
    """
    return torch.cuda.Stream(device)


_FAILED: list[Graph] = []  # torch's allocator may keep pointers to graphs whose recording failed


class _Cuda:
    """A recorder for a CUDA device."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        with self.guard():
            self._pool = torch.cuda.graph_pool_handle()

    def guard(self) -> Any:
        return torch.cuda.device(self._device)

    def warm_up(self, call: Callable[[], object]) -> None:
        here, aside = torch.cuda.current_stream(), _stream(self._device)
        aside.wait_stream(here)
        with torch.cuda.stream(aside):
            call()
        here.wait_stream(aside)

    def record(self, call: Callable[[], Outputs]) -> tuple[Graph, Outputs]:
        graph = torch.cuda.CUDAGraph()
        try:
            # Other threads may use the device meanwhile: only what this one does counts.
            with torch.cuda.graph(
                graph,
                pool=self._pool,
                stream=_stream(self._device),
                capture_error_mode="thread_local",
            ):
                outputs = call()
        except BaseException:
            self._give_up(graph)
            raise
        return graph, outputs

    def _give_up(self, graph: torch.cuda.CUDAGraph) -> None:
        """Undo what torch leaves behind where a recording is cut short."""
        _FAILED.append(graph)
        with suppress(Exception):
            graph.reset()
        end = getattr(torch._C, "_cuda_endAllocateToPool", None)  # a private name
        with suppress(Exception):  # it was ended
            if end is not None:
                end(self._device.index, self._pool)

    def random_state(self) -> Tensor:
        return torch.cuda.get_rng_state(self._device)

    def set_random_state(self, state: Tensor) -> None:
        torch.cuda.set_rng_state(state, self._device)

    def wait(self) -> None:
        torch.cuda.synchronize(self._device)

    def free(self) -> None:
        with self.guard():
            torch.cuda.empty_cache()
