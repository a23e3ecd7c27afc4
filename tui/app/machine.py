"""The load of this process and its GPU, as far as the machine tells."""

import os
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

MIB, GIB = 2**20, 2**30


@dataclass(frozen=True, slots=True)
class Load:
    """A reading; None where the machine does not tell."""

    cpu: float  # of one core, by this process since the last reading: 2.0 is two cores
    memory: int  # bytes, resident
    gpu: float | None = None  # share of the time that the GPU was busy
    gpu_memory: int | None = None  # bytes used on it, by everyone
    gpu_total: int | None = None

    def words(self) -> str:
        """Return the reading in a few characters."""
        memory = (
            f"{self.memory / GIB:.1f} GiB" if self.memory >= GIB else f"{self.memory / MIB:.0f} MiB"
        )
        words = f"CPU {self.cpu:4.0%} {memory}"
        if self.gpu is not None:
            words = f"GPU {self.gpu:4.0%} {words}"
        if self.gpu_memory is not None and self.gpu_total:
            used, total = self.gpu_memory / GIB, self.gpu_total / GIB
            words += f", GPU {used:.1f}/{total:.0f} GiB"
        return words


class Machine:
    """Reads the load. The first reading of the CPU is 0: it counts from the last one."""

    def __init__(self, gpu: int = 0) -> None:
        """``gpu`` is the number that torch knows the GPU by: that of ``cuda:0`` is 0."""
        import psutil

        self._process = psutil.Process()
        self._process.cpu_percent()
        self._gpu = None
        with suppress(Exception):  # no NVIDIA driver, or none that answers
            self._gpu = _handle(gpu)

    def read(self) -> Load:
        """Return the current load."""
        cpu = self._process.cpu_percent() / 100
        memory = self._process.memory_info().rss
        busy, used, total = None, None, None
        if self._gpu is not None:
            import pynvml

            with suppress(pynvml.NVMLError):  # some GPUs, MIG slices among them, tell no load
                on_gpu = pynvml.nvmlDeviceGetMemoryInfo(self._gpu)
                used, total = on_gpu.used, on_gpu.total
                busy = pynvml.nvmlDeviceGetUtilizationRates(self._gpu).gpu / 100
        return Load(cpu, memory, busy, used, total)


def _handle(gpu: int) -> Any:
    """Return NVML's handle of a GPU of ours. Raises where there is none that answers."""
    import pynvml

    pynvml.nvmlInit()
    # NVML counts every GPU of the machine, torch only those that this variable names, in its order.
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return pynvml.nvmlDeviceGetHandleByIndex(gpu)
    name = visible.split(",")[gpu].strip()
    if name.startswith(("GPU-", "MIG-")):
        return pynvml.nvmlDeviceGetHandleByUUID(name)
    return pynvml.nvmlDeviceGetHandleByIndex(int(name))
