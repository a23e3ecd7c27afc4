"""Networks as runs hold them: begun by a training, or with the weights that it left.

The course report's three are made from their table. Any other is made by the file of its own that
a run keeps, ``model.py``; whether that may be run here is for the ledger to say.
"""

from pathlib import Path

import torch
from torch import Tensor

from engine.errors import EngineError
from engine.files.reader import DamagedFile
from engine.networks.architectures import ARCHITECTURES, WEIGHTS_FILE
from engine.networks.code import Code, load
from engine.networks.layout import Layout
from engine.networks.network import AGAIN, Network, load_network, load_state
from engine.networks.wrapped import Wrapped
from engine.numerics.seeding import Stream, stream

AnyNetwork = Network | Wrapped


def begin_network(
    model: str, side: int, layout: Layout, code: Code | None, seed: int
) -> AnyNetwork:
    """Return a network as a training begins with it; its weights are a function of ``seed``.

    Raises EngineError where ``code``, the file of one's own, is missing or may not be run.
    """
    classes = layout.layers[-1].neurons
    if model in ARCHITECTURES:
        return Network(ARCHITECTURES[model].fitted(side, classes), seed)
    if code is None:
        raise EngineError(f"The file that {model} is made by is missing.")
    drawn = int(stream(seed, Stream.WEIGHTS).integers(2**63))
    network = load(code, classes=classes, height=side, width=side, seed=drawn)
    return Wrapped(network, layout, code)


def load_trained(
    folder: Path, model: str, side: int, layout: Layout, code: Code | None, device: torch.device
) -> AnyNetwork:
    """Return the network whose weights a training left in its folder, frozen.

    Raises EngineError where they are missing, damaged, or of another network.
    """
    path, classes = folder / WEIGHTS_FILE, layout.layers[-1].neurons
    if model in ARCHITECTURES:
        return load_network(path, model, device, side, classes)
    network = begin_network(model, side, layout, code, seed=0)
    wanted: dict[str, Tensor] = network.state_dict()
    size = sum(value.nbytes for value in wanted.values())
    try:
        state = load_state(path, size, AGAIN)
    except FileNotFoundError:
        raise EngineError(f"There is no {path}; {AGAIN}.") from None
    if not isinstance(state, dict) or set(state) != set(wanted):
        raise DamagedFile(path, f"it does not hold the weights of {model}", AGAIN)
    for name, value in wanted.items():
        found = state[name]
        if not isinstance(found, Tensor) or (found.shape, found.dtype) != (
            value.shape,
            value.dtype,
        ):
            raise DamagedFile(path, f"{name} is not of the shape and type that {model} has", AGAIN)
        if found.is_floating_point() and not found.isfinite().all():
            raise DamagedFile(path, f"{name} holds values that are not finite", AGAIN)
    network.load_state_dict(state)
    return network.to(device).eval().requires_grad_(False)
