"""What a lock file says of whoever drives a run, for machines that its ``flock`` does not reach.

Not every network file system makes ``flock`` hold between machines. So the file says in a line of
JSON who drives the run, and its time of change is renewed for as long as someone does.
"""

import os
import secrets
import socket
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from engine.errors import EngineError
from engine.files.text import visible
from engine.files.writer import open_folder

BEAT = 10.0  # seconds between two signs of life
FRESH = 60.0  # seconds without one after which another machine may take a run over
SIZE = 512  # bytes of the line, padded: one write replaces it whole
KNOWN = 30.0  # seconds for which a file server's clock is not asked again

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_SAFE = os.O_NOFOLLOW | os.O_CLOEXEC
_Count = Annotated[int, Meta(ge=0, lt=2**31)]
_Text = Annotated[str, Meta(max_length=64)]


class Holder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who drives a run, or, without a host, that nobody does. ``boot`` tells containers apart."""

    host: _Text = ""
    boot: _Text = ""
    pid: _Count = 0
    attempt: _Count = 0  # a sweep's count; stays when the run is let go
    count: _Count = 0  # how often the run was taken, so that no two holders have the same line

    @property
    def is_elsewhere(self) -> bool:
        """Whether it is another machine, or another container."""
        return bool(self.host) and (self.host, self.boot) != identity()

    @property
    def words(self) -> str:
        """Who it is, to be shown."""
        return f"{visible(self.host)} (process {self.pid})" if self.host else "another process"

    def line(self) -> bytes:
        """Return the lock file's content."""
        return msgspec.json.encode(self).ljust(SIZE - 1) + b"\n"


NOBODY = Holder()


@cache
def identity() -> tuple[str, str]:
    """Return this machine's name, and an id of its system since it was started."""
    boot = ""
    with suppress(OSError):
        boot = _BOOT.read_text().strip()[:64]
    return socket.gethostname()[:64] or "localhost", boot


def parse(content: bytes) -> Holder:
    """Return what a lock file says; older versions wrote the bare id of the process.

    What is damaged says nothing.
    """
    with suppress(msgspec.MsgspecError, UnicodeError, RecursionError):
        return msgspec.json.decode(content, type=Holder)
    with suppress(msgspec.MsgspecError, UnicodeError, RecursionError):
        return Holder(pid=msgspec.json.decode(content, type=_Count))
    return NOBODY


def silence(run: Path, changed: float, *, exact: bool = False) -> float:
    """Return how many seconds ago a lock file was renewed, by the clock of its file server.

    A file written in the run's directory tells that clock; unless ``exact``, what one told lately
    does. Where none can be written, this machine's clock has to do.
    """
    return abs(_server_time(run, exact) - changed)


_clocks: dict[int, tuple[float, float]] = {}  # by device: the server's time, and ours then


def _server_time(run: Path, exact: bool) -> float:
    try:
        device, now = os.stat(run).st_dev, time.monotonic()
        if exact or device not in _clocks or now - _clocks[device][1] > KNOWN:
            _clocks[device] = written_now(run), now
        told, then = _clocks[device]
        return told + (now - then)
    except (OSError, EngineError):
        return time.time()


def written_now(folder: Path) -> float:
    """Return the time of change of a file that is written into a folder, and removed again.

    Raises OSError, and EngineError where the folder is a link.
    """
    name = f".{secrets.token_hex(4)}.partial"
    with open_folder(folder) as inside:
        file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _SAFE, 0o600, dir_fd=inside)
        try:
            os.utime(file)  # as heartbeats are written: the server's clock, not ours
            return os.fstat(file).st_mtime
        finally:
            os.close(file)
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=inside)
