"""Reading the files of a run, which may come from anywhere; nothing else opens them.

A file must be a regular one and no larger than its kind can be, what it holds no deeper and of the
type and shape that is expected. Nothing else is opened or taken into memory: no pipe that hangs, no
link that leads out of the run, no archive that unpacks to more than it may. What is not as it
should be is a DamagedFile, one line that names the file. No torch in here.
"""

import ast
import errno
import io
import math
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

import msgspec
import numpy as np

from engine.errors import EngineError, Unsound

if TYPE_CHECKING:  # which the first frame need not wait for
    import zipfile

MB = 1 << 20
JSON_LIMIT = 4 * MB  # bytes of run.json, result.json, a queue
JSON_DEPTH = 32  # objects and lists in one another; ours have seven
LINE_LIMIT = 16 * MB  # bytes of a journal's line; the nine test images of 74 neurons are 0.7 MB
JOURNAL_LIMIT = 4096 * MB
NPY_HEADER = 16 * 1024  # bytes, at most, before the values of an array
ZIP_ENTRIES, PICKLE_LIMIT = 1000, MB
STATE_ENTRIES = 4000  # tensors, and a few: weights, and three more of each in a checkpoint

_SAFE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
# What a state of tensors is pickled with; a pickle that names anything else is not ours.
_PICKLED = {"collections OrderedDict", "torch._utils _rebuild_tensor_v2"} | {
    f"torch {kind}Storage"
    for kind in (
        "Float", "Double", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool",
    )
}  # fmt: skip


class DamagedFile(EngineError):
    """A file of a run has invalid content; ``remedy`` says what helps, if anything."""

    def __init__(self, path: str | os.PathLike[str], why: str, remedy: str = "") -> None:
        super().__init__(f"{path} is damaged ({why}){f'; {remedy}' if remedy else ''}.")
        self.why = why


def open_regular(
    path: str | os.PathLike[str],
    flags: int = os.O_RDONLY,
    mode: int = 0o644,
    *,
    folder: int | None = None,
) -> int:
    """Open a regular file and return its descriptor. Anything else is refused; never blocks.

    ``flags`` say how; O_TRUNC is refused, as what it would empty is not known yet: use ftruncate.
    ``folder`` is the descriptor of the directory that it lies in: nothing of ``path`` before the
    file's name is then looked up again.
    Raises DamagedFile for a link, a pipe, a device, a socket or a directory, and OSError where a
    regular file cannot be opened or is not there.
    """
    if flags & os.O_TRUNC:
        raise ValueError("O_TRUNC empties a file before it is known to be a regular one")
    try:
        name = path if folder is None else os.path.basename(path)
        file = os.open(name, flags | _SAFE, mode, dir_fd=folder)
    except OSError as error:
        if error.errno == errno.ELOOP or (error.errno == errno.EMLINK and os.path.islink(path)):
            raise DamagedFile(path, "it is a link") from None
        if error.errno in (errno.ENXIO, errno.ENODEV, errno.EISDIR, errno.EOPNOTSUPP):
            raise DamagedFile(path, "it is not a regular file") from None
        raise
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise DamagedFile(path, "it is not a regular file")
    return file


def open_to_read(path: str | os.PathLike[str], limit: int) -> BinaryIO:
    """Return a regular file of at most ``limit`` bytes, open for reading.

    Raises FileNotFoundError where there is none, DamagedFile where it is another kind of thing or
    larger, and EngineError where it may not be read.
    """
    try:
        descriptor = open_regular(path)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise EngineError(f"{path} cannot be read ({error.strerror}).") from None
    file = os.fdopen(descriptor, "rb")
    size = os.fstat(descriptor).st_size
    if size > limit:
        file.close()
        raise DamagedFile(path, f"{size:,} bytes, where it can hold {limit:,} at most")
    return file


def read_bytes(path: str | os.PathLike[str], limit: int) -> bytes:
    """Return a regular file's content; raises as ``open_to_read`` does."""
    try:
        with open_to_read(path, limit) as file:
            content = file.read(min(limit, os.fstat(file.fileno()).st_size) + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise EngineError(f"{path} cannot be read ({error.strerror}).") from None
    if len(content) > limit:
        raise DamagedFile(path, f"more than {limit:,} bytes")
    return content


def read_json(path: str | os.PathLike[str], limit: int = JSON_LIMIT) -> dict[str, Any]:
    """Return the JSON object that a file holds; raises as ``open_to_read`` does."""
    try:
        values: dict[str, Any] = from_json(read_bytes(path, limit))
        check_object(values)
    except Unsound as error:
        raise DamagedFile(path, str(error)) from None
    return values


def check_object(values: Any) -> None:
    """Raise Unsound unless JSON holds an object that is not nested too deeply."""
    check_depth(values)
    if not isinstance(values, dict):
        raise Unsound("not a JSON object")


def from_json(content: bytes | str) -> Any:
    """Parse strict JSON: UTF-8, without NaN, infinities or numbers beyond a float's range.

    Raises Unsound, also where lists lie in one another beyond all measure.
    """
    try:
        return msgspec.json.decode(content)
    except RecursionError:
        raise Unsound("nested too deep") from None
    except UnicodeError:
        raise Unsound("not UTF-8") from None
    except msgspec.MsgspecError as error:
        raise Unsound(str(error)) from None


def check_depth(values: Any, limit: int = JSON_DEPTH) -> None:
    """Raise Unsound where lists and objects are nested more than ``limit`` deep."""
    level = [values]
    for _ in range(limit + 1):
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                below.extend(value.values())
            elif isinstance(value, list):
                below.extend(value)
        if not below:
            return
        level = below
    raise Unsound("nested too deep")


def read_lines(file: BinaryIO, path: str | os.PathLike[str]) -> Iterator[bytes]:
    """Yield the rest of a journal line by line, the last one perhaps cut.

    Raises DamagedFile where one is longer than any can be, EngineError where it cannot be read.
    """
    while True:
        try:
            line = file.readline(LINE_LIMIT + 1)
        except OSError as error:
            raise EngineError(f"{path} cannot be read ({error.strerror}).") from None
        if not line:
            return
        if len(line) > LINE_LIMIT:
            raise DamagedFile(path, f"a line of more than {LINE_LIMIT:,} bytes")
        yield line


def read_array(
    path: str | os.PathLike[str], shape: tuple[int, ...], dtype: type = np.float32
) -> np.ndarray:
    """Return the array of a ``.npy`` file, of that shape and type and with finite values only.

    Raises as ``open_to_read`` does.
    """
    expected = np.dtype(dtype)
    size = math.prod(shape) * expected.itemsize
    content = io.BytesIO(read_bytes(path, size + NPY_HEADER))
    try:
        found, kind, order = npy_header(content)
    except Unsound as error:
        raise DamagedFile(path, str(error)) from None
    if (found, kind) != (shape, np.lib.format.dtype_to_descr(expected)):
        told = f"{kind} {list(found)}"[:80]
        raise DamagedFile(path, f"an array of {told}, not {expected.str} {list(shape)}")
    values = content.read()
    if len(values) != size:
        raise DamagedFile(path, f"{len(values):,} bytes of values, not {size:,}")
    flat: np.ndarray = np.frombuffer(values, expected)
    array: np.ndarray = flat.reshape(shape, order=order).copy(order="C")
    if not np.isfinite(array).all():
        raise DamagedFile(path, "values that are not finite")
    return array


def npy_header(content: BinaryIO) -> tuple[tuple[int, ...], Any, Literal["C", "F"]]:
    """Read an array's header to its end; return shape, type as it is written, and order.

    ``content`` is in memory: a header may claim to be longer than it is. Raises Unsound.
    """
    try:
        version = np.lib.format.read_magic(content)
        length = int.from_bytes(content.read(2 if version == (1, 0) else 4), "little")
        header = ast.literal_eval(content.read(length).decode("latin1"))
        shape = header["shape"]
        if not (isinstance(shape, tuple) and all(type(extent) is int for extent in shape)):
            raise Unsound("no shape")
        return shape, header["descr"], "F" if header["fortran_order"] else "C"
    except (ValueError, SyntaxError, TypeError, KeyError, RecursionError, MemoryError):
        raise Unsound("not an array as NumPy writes it") from None


def read_state(path: str | os.PathLike[str], limit: int, remedy: str = "") -> io.BytesIO:
    """Return the bytes of a state that torch saved, to be loaded with ``weights_only=True``.

    Nothing in it is compressed, so it takes no more memory than ``limit``; every part is whole by
    its checksum, and its pickle names nothing but tensors. Raises as ``open_to_read`` does.
    """
    content = io.BytesIO(read_bytes(path, limit))
    with stored_zip(path, content, limit, STATE_ENTRIES, remedy) as archive:
        parts = archive.infolist()
        if any(part.file_size != part.compress_size for part in parts):
            raise Unsound("its directory contradicts itself")
        if (broken := archive.testzip()) is not None:
            raise Unsound(f"{broken} is not whole")
        found = [part for part in parts if part.filename.endswith("/data.pkl")]
        if len(found) != 1:
            raise Unsound("it holds no state")
        [pickled] = found
        if pickled.file_size > PICKLE_LIMIT:
            raise Unsound("its pickle is larger than a state's")
        _check_pickle(archive.read(pickled))
    content.seek(0)
    return content


@contextmanager
def stored_zip(
    path: str | os.PathLike[str], content: io.BytesIO, limit: int, entries: int, remedy: str = ""
) -> "Iterator[zipfile.ZipFile]":
    """Open a zip archive that was read from ``path``, in which nothing is compressed.

    It has at most so many entries, and all of them take no more than ``limit``. Whatever is wrong
    with it, or is found to be in the context, raises DamagedFile.
    """
    import zipfile

    try:
        with zipfile.ZipFile(content) as archive:
            parts = archive.infolist()
            if len(parts) > entries or sum(part.file_size for part in parts) > limit:
                raise Unsound("it unpacks to more than it may")
            if any(part.compress_type != zipfile.ZIP_STORED for part in parts):
                raise Unsound("it is compressed, as it never is")
            yield archive
    # zipfile raises these for what is cut, encrypted, or of another kind.
    except (
        ValueError, zipfile.BadZipFile, EOFError, RuntimeError, NotImplementedError, OSError,
    ) as error:  # fmt: skip
        raise DamagedFile(path, str(error) or type(error).__name__, remedy) from None


def _check_pickle(pickled: bytes) -> None:
    """Raise Unsound unless this is a pickle that names nothing but tensors."""
    import pickletools

    for opcode, argument, _ in pickletools.genops(pickled):
        named = opcode.name in ("GLOBAL", "INST", "STACK_GLOBAL", "EXT1", "EXT2", "EXT4")
        if named and (opcode.name != "GLOBAL" or argument not in _PICKLED):
            raise Unsound(f"its pickle names {argument or opcode.name}")
