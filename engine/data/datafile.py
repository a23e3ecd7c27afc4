"""A dataset's files, never read beyond the size that they must have.

What lies in a data folder may come from anywhere: a pipe or a device in a file's place must not
make anyone wait, and a small archive that unfolds to gigabytes must not fill the memory. Links are
followed: people link their data folders.
"""

import gzip
import os
import stat
from pathlib import Path

GZ_OVERHEAD = 1 << 16  # bytes that a .gz may have beside twice its content: a header, a comment


def read_file(path: Path, size: int) -> bytes:
    """Return a file's bytes: all of them, or ``size`` + 1 where it has more than ``size``.

    Raises OSError, and at once where it is no regular file.
    """
    with os.fdopen(open_regular(path), "rb") as file:
        return file.read(size + 1)


def read_content(path: Path, size: int) -> bytes:
    """Return what a file holds, decompressed where it is a .gz, as ``read_file`` does.

    No more than that is ever decompressed. Raises OSError, EOFError and zlib.error.
    """
    if path.suffix != ".gz":
        return read_file(path, size)
    with os.fdopen(open_regular(path), "rb") as file:
        # A .gz is never twice as large as its content: this one may say nothing for gigabytes.
        if os.fstat(file.fileno()).st_size > 2 * size + GZ_OVERHEAD:
            raise OSError(None, "too large")
        with gzip.GzipFile(fileobj=file) as unpacked:
            return unpacked.read(size + 1)


def open_regular(path: Path) -> int:
    """Return the descriptor of a regular file, open for reading; links are followed.

    Raises OSError, and at once where it is no regular file.
    """
    # Without O_NONBLOCK, opening a pipe waits until someone writes to it.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(None, "not a regular file")
    return handle
