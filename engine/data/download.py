"""Downloading MNIST and its relatives: torchvision's mirrors and checksums, our own timeouts.

torchvision's own downloader has no timeout and leaves half a file behind when the line drops.
"""

import fcntl
import hashlib
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path

from engine.data.datafile import read_file
from engine.data.known import MnistLike
from engine.data.mirror import MirrorFailed, ask

TIMEOUT = 15.0  # seconds without a byte after which a mirror is given up
PARTIAL = ".partial"  # the end of a file's name while it comes
FORGOTTEN = 3600.0  # seconds; no file takes nearly as long to download


class DownloadFailed(Exception):
    """No mirror delivered the file; the message says what each answered."""


def fetch(
    known: MnistLike,
    root: Path,
    *,
    mirrors: Iterable[str] | None = None,
    patience: float | None = None,
    timeout: float = TIMEOUT,
    progress: Callable[[str, int], None] = lambda name, size: None,
) -> Path:
    """Download a dataset's four .gz files into a torchvision root; return their folder.

    Files that are there and verify are kept. ``patience`` bounds, in seconds, how long all mirrors
    together may take to the very first byte; ``progress`` is given each file's bytes so far.
    Raises DownloadFailed.
    """
    from torchvision import datasets  # slow to import, and seldom needed

    source = getattr(datasets, known.folder)
    folder = root / known.folder / "raw"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DownloadFailed(f"{folder} cannot be made ({error.strerror}).") from None
    for name in known.archives:
        _remove_partial(folder, name)
    deadline = None if patience is None else time.monotonic() + patience
    for name, md5 in source.resources:
        target, size = folder / name, known.archives[name]
        if _is_whole(target, size, md5):
            continue
        _fetch_file(target, size, md5, mirrors or source.mirrors, deadline, timeout, progress)
        # The extracted file of an earlier, damaged download must not stand in front of the new one.
        with suppress(OSError):  # a leftover is ignored
            target.with_suffix("").unlink()
        deadline = None
    return folder


def _is_whole(target: Path, size: int, md5: str) -> bool:
    try:
        return hashlib.md5(read_file(target, size)).hexdigest() == md5
    except OSError:
        return False


def _fetch_file(
    target: Path,
    size: int,
    md5: str,
    mirrors: Iterable[str],
    deadline: float | None,
    timeout: float,
    progress: Callable[[str, int], None],
) -> None:
    """Fetch one file from the first mirror that delivers it whole; install it atomically.

    ``deadline`` is for the first byte of any mirror; after it the others have their time too.
    """
    complaints = {}
    for mirror in mirrors:
        url = mirror.rstrip("/") + "/" + target.name
        wait = timeout if deadline is None else min(timeout, deadline - time.monotonic())
        try:
            if wait <= 0:
                raise MirrorFailed("no time left to ask")
            with ask(url, size=size, wait=wait, timeout=timeout) as chunks:
                deadline = None
                _install(chunks, target, md5, progress)
            return
        except MirrorFailed as error:
            complaints[mirror] = str(error)
    if len(set(complaints.values())) == 1:  # a network that is down says so once
        raise DownloadFailed(f"{next(iter(complaints.values()))} ({', '.join(complaints)}).")
    raise DownloadFailed("; ".join(f"{why} ({mirror})" for mirror, why in complaints.items()) + ".")


def _install(
    chunks: Iterator[bytes], target: Path, md5: str, progress: Callable[[str, int], None]
) -> None:
    """Write a file beside its place and rename it there once its checksum is right.

    Raises MirrorFailed where the mirror is to blame, DownloadFailed where the disk is.
    """
    digest, size = hashlib.md5(), 0
    with _partial(target) as (file, partial):
        for chunk in chunks:
            _write(file, chunk, target)
            digest.update(chunk)
            size += len(chunk)
            progress(target.name, size)
        if digest.hexdigest() != md5:
            raise MirrorFailed(f"the {size:,} bytes sent are not {target.name}")
        with _told(target):
            os.fsync(file.fileno())
            os.fchmod(file.fileno(), 0o644)
            os.replace(partial, target)


def _write(file: FileIO, chunk: bytes, target: Path) -> None:
    rest = memoryview(chunk)
    with _told(target):
        while rest:
            rest = rest[file.write(rest) :]


@contextmanager
def _partial(target: Path) -> Iterator[tuple[FileIO, Path]]:
    """Yield a file beside ``target`` to write, and its path; removed at the end unless renamed.

    It is locked, so that another process knows it from what a killed one left.
    """
    with _told(target):
        file, partial = _begun(target)
    try:
        with file:
            yield file, partial
    finally:
        partial.unlink(missing_ok=True)


def _begun(target: Path) -> tuple[FileIO, Path]:
    while True:
        handle, name = tempfile.mkstemp(PARTIAL, f".{target.name}.", target.parent)
        with suppress(OSError):  # some file systems know no locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        if os.fstat(handle).st_nlink:
            return FileIO(handle, "wb"), Path(name)
        os.close(handle)  # another process found it before it was locked, and removed it


def _remove_partial(folder: Path, name: str) -> None:
    """Remove what killed downloads left of a file; what cannot be removed does no harm."""
    for left in folder.glob(f".{name}.*"):
        with suppress(OSError):
            _remove_forgotten(left)


def _remove_forgotten(left: Path) -> None:
    """Remove a partial file that nothing writes any more. Raises OSError."""
    handle = os.open(left, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(handle)
        old = time.time() - status.st_mtime > FORGOTTEN
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            free = left.suffix == PARTIAL  # version 0.1 named them otherwise, and took no lock
        except BlockingIOError:
            return
        except OSError:
            free = False
        if stat.S_ISREG(status.st_mode) and (free or old):
            left.unlink()
    finally:
        os.close(handle)


@contextmanager
def _told(target: Path) -> Iterator[None]:
    """Turn disk errors into DownloadFailed: no other mirror would help."""
    try:
        yield
    except OSError as error:
        raise DownloadFailed(f"{target} cannot be written ({error.strerror}).") from None
