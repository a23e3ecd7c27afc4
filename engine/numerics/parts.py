"""Images a part at a time: on a CPU as many as its caches hold, on a GPU as its memory does."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

CACHED = 200  # images whose layers stay in a CPU's caches
MOST, LEAST = 5000, 8  # images at once on a GPU; more of them gain nothing
PROBED = 32  # images by which a network's use of memory is measured
SHARE = 2  # a part may take one of so many shares of the free memory

Answer = TypeVar("Answer")


@dataclass(slots=True)
class _Needs:
    """What is known of a way to ask a network, on a GPU."""

    for_each: int  # bytes, at the peak
    limit: int = MOST  # images at once: fewer once that many were too many


_KNOWN: WeakKeyDictionary[nn.Module, dict[str, _Needs]] = WeakKeyDictionary()


def by_parts(
    ask: Callable[[Tensor], Answer], images: Tensor, network: nn.Module, way: str
) -> list[Answer]:
    """Return ``ask`` of each part of images [N, ...], in their order.

    ``ask`` asks ``network``; ``way`` is the name of how, as one way may need more memory than
    another. Raises what ``ask`` raises, torch.OutOfMemoryError where even a few are too many.
    """
    if not on_gpu(images):
        return [ask(part) for part in images.split(CACHED)]
    needs = _needs(ask, images, network, way)
    size = min(needs.limit, MOST if recording() else _fitting(needs.for_each, images.device))
    while True:
        try:
            return [ask(part) for part in images.split(size)]
        except torch.OutOfMemoryError:
            if size <= LEAST or recording():  # what was recorded so far would have to go too
                raise
        # Here the frames of what failed are gone, and their tensors with them.
        give_back()
        size = needs.limit = max(LEAST, size // 2)


def _needs(ask: Callable[[Tensor], object], images: Tensor, network: nn.Module, way: str) -> _Needs:
    known = _KNOWN.setdefault(network, {})
    if way not in known:
        few = images[:PROBED]
        known[way] = _Needs(0 if recording() else peak(ask, few) // max(1, len(few)))
    return known[way]


def _fitting(for_each: int, device: torch.device) -> int:
    """Return how many images fit: a power of two below the most, so that it seldom changes."""
    fits = free_memory(device) // SHARE // max(1, for_each)
    return MOST if fits >= MOST else max(LEAST, 1 << max(0, fits.bit_length() - 1))


# What is asked of CUDA; tests have stand-ins for these.


def on_gpu(images: Tensor) -> bool:
    """Tell whether images lie on a GPU."""
    return images.is_cuda


def recording() -> bool:
    """Tell whether a CUDA graph is being recorded: what is called then computes nothing."""
    return torch.cuda.is_current_stream_capturing()


def free_memory(device: torch.device) -> int:
    """Return how many bytes of a GPU are free, those included that torch holds and does not use."""
    unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return torch.cuda.mem_get_info(device)[0] + unused


def peak(ask: Callable[[Tensor], object], images: Tensor) -> int:
    """Return how many bytes more are in use at most while some images are asked about."""
    device = images.device
    before = torch.cuda.memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    ask(images)
    return max(0, torch.cuda.max_memory_allocated(device) - before)


def give_back() -> None:
    """Give the memory that torch holds and does not use back to the GPU."""
    torch.cuda.empty_cache()
