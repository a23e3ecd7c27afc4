"""Randomness as a function of names, never of how often a generator was called before.

That is what makes a run resumed in the middle of an epoch the run it would have been, and gives
every device the same batches.
"""

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """The uses of random numbers: two uses of one seed never share any."""

    WEIGHTS = 0
    ORDER = 1
    AUGMENTATION = 2
    SAMPLES = 3
    NOISE_BATCHES = 4
    RANDOM_NOISE = 5
    START_IMAGES = 6
    VIEWS = 7
    DRAWN_IN_A_STEP = 8  # by the network that is trained, as for dropout


def stream(seed: int, use: Stream, *key: int) -> np.random.Generator:
    """Return the generator that belongs to (seed, use, key), ``key`` being an epoch, a step ..."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, use, *key))))
