"""Three more networks, each a file as a user would write it; they come through the same door."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the table alone is needed at the start
    from engine.networks.code import Code

# What the model is called, its file here, and the class in it.
MORE = {
    "linear": ("linear.py", "Linear"),
    "mlp": ("mlp.py", "MLP"),
    "lenet-5": ("lenet_5.py", "LeNet5"),
}


def packaged_code(model: str) -> "Code":
    """Return the file and class of one of these networks."""
    from engine.networks.code import Code, read_code

    file, name = MORE[model]
    path = Path(__file__).parent / file
    return Code(name, read_code(path), str(path))
