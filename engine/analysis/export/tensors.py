"""What a run made as arrays by name: weights, noises or images; in safetensors and in NumPy."""

import json
import re

import numpy as np

from engine import sections
from engine.analysis.export.description import describe
from engine.errors import EngineError
from engine.files.archive import read_arrays
from engine.files.reader import MB
from engine.files.writer import npz_bytes
from engine.runs.history import History
from engine.runs.run import Run
from engine.runs.schema import ANSWERS_FILE

ANSWERS_LIMIT = 1024 * MB


def made_by(run: Run) -> dict[str, np.ndarray]:
    """Return a run's weights by their names, or its noises or images [M, 1, H, W].

    Raises EngineError where they are missing or damaged.
    """
    section = sections.find(run.read_info()["section"])
    if section.trains:
        from engine.analysis.second_opinion import weights_of  # and torch

        return {name: value.numpy() for name, value in weights_of(run).items()}
    if section.array_file is None:
        return {}
    return {section.array_file.removesuffix(".npy"): run.array()}


def safetensors_bytes(run: Run) -> bytes:
    """Return a ``.safetensors`` file of what a run made. Raises EngineError."""
    from safetensors.numpy import save

    if not (arrays := made_by(run)):
        raise EngineError(f"Run {run.id} made no arrays; --to csv exports what it has measured.")
    content = save({name: np.ascontiguousarray(a) for name, a in arrays.items()}, describe(run))
    return _sorted(content)


def _sorted(content: bytes) -> bytes:
    """Return a ``.safetensors`` file with its metadata in order, which ``save`` puts in any.

    So equal runs give equal files. A header's length, 8 bytes, is before it, and it is padded to a
    multiple of 8; places of tensors count from its end.
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
    arrays = made_by(run) | {"description": np.array(json.dumps(describe(run)))}
    try:
        answers = read_arrays(run.path / ANSWERS_FILE, ANSWERS_LIMIT)
    except FileNotFoundError:  # neurons have none, and neither has version 0.1
        answers = {}
    arrays |= {f"answers_{name}": array for name, array in answers.items()}
    for name, curve in History.of(run.events(), run.journal).curves.items():
        # A journal may come from anywhere, and programs that unpack make files of these names.
        plain = re.sub(r"[^A-Za-z0-9_.-]", "_", name)
        arrays[f"curve_{plain}"] = curve.values.astype(np.float32)
        arrays[f"steps_{plain}"] = curve.steps
    return npz_bytes(arrays)
