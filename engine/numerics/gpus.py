"""NVIDIA GPUs as their driver knows them, found by the number that torch gives them.

Without a GPU, or a driver that answers, everything here raises. Imports no torch.
"""

import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

PROHIBITED = "prohibited"
_MODES = {0: "default", 1: "exclusive thread", 2: PROHIBITED, 3: "exclusive process"}
_UUID_KINDS = ("GPU-", "MIG-")


@dataclass(frozen=True, slots=True)
class Facts:
    """What the driver says of a GPU; "" where it does not tell."""

    driver: str = ""  # its version
    compute_mode: str = ""  # who may use the GPU
    mig: str = ""  # whether it is cut into slices, or is one


def facts(number: int) -> Facts:
    """Return what the driver says of ``cuda:number``, as far as it does."""
    driver = mode = mig = ""
    with suppress(Exception):
        import pynvml

        pynvml.nvmlInit()
        driver = str(pynvml.nvmlSystemGetDriverVersion())
        handle = handle_of(number)
        mig = _mig(handle)
        mode = _MODES.get(pynvml.nvmlDeviceGetComputeMode(handle), "unknown")
    return Facts(driver, mode, mig)


def _mig(handle: Any) -> str:
    import pynvml

    if pynvml.nvmlDeviceIsMigDeviceHandle(handle):
        return "a MIG slice"
    try:
        on, _ = pynvml.nvmlDeviceGetMigMode(handle)
    except pynvml.NVMLError:  # a GPU that cannot be cut
        return "no MIG"
    return "MIG on" if on else "MIG off"


def handle_of(number: int) -> Any:
    """Return NVML's handle of ``cuda:number``. Raises where there is none that answers.

    NVML counts every GPU of the machine by its slot; torch counts those that CUDA_VISIBLE_DEVICES
    names, in its order, the fastest first where it is not set. Once torch uses its GPUs it knows
    what NVML calls them; before, the variable must do.
    """
    import pynvml

    pynvml.nvmlInit()
    if uuid := _uuid(number):
        for kind in _UUID_KINDS:
            with suppress(pynvml.NVMLError):
                return pynvml.nvmlDeviceGetHandleByUUID(kind + uuid)
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return pynvml.nvmlDeviceGetHandleByIndex(number)
    name = visible.split(",")[number].strip()
    return _named(name) if name.startswith(_UUID_KINDS) else _numbered(name)


def _numbered(name: str) -> Any:
    import pynvml

    return pynvml.nvmlDeviceGetHandleByIndex(int(name))


def _named(name: str) -> Any:
    """Return the handle of a GPU by its UUID or the beginning of it, which CUDA takes too."""
    import pynvml

    try:
        return pynvml.nvmlDeviceGetHandleByUUID(name)
    except pynvml.NVMLError:
        for index in range(pynvml.nvmlDeviceGetCount()):
            handle = pynvml.nvmlDeviceGetHandleByIndex(index)
            if str(pynvml.nvmlDeviceGetUUID(handle)).startswith(name):
                return handle
        raise


def in_use() -> bool:
    """Tell whether torch uses a GPU in this process; it is not imported for that."""
    torch = sys.modules.get("torch")
    cuda = getattr(torch, "cuda", None)  # None while torch is being imported
    return cuda is not None and hasattr(cuda, "is_initialized") and bool(cuda.is_initialized())


def _uuid(number: int) -> str:
    """Return the UUID of ``cuda:number`` without its kind, "" where torch does not tell."""
    if not in_use():
        return ""
    import torch

    return str(getattr(torch.cuda.get_device_properties(number), "uuid", ""))


def number_of(device: str) -> int | None:
    """Return the number of the GPU that a device's name means, None where it means none.

    ``auto`` may mean the first.
    """
    kind, _, number = device.partition(":")
    if kind not in ("auto", "cuda"):
        return None
    return int(number) if number.isdecimal() else 0
