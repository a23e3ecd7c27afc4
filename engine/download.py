"""Bringing MNIST onto this machine: torchvision's mirrors and checksums, our own patience.

torchvision's own downloader has no timeout and leaves half a file behind when the line drops.
"""

import hashlib
import os
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterable
from http.client import HTTPException, HTTPResponse
from pathlib import Path

TIMEOUT = 15.0  # seconds without a byte after which a mirror is given up
CHUNK = 1 << 16


class DownloadFailed(Exception):
    """No mirror gave the file; the message says what each answered."""


def fetch_mnist(
    root: Path,
    *,
    mirrors: Iterable[str] | None = None,
    patience: float | None = None,
    timeout: float = TIMEOUT,
    progress: Callable[[str, int], None] = lambda name, size: None,
) -> Path:
    """Download MNIST's four .gz files into ``root/MNIST/raw`` and return that folder.

    Files that are there and verify are kept. ``patience`` bounds, in seconds, how long all mirrors
    together may take to the very first byte; ``progress`` hears of each file's bytes so far.
    Raises DownloadFailed.
    """
    from torchvision.datasets import MNIST  # slow to import, and seldom needed

    folder = root / "MNIST" / "raw"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DownloadFailed(f"{folder} cannot be made ({error.strerror}).") from None
    deadline = None if patience is None else time.monotonic() + patience
    for name, md5 in MNIST.resources:
        target = folder / name
        if target.is_file() and hashlib.md5(target.read_bytes()).hexdigest() == md5:
            continue
        _fetch_file(target, md5, mirrors or MNIST.mirrors, deadline, timeout, progress)
        # The extracted file of an earlier, damaged download must not stand in front of the new one.
        target.with_suffix("").unlink(missing_ok=True)
        deadline = None
    return folder


def _fetch_file(
    target: Path,
    md5: str,
    mirrors: Iterable[str],
    deadline: float | None,
    timeout: float,
    progress: Callable[[str, int], None],
) -> None:
    """Fetch one file from the first mirror that gives it whole; install it atomically.

    ``deadline`` is for the first byte of any mirror; after it the others have their time too.
    """
    complaints = []
    for mirror in mirrors:
        url = mirror.rstrip("/") + "/" + target.name
        wait = timeout if deadline is None else min(timeout, deadline - time.monotonic())
        try:
            if wait <= 0:
                raise TimeoutError("no time left to try")
            with _open(url, wait, timeout) as response:
                deadline = None
                _install(response, target, md5, timeout, progress)
            return
        except (OSError, HTTPException, ValueError) as error:
            complaints.append(f"{mirror} ({error or type(error).__name__})")
    raise DownloadFailed("; ".join(complaints) + ".")


def _open(url: str, wait: float, timeout: float) -> HTTPResponse:
    """Open ``url`` and wait for its first byte, or raise OSError within ``wait`` seconds.

    In a thread of its own: urllib's timeout does not bound the look-up of the name, which takes
    tens of seconds on machines that a firewall cuts off. The body is read with ``timeout``, which
    ``wait`` may be far below.
    """
    outcome: list[HTTPResponse | Exception] = []
    given_up = threading.Event()

    def attempt() -> None:
        try:
            response = urllib.request.urlopen(url, timeout=timeout)
            response.peek(1)
        except Exception as error:
            outcome.append(error)
            return
        outcome.append(response)
        if given_up.is_set():
            response.close()

    thread = threading.Thread(target=attempt, daemon=True, name="download")
    thread.start()
    thread.join(wait)
    if not outcome:
        given_up.set()
        raise TimeoutError(f"no answer within {wait:.0f} s")
    if isinstance(outcome[0], Exception):
        raise outcome[0]
    return outcome[0]


def _install(
    response: HTTPResponse,
    target: Path,
    md5: str,
    timeout: float,
    progress: Callable[[str, int], None],
) -> None:
    """Write the body beside ``target`` and rename it there once its checksum is right.

    Raises ValueError where it is not, OSError where the line or the disk fails, TimeoutError where
    a mirror takes longer than twenty times ``timeout`` for one file of 10 MB.
    """
    digest = hashlib.md5()
    size = 0
    give_up_at = time.monotonic() + 20 * timeout
    handle, partial = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            while chunk := response.read1(CHUNK):
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
                progress(target.name, size)
                if time.monotonic() > give_up_at:
                    raise TimeoutError("too slow")
            file.flush()
            os.fsync(file.fileno())
        if digest.hexdigest() != md5:
            raise ValueError(f"sent {size:,} bytes that are not {target.name}")
        os.chmod(partial, 0o644)
        os.replace(partial, target)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise
