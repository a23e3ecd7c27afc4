"""Networks as runs hold them: begun by a training, or with the weights that it left.

The course report's three are made from their table. Any other is made by the file of its own that
a run keeps, ``model.py``; whether that may be run here is for the ledger to say.
"""

from pathlib import Path

import torch
from torch import Tensor

from engine.errors import EngineError
from engine.networks.architectures import ARCHITECTURES, WEIGHTS_FILE
from engine.networks.code import Code, load
from engine.networks.layout import Layout
from engine.networks.network import Network, load_network, read_weights
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
    state: dict[str, Tensor] = network.state_dict()
    wanted = {name: (tuple(value.shape), value.dtype) for name, value in state.items()}
    network.load_state_dict(read_weights(path, wanted, model))
    return network.to(device).eval().requires_grad_(False)
