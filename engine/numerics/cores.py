"""How many cores this process may use. No torch in here: a sweep's driver asks too."""

import os
from pathlib import Path


def usable_cores() -> int:
    """Return how many cores this process may use, by its affinity and its control group."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux only
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        cores = min(cores, max(1, round(int(quota) / int(period))))
    except (OSError, ValueError):  # no control group of version 2, or "max"
        pass
    return cores
