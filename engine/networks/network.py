"""The networks as torch modules, and their files."""

import io
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.errors import EngineError
from engine.files.reader import MB, DamagedFile, read_state
from engine.networks.architectures import ARCHITECTURES, CLASSES, KERNEL, SIDE, Architecture
from engine.networks.blocks import blocked, connect, convolve_and_pool, dense
from engine.networks.layout import Layout
from engine.numerics.seeding import Stream, stream

OVERHEAD = MB  # bytes of a stored state beside its tensors
AGAIN = "train the network again"


class Network(nn.Module):
    """A classifier of the course report (section 1): [N, 1, 28, 28] to logits [N, K].

    Weights are Glorot-uniform by ``seed``, biases zero.
    """

    draws = False  # random numbers as it trains

    def __init__(self, architecture: Architecture, seed: int = 0) -> None:
        super().__init__()
        self.architecture = architecture
        shapes = architecture.parameter_shapes
        for name in dict.fromkeys(parameter.split(".")[0] for parameter in shapes):
            self.add_module(name, _layer(shapes[f"{name}.weight"]))
        self._initialize(seed)

    @property
    def layout(self) -> Layout:
        """The layers whose neurons can be visualized."""
        return self.architecture.layout

    @property
    def parameters_count(self) -> int:
        """Number of trainable values."""
        return self.architecture.parameters

    def _initialize(self, seed: int) -> None:
        random = stream(seed, Stream.WEIGHTS)
        with torch.no_grad():
            for parameter in self.parameters():
                if parameter.ndim == 1:
                    parameter.zero_()
                    continue
                receptive = math.prod(parameter.shape[2:])
                fans = (parameter.shape[0] + parameter.shape[1]) * receptive
                bound = math.sqrt(6 / fans)
                drawn = random.uniform(-bound, bound, tuple(parameter.shape))
                parameter.copy_(torch.from_numpy(drawn.astype(np.float32)))

    def activations(self, images: Tensor) -> dict[str, Tensor]:
        """Return every layer's output for images [N, 1, H, W] in [0, 1], by layer name."""
        layers: dict[str, Tensor] = {}
        self._run(images, layers)
        return {name: dense(values) for name, values in layers.items()}

    def forward(self, images: Tensor) -> Tensor:
        """Return logits [N, K] for images [N, 1, H, W] in [0, 1]."""
        return self._run(images)

    def _run(self, images: Tensor, layers: dict[str, Tensor] | None = None) -> Tensor:
        """Return the logits; put each layer's output into ``layers``, as oneDNN holds it.

        Without ``layers`` no output is kept longer than the next layer needs it.
        """
        values = blocked(images)
        for block in range(1, self.architecture.blocks + 1):
            convolution = self.get_submodule(f"conv{block}")
            values = convolve_and_pool(values, *convolution.parameters())
            if layers is not None:
                layers[f"pool{block}"] = values
        if self.architecture.hidden:
            values = F.relu(connect(values, *self.get_submodule("hidden").parameters()))
            if layers is not None:
                layers["hidden"] = values
            logits: Tensor = self.get_submodule("logits")(values)
        else:
            logits = connect(values, *self.get_submodule("logits").parameters())
        if layers is not None:
            layers["logits"] = logits
        return logits


def _layer(weight_shape: tuple[int, ...]) -> nn.Module:
    outputs, inputs, *kernel = weight_shape
    if kernel:
        return nn.Conv2d(inputs, outputs, KERNEL, padding=1)
    return nn.Linear(inputs, outputs)


def weights_bytes(network: nn.Module) -> bytes:
    """Return ``weights.pt``: a state dict of contiguous CPU tensors, float32 but for whole numbers.

    Through a buffer, since ``torch.save`` to a path writes the file's name into the file.
    """
    state = {name: _plain(value) for name, value in network.state_dict().items()}
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def _plain(value: Tensor) -> Tensor:
    kind = torch.float32 if value.is_floating_point() else value.dtype
    plain = value.detach().to("cpu", kind).contiguous(memory_format=torch.contiguous_format)
    # A part of a larger tensor would be saved with all of that.
    return plain if plain.untyped_storage().nbytes() == plain.nbytes else plain.clone()


def unsaved_buffers(network: nn.Module) -> dict[str, Tensor]:
    """Return the buffers that a network leaves out of its weights, though a step may change them.

    A checkpoint keeps them.
    """
    kept = {id(value) for value in network.state_dict(keep_vars=True).values()}
    return {name: one for name, one in network.named_buffers() if id(one) not in kept}


def load_state(path: Path, size: int, remedy: str) -> Any:
    """Return the state that torch saved at ``path``; its tensors take ``size`` bytes.

    Raises FileNotFoundError where there is none, DamagedFile where it is none or larger.
    """
    content = read_state(path, size + OVERHEAD, remedy)
    try:
        return torch.load(content, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds, and nothing else runs here
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DamagedFile(path, reason[:80].rstrip("."), remedy) from None


def load_network(
    path: Path, model: str, device: torch.device, side: int = SIDE, classes: int = CLASSES
) -> Network:
    """Return the network whose weights are stored at ``path``.

    Raises EngineError where the file is missing, damaged, or of another network.
    """
    architecture = ARCHITECTURES[model].fitted(side, classes)
    wanted = {name: (shape, torch.float32) for name, shape in architecture.parameter_shapes.items()}
    network = Network(architecture)
    network.load_state_dict(read_weights(path, wanted, model))
    return network.to(device).requires_grad_(False)


def read_weights(
    path: Path, wanted: Mapping[str, tuple[tuple[int, ...], torch.dtype]], model: str
) -> dict[str, Tensor]:
    """Return the weights stored at ``path``: tensors of these names, shapes and types, finite.

    Raises EngineError where the file is missing, damaged, or of another network than ``model``.
    """
    size = sum(math.prod(shape) * kind.itemsize for shape, kind in wanted.values())
    try:
        state = load_state(path, size, AGAIN)
    except FileNotFoundError:
        raise EngineError(f"There is no {path}; {AGAIN}.") from None
    if not isinstance(state, dict) or set(state) != set(wanted):
        raise DamagedFile(path, f"it does not hold the weights of a {model} network", AGAIN)
    for name, (shape, kind) in wanted.items():
        value = state[name]
        if not isinstance(value, Tensor) or tuple(value.shape) != shape:
            why = f"{name} is not of shape {list(shape)}, as {model} has it"
            raise DamagedFile(path, why, AGAIN)
        if value.dtype != kind or not value.isfinite().all():
            words = str(kind).removeprefix("torch.")
            raise DamagedFile(path, f"{name} holds values that are not finite {words}", AGAIN)
    return state
