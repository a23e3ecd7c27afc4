"""The device and the arithmetic of the inner loops.

A ``Device`` is resolved once per run. It places datasets (uint8, once), opens autocast regions,
and names itself for ``run.json``.
"""

import contextlib
import ctypes
import os
import platform
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.data.dataset import Split
from engine.errors import EngineError
from engine.numerics.cores import usable_cores

# Images that are read from files cannot be written to, and nobody does.
warnings.filterwarnings("ignore", "The given NumPy array is not writable")

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of malloc.h
_MOST_MMAP_THRESHOLD = 32 * 1024 * 1024  # the most that it takes


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A torch device with its precision ("fp32" or "bf16") and CPU thread count."""

    torch_device: torch.device
    precision: str
    threads: int

    def arithmetic(self, *, exact: bool = False) -> contextlib.AbstractContextManager[Any]:
        """Return the context in which networks run: bf16 autocast, or nothing where ``exact``."""
        if exact or self.precision == "fp32":
            return contextlib.nullcontext()
        return torch.autocast(self.torch_device.type, torch.bfloat16)

    def place(self, split: Split) -> tuple[Tensor, Tensor]:
        """Return a split's images uint8 [N, 1, H, W] and labels int64 [N] on the device.

        A CPU's images are those of the split itself: do not write to them.
        """
        images = _shared(split.images).to(self.torch_device).unsqueeze(1)
        labels = torch.tensor(split.labels, dtype=torch.int64, device=self.torch_device)
        return images, labels

    def numbers(self, values: Sequence[float]) -> Tensor:
        """Return numbers on the device; on a CPU as exact as Python's own."""
        kind = torch.float64 if self.torch_device.type == "cpu" else torch.float32
        return torch.tensor(values, dtype=kind, device=self.torch_device)

    def give_back(self) -> None:
        """Give the memory back that was kept for the next step: there is none for now."""
        if self.torch_device.type == "cuda":
            torch.cuda.empty_cache()
        _keep_freed_memory(False)

    def describe(self) -> dict[str, Any]:
        """Return what ``run.json`` says of the environment."""
        return {
            "device": str(self.torch_device),
            "device_name": device_name(self.torch_device),
            "precision": self.precision,
            "threads": self.threads,
            "versions": {
                "mnist-tui": metadata.version("mnist-tui"),
                "python": platform.python_version(),
                "torch": torch.__version__,
                "numpy": metadata.version("numpy"),
            },
        }


def open_device(
    name: str = "auto",
    precision: str = "auto",
    threads: int | None = None,
    deterministic: bool = False,
) -> Device:
    """Resolve the user's choice and prove that the device computes.

    Sets torch's CPU thread count, and whether a GPU must be deterministic, for the whole process:
    open the device anew for each run. Where torch has no deterministic kernel (some gradients of
    padding and resampling) it warns. Raises EngineError where the device is absent, unusable or
    without bf16.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch_device = torch.device(name)
        if torch_device.type == "cuda":
            # Read once in a process, at the first product: a later run may need it.
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        _be_deterministic(deterministic and torch_device.type == "cuda")
        if torch_device == torch.device("cuda"):  # the current one
            torch_device = torch.device("cuda", torch.cuda.current_device())
        (torch.ones(2, device=torch_device) * 2).sum().item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = _reason(error)
        raise EngineError(
            f"Device {name!r} cannot be used here ({reason}). "
            "Try --device cpu; `mnist-tui doctor` lists what is there."
        ) from None
    if precision == "auto":
        precision = "bf16" if has_bf16(torch_device) else "fp32"
    elif precision == "bf16" and torch_device.type not in ("cpu", "cuda"):
        raise EngineError(f"No bf16 on {torch_device}; try --precision fp32.")
    if threads is not None and threads > (os.cpu_count() or 1):
        raise EngineError(
            f"--threads {threads} is more than this machine's {os.cpu_count()} processors; "
            "torch would slow to a crawl."
        )
    # Float32 is float32, in every result; some containers' environment says otherwise.
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    threads = threads or usable_cores()
    torch.get_num_threads()  # before a thread's first question, what another one sets holds for it
    torch.set_num_threads(threads)
    _keep_freed_memory(True)
    return Device(torch_device=torch_device, precision=precision, threads=threads)


def _shared(images: np.ndarray) -> Tensor:
    """Return an array as a tensor over the same memory; MNIST would take 55 MB twice."""
    return torch.from_numpy(np.ascontiguousarray(images))


def _reason(error: Exception) -> str:
    """Return torch's words; where it lists every kind of device it has heard of, ours."""
    words = str(error).splitlines()[0].rstrip(".")
    return "torch knows no such device" if words.startswith("Expected one of") else words


def _keep_freed_memory(keep: bool) -> None:
    """Have glibc keep what is freed for the next step, or give it back as it does by itself.

    It would give large blocks back to the system and take them again at each step: page faults
    have taken more than half of a training's time, by how the heap happened to lie.
    """
    with contextlib.suppress(OSError, AttributeError):  # another C library
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(_M_MMAP_THRESHOLD, _MOST_MMAP_THRESHOLD if keep else 128 * 1024)
        libc.mallopt(_M_TRIM_THRESHOLD, 256 * 1024 * 1024 if keep else 128 * 1024)
        if not keep:
            libc.malloc_trim(0)


def _be_deterministic(wanted: bool) -> None:
    if wanted != torch.are_deterministic_algorithms_enabled():  # the setter's imports take long
        torch.use_deterministic_algorithms(wanted, warn_only=True)


def has_bf16(torch_device: torch.device) -> bool:
    """Tell whether a device multiplies bf16 in hardware (elsewhere it is slower than float32)."""
    if torch_device.type == "cuda":
        return torch.cuda.get_device_capability(torch_device) >= (8, 0)
    if torch_device.type == "cpu":
        return _cpu_has("_is_avx512_bf16_supported") or _cpu_has("_is_amx_tile_supported")
    return False


def _cpu_has(question: str) -> bool:
    """Ask torch for a CPU feature; private names, so an unknown one counts as no."""
    return bool(getattr(torch.cpu, question, lambda: False)())


def device_name(torch_device: torch.device) -> str:
    """Return the hardware's name as people know it."""
    if torch_device.type == "cuda":
        return torch.cuda.get_device_name(torch_device)
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name") and (name := line.partition(":")[2].strip()):
                return name
    return platform.processor() or platform.machine() or "unknown"
