"""What the machine could do: its rate at matrix products, and how many operations the work has."""

import statistics
import time

import torch

from engine.networks.architectures import ARCHITECTURES, CHANNELS, CLASSES, KERNEL, SIDE
from engine.numerics.cores import usable_cores

SIZE, REPEATS = 2048, 9
TRAIN, VALIDATION, INTERVAL, BATCH = 55_000, 5_000, 10, 128


def matmul_rates() -> dict[str, float]:
    """Return floating-point operations a second of large matrix products, by type."""
    torch.set_num_threads(usable_cores())
    rates = {}
    for kind in (torch.float32, torch.bfloat16):
        a, b = (torch.randn(SIZE, SIZE).to(kind) for _ in range(2))
        a @ b
        seconds = []
        for _ in range(REPEATS):
            begin = time.perf_counter()
            a @ b
            seconds.append(time.perf_counter() - begin)
        rates[str(kind).removeprefix("torch.")] = 2 * SIZE**3 / statistics.median(seconds)
    return rates


def forward_operations(model: str) -> tuple[int, int]:
    """Return operations for one image: of the first convolution, and of all layers."""
    architecture = ARCHITECTURES[model]
    size, channels, total, first = SIDE, 1, 0, 0
    for block in range(architecture.blocks):
        operations = 2 * KERNEL**2 * channels * CHANNELS * size**2
        first = operations if block == 0 else first
        total += operations
        channels, size = CHANNELS, size // 2
    features = architecture.flat_features
    for outputs in (architecture.hidden, CLASSES) if architecture.hidden else (CLASSES,):
        total += 2 * features * outputs
        features = outputs
    return first, total


def training_operations(epochs: int) -> int:
    """Return the operations of section 1: forward, both gradients (no input's), validation."""
    total = 0
    for model in ARCHITECTURES:
        first, forward = forward_operations(model)
        validations = epochs * -(-TRAIN // BATCH) // INTERVAL
        total += epochs * TRAIN * (3 * forward - first) + validations * VALIDATION * forward
    return total
