"""The networks as torch modules, and how they are stored."""

import io
import math
import pickle
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.architectures import ARCHITECTURES, Architecture
from engine.errors import EngineError
from engine.seeding import Stream, stream


class Network(nn.Module):
    """One of the three classifiers of the report (section 1): [N, 1, 28, 28] to logits [N, K].

    Weights are Glorot-uniform by ``seed``, biases zero.
    """

    def __init__(self, architecture: Architecture, seed: int = 0) -> None:
        super().__init__()
        self.architecture = architecture
        shapes = architecture.parameter_shapes
        for name in dict.fromkeys(parameter.split(".")[0] for parameter in shapes):
            self.add_module(name, _layer(shapes[f"{name}.weight"]))
        self._initialize(seed)

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
        """Return every layer's output for images [N, 1, H, W] in [0, 1], by layer name.

        Pooling comes before ReLU: the two commute, and ReLU then touches a quarter of the values.
        The images are handed on with channels-last strides, though one channel lies the same
        either way: oneDNN takes the layout of all that follows from them, and its convolutions
        and torch's pooling are several times faster in that one (on a CPU, half of a step's time).
        """
        layers: dict[str, Tensor] = {}
        values = images.reshape(len(images), *images.shape[2:], 1).permute(0, 3, 1, 2)
        for block in range(1, self.architecture.blocks + 1):
            values = F.relu(_pool(getattr(self, f"conv{block}")(values)))
            layers[f"pool{block}"] = values
        values = values.flatten(1)
        if self.architecture.hidden:
            values = layers["hidden"] = F.relu(self.hidden(values))
        layers["logits"] = self.logits(values)
        return layers

    def forward(self, images: Tensor) -> Tensor:
        """Return logits [N, K] for images [N, 1, H, W] in [0, 1]."""
        return self.activations(images)["logits"]


def _pool(values: Tensor) -> Tensor:
    """Return the maximum of each 2x2 block of [N, C, H, W], H and W even.

    Without a gradient to come, by two elementwise maxima, the same to the last bit: torch's own
    kernel also writes where each maximum was, and takes four times as long on a CPU.
    """
    if torch.is_grad_enabled() or values.is_cuda:
        return F.max_pool2d(values, 2)
    rows = values.permute(0, 2, 3, 1).unflatten(2, (-1, 2)).unflatten(1, (-1, 2))
    upper, lower = rows[:, :, 0], rows[:, :, 1]  # [N, H/2, W/2, 2, C]
    taller = torch.maximum(upper, lower)
    return torch.maximum(taller[:, :, :, 0], taller[:, :, :, 1]).permute(0, 3, 1, 2)


def _layer(weight_shape: tuple[int, ...]) -> nn.Module:
    outputs, inputs, *kernel = weight_shape
    return nn.Conv2d(inputs, outputs, kernel, padding=1) if kernel else nn.Linear(inputs, outputs)


def weights_bytes(network: Network) -> bytes:
    """Return ``weights.pt``: a state dict of contiguous float32 CPU tensors.

    Through a buffer, since ``torch.save`` to a path writes the file's name into the file.
    """
    state = {
        name: value.detach()
        .to("cpu", torch.float32)
        .contiguous(memory_format=torch.contiguous_format)
        for name, value in network.state_dict().items()
    }
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def load_network(path: Path, model: str, device: torch.device) -> Network:
    """Return the network whose weights are stored at ``path``.

    Raises EngineError where the file is missing, damaged, or of another network.
    """
    architecture = ARCHITECTURES[model]
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise EngineError(f"There is no {path}; train the network again.") from None
    except (RuntimeError, pickle.UnpicklingError, EOFError, OSError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise EngineError(
            f"{path} is damaged ({reason[:80].rstrip('.')}); train the network again."
        ) from None
    shapes = architecture.parameter_shapes
    if not isinstance(state, dict) or set(state) != set(shapes):
        raise EngineError(f"{path} does not hold the weights of a {model} network.")
    for name, shape in shapes.items():
        value = state[name]
        if not isinstance(value, Tensor) or tuple(value.shape) != shape:
            raise EngineError(f"{path}: {name} is not of shape {list(shape)}, as {model} has it.")
        if not value.isfinite().all():
            raise EngineError(f"{path}: {name} holds values that are not finite.")
    network = Network(architecture)
    network.load_state_dict(state)
    return network.to(device).requires_grad_(False)
