"""What a run made as arrays by name: weights, noises or images; in safetensors and in NumPy."""

import json
import re

import numpy as np

from engine import sections
from engine.analysis.export.description import describe
from engine.errors import EngineError
from engine.files.archive import read_arrays
from engine.files.reader import MB, DamagedFile
from engine.files.writer import npz_bytes
from engine.networks.architectures import WEIGHTS_FILE
from engine.runs.history import History
from engine.runs.run import Run
from engine.runs.schema import ANSWERS_FILE

LIMIT = 1024 * MB  # of a file that is exported


def made_by(run: Run) -> dict[str, np.ndarray]:
    """Return a run's weights by their names, or its noises or images [M, 1, H, W].

    Raises EngineError where they are missing or damaged.
    """
    section = sections.find(run.read_info()["section"])
    if section.trains:
        return _weights(run)
    if section.array_file is None:
        return {}
    return {section.array_file.removesuffix(".npy"): run.array()}


def _weights(run: Run) -> dict[str, np.ndarray]:
    """Return the arrays in a run's weights.pt; no code of a network is needed for it."""
    from torch import Tensor, bfloat16

    from engine.networks.network import AGAIN, load_state

    path = run.path / WEIGHTS_FILE
    try:
        state = load_state(path, LIMIT, AGAIN)
    except FileNotFoundError:
        raise EngineError(f"There is no {path}; {AGAIN}.") from None
    # A tensor that is not contiguous may repeat a few values without end.
    if not isinstance(state, dict) or not all(
        isinstance(name, str)
        and isinstance(value, Tensor)
        and value.is_contiguous()
        and value.dtype != bfloat16  # which NumPy does not have, and runs do not leave
        for name, value in state.items()
    ):
        raise DamagedFile(path, "it does not hold the weights of a network", AGAIN)
    for name, value in state.items():
        if not value.isfinite().all():
            raise DamagedFile(path, f"{name} holds values that are not finite", AGAIN)
    return {name: value.numpy() for name, value in state.items()}


def safetensors_bytes(run: Run) -> bytes:
    """Return a ``.safetensors`` file of what a run made. Raises EngineError."""
    from safetensors.numpy import save

    if not (arrays := made_by(run)):
        raise EngineError(f"Run {run.id} made no arrays; --to csv exports what it has measured.")
    return _sorted(save(arrays, describe(run)))


def _sorted(content: bytes) -> bytes:
    """Return a ``.safetensors`` file with its metadata in order, which ``save`` puts in any.

    So a run gives the same bytes each time. A header's length, 8 bytes, is before it, and it is
    padded to a multiple of 8; places of tensors count from its end.
    """
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:end])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + content[end:]


def npz_of(run: Run) -> bytes:
    """Return an ``.npz`` file of what a run made, answered and measured; no array is pickled.

    Beside weights, noises or images: ``answers_...`` as in answers.npz, ``curve_...`` [S] or [S, M]
    with the steps in ``steps_...`` [S], and ``description``, a text of JSON. Raises EngineError.
    """
    arrays = {_plain(name): array for name, array in made_by(run).items()}
    arrays["description"] = np.array(json.dumps(describe(run)))
    try:
        answers = read_arrays(run.path / ANSWERS_FILE, LIMIT)
    except FileNotFoundError:  # neurons have none, and neither has version 0.1
        answers = {}
    arrays |= {f"answers_{name}": array for name, array in answers.items()}
    for name, curve in History.of(run.events(), run.journal).curves.items():
        arrays[f"curve_{_plain(name)}"] = curve.values.astype(np.float32)
        arrays[f"steps_{_plain(name)}"] = curve.steps
    return npz_bytes(arrays)


def _plain(name: str) -> str:
    """Return a name that is no path: a run may come from anywhere, and archives get unpacked."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", name)
