"""What surrounds code that is not ours: a network's file as it is imported, built and called.

It prints to standard error, draws its random numbers from a seed and leaves ours alone, and imports
only what is installed: a run holds a copy of the one file, which must be enough to build it again.
"""

import importlib.abc
import importlib.machinery
import os
import random
import sys
import sysconfig
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, TextIO

import numpy as np
import torch
from torch import Tensor

from engine.files.text import visible

LONGEST = 200  # characters of an error's message
OURS = ("engine", "tui")  # which in a checkout lie in the current folder

_changing = threading.Lock()
_drawing = threading.RLock()  # held by the thread that the generators are seeded for
_inside = 0  # calls of foreign code that go on now, in all threads
_stdout: TextIO | None = None  # what they keep from being printed to
_instead: TextIO | None = None  # what they print to


@contextmanager
def printing_aside() -> Iterator[None]:
    """Send what is printed to standard error: standard output belongs to results.

    ``redirect_stdout`` would, left in another order than entered, as threads do, never end.
    """
    global _inside, _stdout, _instead
    with _changing:
        if _inside == 0:
            _stdout, _instead = sys.stdout, sys.stderr
            sys.stdout = _instead
        _inside += 1
    try:
        yield
    finally:
        with _changing:
            _inside -= 1
            # Unless another has set it since: the app, as it was closed.
            if _inside == 0 and sys.stdout is _instead and _stdout is not None:
                sys.stdout = _stdout


def grad(
    output: Tensor, inputs: Sequence[Tensor], *, allow_unused: bool = False
) -> tuple[Tensor, ...]:
    """Return the gradients of a scalar by ``inputs``, of zeros where it does not depend on one.

    A network's hooks may print as they are computed.
    """
    with printing_aside():
        return torch.autograd.grad(
            output, inputs, allow_unused=allow_unused, materialize_grads=allow_unused
        )


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed the global generators of torch (on the CPU), NumPy and Python; restore them after.

    One thread at a time: what is asked of a network beside a training leaves that its numbers.
    """
    with _drawing, torch.random.fork_rng(devices=[]):
        python, numpy = random.getstate(), np.random.get_state()
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would seed the GPU's too
        np.random.seed(seed % 2**32)
        random.seed(seed)
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)


@contextmanager
def settings_kept() -> Iterator[None]:
    """Restore what code may set for the whole process: torch's settings, the search path."""
    path, before = list(sys.path), [get() for get, _ in _SETTINGS]
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    tf32 = cudnn.allow_tf32, matmul.allow_tf32
    try:
        yield
    finally:
        sys.path[:] = path
        for (get, put), value in zip(_SETTINGS, before, strict=True):
            if get() != value:  # some take long to set
                put(value)
        # Not asked first: there are two ways to set these, and asked for one after the other was
        # used, torch raises.
        torch.set_float32_matmul_precision("highest")
        cudnn.allow_tf32, matmul.allow_tf32 = tf32


def _deterministic(wanted: bool) -> None:
    torch.use_deterministic_algorithms(wanted, warn_only=True)


def _no_default_device(_: object) -> None:
    torch.set_default_device(None)  # the CPU said by name would cost time at each tensor made


_SETTINGS: tuple[tuple[Callable[[], Any], Callable[[Any], object]], ...] = (
    (torch.get_default_dtype, torch.set_default_dtype),
    (torch.get_default_device, _no_default_device),
    (torch.is_grad_enabled, torch.set_grad_enabled),
    (torch.is_anomaly_enabled, torch.set_anomaly_enabled),
    (torch.get_num_threads, torch.set_num_threads),
    (torch.are_deterministic_algorithms_enabled, _deterministic),
    (torch._C._get_cudnn_benchmark, torch._C._set_cudnn_benchmark),
    (torch._C._get_cudnn_deterministic, torch._C._set_cudnn_deterministic),
    (torch._C._get_cudnn_enabled, torch._C._set_cudnn_enabled),
)


@contextmanager
def importing_alone(folder: Path) -> Iterator[None]:
    """Import nothing that lies in ``folder`` or in the current folder, in this thread."""
    guard = _Guard(folder)
    sys.meta_path.insert(0, guard)
    try:
        yield
    finally:
        sys.meta_path.remove(guard)


class _Guard(importlib.abc.MetaPathFinder):
    """Finds modules as Python does, but for neighbours: these it says are not there."""

    def __init__(self, folder: Path) -> None:
        installed = {os.path.realpath(path) for path in sysconfig.get_paths().values()}
        self._refused = {os.path.realpath(folder), os.path.realpath(".")} - installed
        self._thread = threading.get_ident()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return where a module lies. Raises ModuleNotFoundError for a neighbour."""
        if path is not None or fullname in OURS or threading.get_ident() != self._thread:
            return None
        for finder in sys.meta_path:
            found = None if finder is self else finder.find_spec(fullname, path, target)
            if found is not None:
                if self._is_neighbour(found):
                    raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
                return found
        return None

    def _is_neighbour(self, found: importlib.machinery.ModuleSpec) -> bool:
        places = found.submodule_search_locations or [found.origin or ""]
        return any(os.path.realpath(os.path.dirname(place)) in self._refused for place in places)


def described(error: BaseException, path: str) -> str:
    """Return an error's type, message and line in the file: ``ValueError: no (line 7)``."""
    if isinstance(error, SyntaxError) and error.filename == path:
        line, message = error.lineno, error.msg
    else:
        line, message = _line(error, path), _message(error)
    first = visible(message.strip().splitlines()[0]).rstrip(". ") if message.strip() else ""
    if len(first) > LONGEST:
        first = first[: LONGEST - 1] + "…"
    name = visible(type(error).__name__)
    return (f"{name}: {first}" if first else name) + (f" (line {line})" if line else "")


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # its class is foreign code too
        return ""


def _line(error: BaseException, path: str) -> int | None:
    """Return the line of the file at which it went wrong, or called what did."""
    lines = [
        number
        for frame, number in traceback.walk_tb(error.__traceback__)
        if frame.f_code.co_filename == path
    ]
    return lines[-1] if lines else None
