"""Imports that take long."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep Python from looking for garbage: imports leave none, and it takes a tenth of them."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def import_torch() -> None:
    """Import torch, the slowest part of any start."""
    if "torch" not in sys.modules:
        with uncollected():
            import torch  # noqa: F401
        gc.freeze()  # what was imported stays: nobody need look at it for garbage
