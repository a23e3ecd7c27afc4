"""One file asked of one mirror over HTTP: bounded in time, in size and in redirects.

urllib's own opener also reads ``file:``, ``ftp:`` and ``data:`` addresses, and reads the body of a
redirect whole; this one knows http and https alone, and reads no body but the file's. Nothing that
a mirror says is repeated in a message but a number or a host's name.
"""

import errno
import http.client
import socket
import ssl
import string
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from engine.files.text import visible

SCHEMES = ("http", "https")
REDIRECTS = 5  # followed at most
CHUNK = 1 << 16  # bytes read at once
FILE_PATIENCE = 20  # times the timeout that a whole file may take, or
SLOWEST = 4096  # bytes a second, where that takes longer
MOVED = (301, 302, 303, 307, 308)
NO_NETWORK = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL)


class MirrorFailed(Exception):
    """A mirror did not deliver the file; the message says why, in a few words."""


@contextmanager
def ask(url: str, *, size: int, wait: float, timeout: float) -> Iterator[Iterator[bytes]]:
    """Ask for a file of exactly ``size`` bytes; return its chunks once its first byte has arrived.

    The first byte must come within ``wait`` seconds, each later one within ``timeout``, and the
    whole within twenty times that, or at 4 KiB a second if that is longer. No more than ``size``
    bytes are read, whatever follows; a body that is shorter, or said to be of another size, ends in
    MirrorFailed, as everything does that a mirror can do wrong.
    """
    call = _Call(url)
    try:
        response = _first_byte(call, wait, timeout)
        limit = max(FILE_PATIENCE * timeout, size / SLOWEST)
        with response, _limited(call, limit):
            yield _chunks(call, response, size, timeout, limit)
    finally:
        call.hang_up()


class _Call:
    """A request and its redirects; ``hang_up`` ends it from any thread, whatever it waits for."""

    def __init__(self, url: str) -> None:
        self.url = url  # where the last redirect led
        self.hung_up = False
        self._sockets: list[socket.socket] = []

    @property
    def host(self) -> str:
        """The current host, safe to print."""
        with suppress(ValueError):
            return visible(urlsplit(self.url).hostname or "") or "the mirror"
        return "the mirror"

    def open(self, timeout: float) -> HTTPResponse:
        """Return the answer to the request. Raises OSError, HTTPException and MirrorFailed."""
        for _ in range(REDIRECTS + 1):
            if not _is_http(self.url):
                raise MirrorFailed("redirects to something other than http or https")
            try:
                answer: HTTPResponse = self._opener().open(self.url, timeout=timeout)
                return answer
            except urllib.error.HTTPError as error:
                target = error.headers.get("Location")
                error.close()
                if error.code not in MOVED or not target:
                    raise
                self.url = _joined(self.url, target)
        raise MirrorFailed(f"more than {REDIRECTS} redirects")

    def _opener(self) -> urllib.request.OpenerDirector:
        opener = urllib.request.OpenerDirector()
        for handler in (
            urllib.request.ProxyHandler(),
            _Http(self._sockets),
            _Https(self._sockets),
            urllib.request.HTTPDefaultErrorHandler(),
            urllib.request.HTTPErrorProcessor(),
            urllib.request.UnknownHandler(),
        ):
            opener.add_handler(handler)
        return opener

    def hang_up(self) -> None:
        """Close the connection: its reader sees the end of the file."""
        self.hung_up = True
        for one in self._sockets:
            with suppress(OSError):  # not an SSLSocket's own, which pulls the rug from its reader
                socket.socket.shutdown(one, socket.SHUT_RDWR)


def _is_http(url: str) -> bool:
    with suppress(ValueError):
        return urlsplit(url).scheme in SCHEMES
    return False


def _joined(url: str, target: str) -> str:
    """Return where a redirect leads, "" if it has no address."""
    with suppress(ValueError):
        return quote(urljoin(url, target), safe=string.punctuation)
    return ""


class _Http(urllib.request.HTTPHandler):
    """Opens http addresses and keeps their sockets."""

    def __init__(self, sockets: list[socket.socket]) -> None:
        super().__init__()
        self._kind = _keeping(http.client.HTTPConnection, sockets)

    def http_open(self, request: urllib.request.Request) -> HTTPResponse:
        """Return the answer to a request."""
        return self.do_open(self._kind, request)


class _Https(urllib.request.HTTPSHandler):
    """Opens https addresses, certificates checked, and keeps their sockets."""

    def __init__(self, sockets: list[socket.socket]) -> None:
        super().__init__()
        self._kind = _keeping(http.client.HTTPSConnection, sockets)

    def https_open(self, request: urllib.request.Request) -> HTTPResponse:
        """Return the answer to a request."""
        return self.do_open(self._kind, request)


def _keeping(kind: type[http.client.HTTPConnection], sockets: list[socket.socket]) -> Any:
    """Return a kind of connection that puts its socket into ``sockets``."""

    class Keeping(kind):  # type: ignore[valid-type, misc]  # a base that is a parameter
        def connect(self) -> None:
            super().connect()
            sockets.append(self.sock)

    return Keeping


def _first_byte(call: _Call, wait: float, timeout: float) -> HTTPResponse:
    """Return the answer once its first byte is there, or raise MirrorFailed within ``wait`` s.

    In a thread of its own: urllib's timeout does not bound the look-up of the name, which takes
    tens of seconds on machines that a firewall cuts off, nor a head that comes byte by byte.
    """
    outcome: list[HTTPResponse | Exception] = []

    def attempt() -> None:
        try:
            response = call.open(timeout)
            response.peek(1)
        except Exception as error:
            outcome.append(error)
            return
        outcome.append(response)
        if call.hung_up:
            response.close()

    thread = threading.Thread(target=attempt, daemon=True, name="download")
    thread.start()
    thread.join(wait)
    if not outcome:
        call.hang_up()
        raise MirrorFailed(timed_out(wait))
    if isinstance(outcome[0], Exception):
        raise _failure(outcome[0], call, wait) from None
    return outcome[0]


@contextmanager
def _limited(call: _Call, seconds: float) -> Iterator[None]:
    """Hang up after so many seconds: a reader that waits in the middle of a line notices too."""
    timer = threading.Timer(seconds, call.hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _chunks(
    call: _Call, response: HTTPResponse, size: int, timeout: float, limit: float
) -> Iterator[bytes]:
    """Yield the first ``size`` bytes of a body, which is all that there should be.

    Raises MirrorFailed, also where ``call`` was hung up since it took ``limit`` seconds.
    """
    claimed = response.headers.get("Content-Length", "")
    if claimed.isascii() and claimed.isdigit() and claimed != f"{size}":
        raise MirrorFailed(f"{call.host} offers another file: {_bytes(claimed)}, not {size:,}")
    came = 0
    while came < size:
        try:
            chunk = response.read1(min(CHUNK, size - came))
        except (OSError, HTTPException, ValueError) as error:
            if not call.hung_up:
                raise _failure(error, call, timeout) from None
            chunk = b""
        if call.hung_up:
            raise MirrorFailed(timed_out(limit))
        if not chunk:
            raise MirrorFailed(
                f"{call.host} closed the connection after {came:,} of {size:,} bytes"
            )
        came += len(chunk)
        yield chunk


def _bytes(claimed: str) -> str:
    """Return a claimed size as text; it may have thousands of digits."""
    return f"{int(claimed):,} bytes" if len(claimed) <= len("999999999999") else "far too large"


def timed_out(seconds: float) -> str:
    """Return the message about a mirror that took longer than that."""
    return f"timed out after {round(seconds, 1):g} s"


def _failure(error: Exception, call: _Call, waited: float) -> MirrorFailed:
    """Return what went wrong, in words."""
    if isinstance(error, MirrorFailed):
        return error
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, Exception):
        error = error.reason
    match error:
        case urllib.error.HTTPError():
            words = f"HTTP {error.code} from {call.host}"
        case TimeoutError():
            words = timed_out(waited)
        case socket.gaierror():
            words = f"no network ({str(error.strerror).lower()})"
        case ssl.SSLCertVerificationError():
            words = f"{call.host} has no valid certificate ({error.verify_message})"
        case ssl.SSLError():
            words = f"no secure connection to {call.host}"
        case ConnectionRefusedError():
            words = f"connection refused by {call.host}"
        case ConnectionError() | http.client.IncompleteRead():
            words = f"{call.host} closed the connection"
        case OSError() if error.errno in NO_NETWORK:
            words = f"no network ({str(error.strerror).lower()})"
        case HTTPException():
            words = f"{call.host} does not speak HTTP"
        case OSError() if error.strerror:
            words = f"{call.host}: {error.strerror}"
        case _:  # an address that is none, say
            words = f"{call.host} cannot be asked ({type(error).__name__})"
    return MirrorFailed(visible(words))
