"""Reading ``.npz`` files of runs, with the same care as all that lies in a run's directory."""

import io
import math
import os
import re

import numpy as np

from engine.errors import Unsound
from engine.files.reader import ZIP_ENTRIES, read_bytes, stored_zip

_NAME = re.compile(r"([A-Za-z0-9_]{1,100})\.npy")


def read_arrays(path: str | os.PathLike[str], limit: int) -> dict[str, np.ndarray]:
    """Return the arrays of an ``.npz`` file as ``npz_bytes`` writes it: stored, never compressed.

    No more memory is taken than ``limit``, and no object is unpickled. Raises FileNotFoundError
    where there is none, DamagedFile where it is anything else, EngineError where it cannot be read.
    """
    content = io.BytesIO(read_bytes(path, limit))
    with stored_zip(path, content, limit, ZIP_ENTRIES) as archive:
        return {_name(part.filename): _array(archive.read(part)) for part in archive.infolist()}


def _name(entry: str) -> str:
    """Return the name of the array in an entry. Raises Unsound."""
    found = _NAME.fullmatch(entry)
    if found is None:
        raise Unsound("an entry that is not an array")
    return found[1]


def _array(content: bytes) -> np.ndarray:
    """Return the array of a ``.npy`` file. Raises ValueError."""
    file = io.BytesIO(content)
    if np.lib.format.read_magic(file) != (1, 0):
        raise Unsound("an array of another version")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
    if dtype.hasobject:
        raise Unsound("an array of objects")
    values = file.read()
    if len(values) != math.prod(shape) * dtype.itemsize:
        raise Unsound("an array of another size than it says")
    flat: np.ndarray = np.frombuffer(values, dtype)
    return flat.reshape(shape, order="F" if fortran else "C").copy()
