"""How many runs of a sweep this machine does at a time, and with how many threads each.

Runs that share cores slow each other down by more than their number, since threads of one wait for
those of another. Small networks use many cores badly: on two cores, two runs of a thread each are
done sooner than one after the other with two. So every core gets a run while there are enough.
"""

import os

import psutil

from engine.errors import EngineError
from engine.numerics.cores import usable_cores
from engine.sweeps.executors.local import Slot

MEMORY = 1 << 30  # bytes that a run may take: MNIST in float32, activations of an evaluation
PER_GPU = 2  # runs: small networks leave most of a GPU idle


def local_slots(
    runs: int, *, jobs: int | None = None, threads: int | None = None, device: str = "auto"
) -> list[Slot]:
    """Return the slots for so many runs; ``jobs`` and ``threads`` as they were asked for, if so.

    Raises EngineError where there are more jobs than cores or runs could use.
    """
    cores = usable_cores()
    if device.startswith("cuda:"):  # that one alone, which the runs' configs name
        count = jobs or min(runs, PER_GPU)
        return [Slot(threads or max(1, cores // count))] * count
    gpus = visible_gpus() if device in ("auto", "cuda") else 0
    if gpus:
        count = jobs or min(runs, gpus * PER_GPU)
        each = threads or max(1, cores // count)
        return [Slot(each, f"cuda:{place % gpus}") for place in range(count)]
    if jobs is None:
        fitting = max(1, psutil.virtual_memory().available // MEMORY)
        jobs = max(1, min(runs, fitting, cores // threads if threads else cores))
    if jobs > max(cores, 1) * 4:
        raise EngineError(f"{jobs} jobs on {cores} cores would only slow each other down.")
    return [Slot(threads or max(1, cores // jobs))] * jobs


def visible_gpus() -> int:
    """Return how many NVIDIA GPUs this process may use; torch need not be imported for that.

    Where torch cannot use them after all, a worker takes the CPU.
    """
    try:
        import pynvml

        pynvml.nvmlInit()
        there = int(pynvml.nvmlDeviceGetCount())
    except Exception:  # no NVIDIA driver, or none that answers
        return 0
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is None:
        return there
    return min(there, len([name for name in chosen.split(",") if name.strip() not in ("", "-1")]))
