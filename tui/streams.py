"""Standard output and standard error that can be written to whoever has left at their other end.

While a command runs, ``sys.stdout`` and ``sys.stderr`` are ``Outlet``s. A write that fails never
raises, in whichever thread and library it happens: the outlet remembers the failure, drops what
comes after, and what drives the command looks at it when it is convenient.
"""

import errno
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from tui.ascii import ERRORS

# Errors of a pipe or socket that nobody reads, and of a terminal that has hung up.
READER_LEFT = {errno.EPIPE, errno.ECONNRESET, errno.ESHUTDOWN}
HUNG_UP = {errno.EIO, errno.ENXIO}
FULL = "standard output"  # a reason to stop


class Outlet:
    """A standard stream that keeps its first failure in ``failure`` and never raises it."""

    def __init__(self, stream: TextIO | None) -> None:
        """``stream`` is None where the process was started with it closed."""
        self._stream = stream
        self._drops = False
        self.failure: OSError | None = None

    @property
    def signal(self) -> str:
        """The signal that the failure amounts to, "" where there is none or it is of the disk."""
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
                self._stream.write(text)
        except UnicodeEncodeError:  # the locale cannot hold it
            encoding = self._stream.encoding
            return self.write(text.encode(encoding, ERRORS).decode(encoding))
        except OSError as error:
            self._fail(error)
        return len(text)

    def flush(self) -> None:
        """Hand what was written to the system."""
        try:
            if self._stream is not None and not self._drops:
                self._stream.flush()
        except OSError as error:
            self._fail(error)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several pieces of text."""
        for line in lines:
            self.write(line)

    def forgive_reader(self) -> None:
        """Do not hold it against the command that who read along has left."""
        if self.signal == "SIGPIPE":
            self.failure = None

    def isatty(self) -> bool:
        """Tell whether this is a terminal."""
        return self._stream is not None and self._stream.isatty()

    def _fail(self, error: OSError) -> None:
        self.failure, self._drops = self.failure or error, True
        if self._stream is None:
            return
        # Python flushes what is still buffered when it exits, and would complain.
        with suppress(OSError, ValueError, AttributeError):
            nothing = os.open(os.devnull, os.O_WRONLY)
            try:
                os.dup2(nothing, self._stream.fileno())
            finally:
                os.close(nothing)

    @property
    def buffer(self) -> Any:
        """There is no way round ``write``."""
        raise AttributeError("buffer")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


_current: tuple[Outlet, Outlet] | None = None  # rich puts proxies of its own before them


@contextmanager
def outlets() -> Iterator[tuple[Outlet, Outlet]]:
    """Put outlets in the place of ``sys.stdout`` and ``sys.stderr``, and give them."""
    global _current
    before = sys.stdout, sys.stderr, _current
    sys.stdout, sys.stderr = _current = Outlet(sys.stdout), Outlet(sys.stderr)
    try:
        yield _current
    finally:
        sys.stdout, sys.stderr, _current = before


def lost() -> str:
    """Return why nobody can hear of the command any more, "" where someone can.

    ``SIGPIPE`` and ``SIGHUP`` where a reader or the terminal has gone; else it is standard output
    that cannot be written.
    """
    for outlet in _current or ():
        if outlet.signal:
            return outlet.signal
    return FULL if unwritable() is not None else ""


def unwritable() -> OSError | None:
    """Return why standard output cannot be written, None where it can or its reader has gone."""
    return _current[0].failure if _current and not _current[0].signal else None


def forgive_reader() -> None:
    """Do not hold it against the command that who read its standard output has left."""
    if _current:
        _current[0].forgive_reader()


def on_terminal(*streams: TextIO | None) -> bool:
    """Tell whether all these streams are terminals; one that is closed is none."""
    return all(stream is not None and stream.isatty() for stream in streams)


def occupy_closed() -> None:
    """Open the null device in the place of each standard stream that is closed.

    Otherwise the next file that is opened takes its place, and what a library writes to standard
    error lands in it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
