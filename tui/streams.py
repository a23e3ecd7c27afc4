"""Standard output and standard error that outlive their reader.

While a command runs, ``sys.stdout`` and ``sys.stderr`` are ``Outlet``s. A failed write never
raises, in whatever thread or library: the outlet records the failure and drops later output, and
the command checks for it when convenient.
"""

import errno
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from tui.ascii import ERRORS, in_ascii, wanted

# Errors of a pipe or socket that nobody reads, and of a terminal that has hung up.
READER_LEFT = {errno.EPIPE, errno.ECONNRESET, errno.ESHUTDOWN}
HUNG_UP = {errno.EIO, errno.ENXIO}
FULL = "standard output"  # a reason to stop


class Outlet:
    """A standard stream that records its first failure in ``failure`` instead of raising it."""

    def __init__(self, stream: TextIO | None) -> None:
        """``stream`` is None if the process was started with it closed."""
        self._stream = stream
        self._drops = False
        self.ascii = wanted()
        self.failure: OSError | None = None

    @property
    def signal(self) -> str:
        """The signal that the failure amounts to; "" without one, or for a disk error."""
        if self.failure is None:
            return ""
        if self.failure.errno in READER_LEFT:
            return "SIGPIPE"
        return "SIGHUP" if self.failure.errno in HUNG_UP else ""

    def write(self, text: str) -> int:
        """Write text, or drop it once a write has failed; return its length."""
        if self._stream is None:
            self._fail(OSError(errno.EBADF, os.strerror(errno.EBADF)))
            return len(text)
        try:
            if not self._drops:
                self._stream.write(in_ascii(text) if self.ascii else text)
        except UnicodeEncodeError:  # the locale cannot encode it
            encoding = self._stream.encoding
            return self.write(text.encode(encoding, ERRORS).decode(encoding))
        except OSError as error:
            self._fail(error)
        return len(text)

    def flush(self) -> None:
        """Flush, unless a write has failed."""
        try:
            if self._stream is not None and not self._drops:
                self._stream.flush()
        except OSError as error:
            self._fail(error)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several strings."""
        for line in lines:
            self.write(line)

    def forgive_reader(self) -> None:
        """Ignore it if the reader has left: the command succeeded all the same."""
        if self.signal == "SIGPIPE":
            self.failure = None

    def isatty(self) -> bool:
        """Return whether this is a terminal."""
        return self._stream is not None and self._stream.isatty()

    def _fail(self, error: OSError) -> None:
        self.failure, self._drops = self.failure or error, True
        if self._stream is None:
            return
        # Python flushes its buffers at exit, and would complain.
        with suppress(OSError, ValueError, AttributeError):
            nothing = os.open(os.devnull, os.O_WRONLY)
            try:
                os.dup2(nothing, self._stream.fileno())
            finally:
                os.close(nothing)

    @property
    def buffer(self) -> Any:
        """Not there: everything must go through ``write``."""
        raise AttributeError("buffer")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


_current: tuple[Outlet, Outlet] | None = None  # rich replaces sys.stdout by proxies of its own


@contextmanager
def outlets() -> Iterator[tuple[Outlet, Outlet]]:
    """Replace ``sys.stdout`` and ``sys.stderr`` by outlets for a while, and yield them."""
    global _current
    before = sys.stdout, sys.stderr, _current
    sys.stdout, sys.stderr = _current = Outlet(sys.stdout), Outlet(sys.stderr)
    try:
        yield _current
    finally:
        sys.stdout, sys.stderr, _current = before


def lost() -> str:
    """Return why output no longer reaches anyone, "" if it does.

    That is ``SIGPIPE`` or ``SIGHUP`` if a reader or the terminal has gone, or FULL if standard
    output cannot be written for another reason.
    """
    for outlet in _current or ():
        if outlet.signal:
            return outlet.signal
    return FULL if unwritable() is not None else ""


def unwritable() -> OSError | None:
    """Return why standard output cannot be written; None if it can, or if its reader has left."""
    return _current[0].failure if _current and not _current[0].signal else None


def forgive_reader() -> None:
    """Ignore it if the reader of standard output has left."""
    if _current:
        _current[0].forgive_reader()


def keep_to_ascii() -> None:
    """Print nothing but ASCII from now on."""
    for outlet in _current or ():
        outlet.ascii = True


def keeps_to_ascii() -> bool:
    """Return whether what is printed becomes ASCII."""
    return _current[0].ascii if _current else wanted()


def on_terminal(*streams: TextIO | None) -> bool:
    """Return whether all these streams are terminals; a closed one is not."""
    return all(stream is not None and stream.isatty() for stream in streams)


def occupy_closed() -> None:
    """Open the null device for each standard stream that is closed.

    Otherwise the next file opened would get its number, and what a library writes to standard
    error would land in it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
