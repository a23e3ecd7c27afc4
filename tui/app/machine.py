"""The load of this process and its GPU, as far as the machine tells."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from engine.numerics import gpus

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

    def __init__(self) -> None:
        import psutil

        self.device = "auto"  # whose load is told, if it is a GPU: as configs name it
        self._process = psutil.Process()
        self._process.cpu_percent()
        self._known: tuple[str, bool] | None = None
        self._gpu: Any = None

    def read(self) -> Load:
        """Return the current load."""
        cpu = self._process.cpu_percent() / 100
        memory = self._process.memory_info().rss
        busy, used, total = None, None, None
        if (gpu := self._find()) is not None:
            import pynvml

            with suppress(pynvml.NVMLError):  # some GPUs, MIG slices among them, tell no load
                on_gpu = pynvml.nvmlDeviceGetMemoryInfo(gpu)
                used, total = on_gpu.used, on_gpu.total
                busy = pynvml.nvmlDeviceGetUtilizationRates(gpu).gpu / 100
        return Load(cpu, memory, busy, used, total)

    def _find(self) -> Any:
        """Return NVML's handle of the GPU, None where there is none that answers.

        It is looked up anew when torch begins to use its GPUs: only torch knows their order.
        """
        known = self.device, gpus.in_use()
        if known != self._known:
            self._known, self._gpu = known, None
            if (number := gpus.number_of(self.device)) is not None:
                with suppress(Exception):
                    self._gpu = gpus.handle_of(number)
        return self._gpu
