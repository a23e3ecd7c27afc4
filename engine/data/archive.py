"""Arrays of a .npz file that may come from anywhere, read without pickle and within limits.

The headers come first, a few kilobytes each, so that whoever asks knows what an array would take
before any of it is unpacked. Then it comes in chunks, and never more of it than its header says.
"""

import io
import math
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.data.datafile import open_regular
from engine.errors import Unsound
from engine.files.reader import npy_header
from engine.files.text import visible

CHUNK = 1 << 20  # bytes unpacked at once
HEADER_LIMIT = 10_000  # bytes, as NumPy has it
AT_ONCE = 4 << 20  # bytes of the file read at once, its table of contents above all
MOST_ARRAYS = 100
NPY = ".npy"


@dataclass(frozen=True, slots=True)
class Header:
    """What is known of an array before it is read."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    order: str  # "C" or "F"
    offset: int  # bytes before its values

    @property
    def size(self) -> int:
        """Bytes of its values."""
        return math.prod(self.shape) * self.dtype.itemsize


class Archive:
    """The arrays of an open .npz file by name; all methods raise Unsound."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        members = archive.infolist()
        if len(members) > MOST_ARRAYS:
            raise Unsound(f"it holds {len(members):,} files")
        self._members = {
            member.filename.removesuffix(NPY): member
            for member in members
            if member.filename.endswith(NPY)
        }

    @property
    def names(self) -> list[str]:
        """Names of the arrays, safe to print."""
        return [visible(name)[:40] for name in self._members]

    def header(self, name: str) -> Header | None:
        """Return what an array is, None where there is none of that name."""
        if (member := self._members.get(name)) is None:
            return None
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Unsound(f"{name} is compressed in a way that NumPy does not use")
        with self._archive.open(member) as stream:
            start = io.BytesIO(stream.read(HEADER_LIMIT))  # no more, whatever length it claims
        try:
            shape, written, order = npy_header(start)
            dtype = np.lib.format.descr_to_dtype(written)
        except (ValueError, TypeError, SyntaxError):
            raise Unsound(f"{name} is not an array as NumPy writes it") from None
        if dtype.hasobject:
            raise Unsound(f"{name} holds Python objects, which are never read")
        found = Header(shape, dtype, order, start.tell())
        if min(shape, default=0) < 0 or found.size != member.file_size - found.offset:
            raise Unsound(f"{name} is not as long as its header says")
        return found

    def chunks(self, name: str, header: Header) -> Iterator[np.ndarray]:
        """Yield an array's values bit by bit, flat, in the order in which they are stored."""
        step = max(1, CHUNK // max(1, header.dtype.itemsize)) * header.dtype.itemsize
        left = header.size
        with self._archive.open(self._members[name]) as stream:
            stream.read(header.offset)
            while left:
                values = stream.read(min(step, left))
                if len(values) != min(step, left):
                    raise Unsound(f"{name} ends early")
                left -= len(values)
                yield np.frombuffer(values, header.dtype)

    def read(self, name: str, header: Header) -> np.ndarray:
        """Return a whole array."""
        chunks = list(self.chunks(name, header)) or [np.empty(0, header.dtype)]
        order: Mapping[str, Any] = {"order": header.order}
        array: np.ndarray = np.concatenate(chunks).reshape(header.shape, **order)
        return array


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open a .npz file. Raises Unsound, within the context too, for all that can be wrong."""
    try:
        with _Sparing(open_regular(path), "rb") as file, zipfile.ZipFile(file) as archive:
            yield Archive(archive)
    except Unsound:
        raise
    except zipfile.BadZipFile as error:
        raise Unsound(f"it is not a complete .npz archive ({visible(str(error))[:80]})") from None
    except OSError as error:
        raise Unsound(f"it cannot be read ({error.strerror or error})") from None
    # What zipfile raises for files that are cut, encrypted or of another kind.
    except (
        ValueError, EOFError, RuntimeError, NotImplementedError, OverflowError, struct.error,
        zlib.error,
    ) as error:  # fmt: skip
        why = visible(str(error))[:80] or type(error).__name__
        raise Unsound(f"it is not an archive that NumPy wrote ({why})") from None


class _Sparing(io.FileIO):
    """A file of which only so much is read at once, whatever its table of contents claims."""

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = os.fstat(self.fileno()).st_size - self.tell() if size is None or size < 0 else size
        if wanted > AT_ONCE:
            raise OSError(None, "its table of contents is too large")
        return super().read(size) or b""
