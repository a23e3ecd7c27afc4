"""What the parts of a network put out as it runs, and what they are called.

The parts are the modules without children. A part is called by its place in the network,
``features.3``, and with a number from its second call on: ``relu``, ``relu:2``.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from engine.networks.layout import LOGITS

LONGEST_NAME = 90  # which leaves room for a number

_OTHER_SIGNS = re.compile("[^A-Za-z0-9._-]")
_PARAMETRIZATIONS = "parametrizations"  # how torch holds weight norm and its like: no part


def parts(module: nn.Module) -> dict[str, nn.Module]:
    """Return the modules without children by their place; none where there is but the network.

    What is in TorchScript is a part as a whole, and one that tells nothing.
    """
    found = {}
    for place, each in module.named_modules():
        if isinstance(each, torch.jit.ScriptModule):  # which lets nobody listen
            continue
        children = {name for name, _ in each.named_children()} - {_PARAMETRIZATIONS}
        if place and not children and _PARAMETRIZATIONS not in place.split("."):
            found[place] = each
    return found


@contextmanager
def each_output(
    module: nn.Module, hear: Callable[[str, nn.Module, Tensor], None]
) -> Iterator[None]:
    """Have every tensor that a part puts out heard, with its name, in order of execution."""
    calls: Counter[str] = Counter()

    def listen(place: str) -> Callable[[nn.Module, Any, Any], None]:
        name = _named(place)

        def hook(part: nn.Module, _: Any, output: Any) -> None:
            calls[name] += 1
            # The network's output has that name, which may be that of another part.
            plain = calls[name] == 1 and name != LOGITS
            if isinstance(output, Tensor):
                hear(name if plain else f"{name}:{calls[name]}", part, output)

        return hook

    handles = [part.register_forward_hook(listen(place)) for place, part in parts(module).items()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _named(place: str) -> str:
    """Return a place in the signs that the name of a layer has."""
    name = _OTHER_SIGNS.sub("_", place)[-LONGEST_NAME:]
    return name if name[0].isalnum() or name[0] == "_" else f"_{name[1:]}"
