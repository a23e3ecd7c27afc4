"""Any network behind the interface that the sections use."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from engine.errors import EngineError
from engine.networks.code import Code
from engine.networks.foreign import described, printing_aside
from engine.networks.layout import LOGITS, Layout
from engine.networks.outputs import each_output


class Wrapped(nn.Module):
    """A network, known only by its layout: [N, 1, H, W] in [0, 1] to logits [N, K].

    It gets a copy of the images, since some networks work in place, and prints to standard error.
    Its state is that of the network itself, by the names that these have there.
    """

    draws = True  # random numbers as it trains, such as dropout's: of foreign code nobody knows

    def __init__(self, network: nn.Module, layout: Layout, code: Code | None = None) -> None:
        super().__init__()
        self.network, self.layout, self._code = network, layout, code
        self.parameters_count = sum(value.numel() for value in network.parameters())

    def forward(self, images: Tensor) -> Tensor:
        """Return logits [N, K] for images [N, 1, H, W].

        Raises EngineError where the network's own code fails; a RuntimeError passes, since it is
        torch that raises these, where memory is short for one, and so does a MemoryError.
        """
        try:
            with printing_aside():
                logits: Tensor = self.network(images.clone())
        except (EngineError, RuntimeError, MemoryError, KeyboardInterrupt):
            raise
        except BaseException as error:  # SystemExit among them
            words, path = (self._code.words, self._code.path) if self._code else ("The network", "")
            raise EngineError(
                f"{words} fails on {len(images)} images: {described(error, path)}."
            ) from error
        return logits

    def activations(self, images: Tensor) -> dict[str, Tensor]:
        """Return every layer's output for images [N, 1, H, W], by layer name, in float32.

        Raises EngineError where one of them was not reached.
        """
        outputs: dict[str, Tensor] = {}
        names = set(self.layout.names)

        def hear(name: str, _: nn.Module, output: Tensor) -> None:
            if name in names:
                # A copy, as the next part may work in place.
                outputs[name] = _dense(output).to(torch.float32, copy=True)

        with each_output(self.network, hear):
            outputs[LOGITS] = _dense(self(images)).float()
        if missing := names - outputs.keys():
            raise EngineError(f"The network did not get to its layer {min(missing)}.")
        return {name: outputs[name] for name in self.layout.names}

    def train(self, mode: bool = True) -> "Wrapped":
        """Put the network into training mode, or into evaluation mode."""
        with printing_aside():
            return super().train(mode)

    def state_dict(self, *arguments: Any, **named: Any) -> Any:
        """Return the network's own state."""
        with printing_aside():
            return self.network.state_dict(*arguments, **named)

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> Any:
        """Load the network's own state."""
        with printing_aside():
            return self.network.load_state_dict(state_dict, strict, assign)


def _dense(values: Tensor) -> Tensor:
    return values if values.layout == torch.strided else values.to_dense()
