"""Mirrors on loopback that send what they should not, for as long as they like.

Three of MNIST's four files are there; the labels to train on are asked for.
"""

import fcntl
import os
import socket
import socketserver
import subprocess
import sys
import threading
import time
from contextlib import suppress

import pytest

from engine.data import mirror
from engine.data.download import DownloadFailed, fetch
from engine.data.known import MNIST
from tests.conftest import a_few
from tests.engine.data.roots import read_mnist

NAME = "train-labels-idx1-ubyte.gz"
SIZE = 28_881
TIMEOUT, WHOLE = 1.0, 3  # seconds without a byte, and times that for the whole file


class Mirror(socketserver.StreamRequestHandler):
    """Answers ``GET /MOOD/FILE`` by the method ``MOOD``."""

    def handle(self):
        path = self.rfile.readline().split()[1].decode()
        while self.rfile.readline().strip():
            pass
        _, mood, name = path.split("/")
        self.content = (self.server.folder / name).read_bytes()
        self.server.asked.append(mood)
        with suppress(OSError):  # the other side has hung up
            getattr(self, mood)()

    def say(self, *lines, status="200 OK"):
        self.wfile.write("\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode())

    def for_ever(self, *parts, pause=0.0):
        while not self.server.over.is_set():
            for part in parts:
                self.server.sent += self.wfile.write(part)
            time.sleep(pause)

    def to(self, place):
        self.say(f"Location: {place}", "Content-Length: 0", status="302 Found")

    def good(self):
        self.say(f"Content-Length: {SIZE}")
        self.wfile.write(self.content)

    def endless(self):
        self.say()
        self.for_ever(bytes(1 << 16))

    def endless_chunks(self):
        self.say("Transfer-Encoding: chunked")
        self.for_ever(b"10000\r\n", bytes(1 << 16), b"\r\n")

    def endless_trailers(self):
        self.say("Transfer-Encoding: chunked")
        self.wfile.write(b"%x\r\n" % SIZE + self.content + b"\r\n0\r\n")
        self.for_ever(b"X: y\r\n" * 1000)

    def endless_hundreds(self):
        self.for_ever(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)

    def claims_more(self):
        self.say("Content-Length: 30000000")
        self.for_ever(bytes(1 << 16))

    def claims_far_too_much(self):
        self.say("Content-Length: " + "9" * 5000)
        self.for_ever(bytes(1 << 16))

    def claims_nothing_of_the_kind(self):
        self.say("Content-Length: banana")
        self.wfile.write(self.content[:100])

    def short(self):
        self.say()
        self.wfile.write(self.content[:-1])

    def html(self):
        page = b"<html><body>Log in to the network first.</body></html>"
        self.say("Content-Type: text/html", f"Content-Length: {len(page)}")
        self.wfile.write(page)

    def html_of_the_size(self):
        self.say(f"Content-Length: {SIZE}")
        self.wfile.write(b"<html>" + bytes(SIZE - 6))

    def drips(self):
        self.say(f"Content-Length: {SIZE}")
        self.for_ever(b"x", pause=TIMEOUT / 4)

    def drips_its_head(self):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        self.for_ever(b"x", pause=TIMEOUT / 4)

    def broken(self):
        self.say(status="500 Internal \x1b]0;gotcha\x07 Error")

    def babbles(self):
        self.wfile.write(b"\x1b]0;gotcha\x07 I am no web server\r\n\r\n")

    def says_nothing(self):
        pass

    def elsewhere(self):
        self.to(f"/good/{NAME}")

    def in_circles(self):
        self.to(f"/in_circles/{NAME}")

    def to_a_file(self):
        self.to(f"file://{self.server.folder}/{NAME}")

    def to_ftp(self):
        self.to(f"ftp://127.0.0.1:{self.server.other}/{NAME}")

    def to_data(self):
        self.to("data:,x")

    def to_nowhere(self):
        self.to("http://[half")

    def moves_endlessly(self):
        self.say("Location: /good/" + NAME, status="302 Found")
        self.for_ever(bytes(1 << 16))


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), Mirror)
        self.folder, self.over = folder, threading.Event()
        self.asked, self.sent, self.other = [], 0, 0

    def url(self, mood):
        return f"http://127.0.0.1:{self.server_address[1]}/{mood}/"


@pytest.fixture
def server(mnist_root):
    with Server(mnist_root / "MNIST" / "raw") as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.over.set()
        server.shutdown()


@pytest.fixture
def root(tmp_path, mnist_root):
    """A root in which one file is missing; the others are links."""
    raw = tmp_path / "root" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for path in (mnist_root / "MNIST" / "raw").resolve().iterdir():
        if path.name != NAME:
            (raw / path.name).symlink_to(path)
    return tmp_path / "root"


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """A file may not take twenty times as long as a byte: the tests would."""
    monkeypatch.setattr(mirror, "FILE_PATIENCE", WHOLE)
    monkeypatch.setattr(mirror, "SLOWEST", 10**12)


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds, which are not the mirrors'."""
    import torchvision.datasets  # noqa: F401


def left_in(root):
    return sorted(path.name for path in root.rglob("*") if path.is_file())


HOSTILE = {
    "endless": f"the 28,881 bytes sent are not {NAME}",
    "endless_chunks": f"the 28,881 bytes sent are not {NAME}",
    "endless_hundreds": "timed out after 1 s",
    "claims_more": "127.0.0.1 offers another file: 30,000,000 bytes, not 28,881",
    "claims_far_too_much": "127.0.0.1 offers another file: far too large, not 28,881",
    "claims_nothing_of_the_kind": "127.0.0.1 closed the connection after 100 of 28,881 bytes",
    "short": "127.0.0.1 closed the connection after 28,880 of 28,881 bytes",
    "html": "127.0.0.1 offers another file: 54 bytes, not 28,881",
    "html_of_the_size": f"the 28,881 bytes sent are not {NAME}",
    "drips": "timed out after 3 s",
    "drips_its_head": "timed out after 1 s",
    "broken": "HTTP 500 from 127.0.0.1",
    "babbles": "127.0.0.1 does not speak HTTP",
    "says_nothing": "127.0.0.1 closed the connection",
    "in_circles": "more than 5 redirects",
    "to_a_file": "redirects to something other than http or https",
    "to_ftp": "redirects to something other than http or https",
    "to_data": "redirects to something other than http or https",
    "to_nowhere": "redirects to something other than http or https",
}


@pytest.mark.extended
@pytest.mark.parametrize("mood", a_few(HOSTILE, 2, 4))
def test_a_hostile_mirror_is_given_up_in_words_and_the_next_one_taken(server, root, mnist, mood):
    with pytest.raises(DownloadFailed) as caught:
        fetch(MNIST, root, mirrors=[server.url(mood)], timeout=TIMEOUT)
    assert str(caught.value) == f"{HOSTILE[mood]} ({server.url(mood)})."
    assert len(left_in(root)) == 3
    if mood != "endless_hundreds":  # heads, which time alone bounds
        assert server.sent < 20 << 20  # a few buffers, and not what it would like to send
    fetch(MNIST, root, mirrors=[server.url(mood), server.url("good")], timeout=TIMEOUT)
    assert server.asked[-1] == "good"
    assert read_mnist(root).sha256 == mnist.sha256
    assert len(left_in(root)) == 4


@pytest.mark.extended
@pytest.mark.parametrize("mood", ["endless_hundreds", "drips_its_head"])
def test_nothing_waits_for_a_mirror_that_was_given_up(server, root, mood):
    with pytest.raises(DownloadFailed):
        fetch(MNIST, root, mirrors=[server.url(mood)], timeout=TIMEOUT)
    deadline = time.monotonic() + 5
    while any(thread.name == "download" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("mood", ["elsewhere", "moves_endlessly", "endless_trailers"])
def test_what_is_not_the_file_s_body_is_never_read(server, root, mnist, mood):
    fetch(MNIST, root, mirrors=[server.url(mood)], timeout=5)
    assert read_mnist(root).sha256 == mnist.sha256
    assert server.sent < 20 << 20


def test_a_redirect_to_ftp_is_not_even_tried(server, root):
    with socket.create_server(("127.0.0.1", 0)) as other:
        server.other = other.getsockname()[1]
        with pytest.raises(DownloadFailed):
            fetch(MNIST, root, mirrors=[server.url("to_ftp")], timeout=TIMEOUT)
        other.settimeout(0)
        with pytest.raises(BlockingIOError):
            other.accept()


def test_no_other_kind_of_address_is_a_mirror(root, mnist_root):
    with pytest.raises(DownloadFailed, match="other than http or https"):
        fetch(MNIST, root, mirrors=[f"file://{mnist_root.resolve()}/MNIST/raw/"])


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
            "no network (name or service not known)",
        ),
        (OSError(101, "Network is unreachable"), "no network (network is unreachable)"),
        (ConnectionRefusedError(111, "Connection refused"), "connection refused by a.example"),
    ],
)
def test_a_network_that_is_down_says_so_once_and_in_words(root, monkeypatch, error, words):
    def refuse(*address, **options):
        raise error

    monkeypatch.setattr(socket, "create_connection", refuse)
    with pytest.raises(DownloadFailed) as caught:
        fetch(MNIST, root, mirrors=["http://a.example/", "https://a.example/"])
    assert str(caught.value) == f"{words} (http://a.example/, https://a.example/)."


def test_a_disk_that_refuses_is_not_blamed_on_the_mirrors(server, root, monkeypatch):
    def refuse(*paths):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(DownloadFailed, match=rf"{NAME} cannot be written \(No space left"):
        fetch(MNIST, root, mirrors=[server.url("good"), server.url("good")])
    assert server.asked == ["good"]
    assert len(left_in(root)) == 3


@pytest.mark.extended
def test_what_a_killed_download_left_is_removed_by_the_next(server, root, mnist):
    code = (
        "import sys; from pathlib import Path; from engine.data.download import fetch\n"
        "from engine.data.known import MNIST\n"
        "fetch(MNIST, Path(sys.argv[1]), mirrors=[sys.argv[2]])"
    )
    killed = subprocess.Popen([sys.executable, "-c", code, root, server.url("drips")])
    while len(left_in(root)) < 4:
        assert killed.poll() is None
        time.sleep(0.01)
    [partial] = set(left_in(root)) - {path.name for path in server.folder.iterdir()}
    with pytest.raises(DownloadFailed):  # while it lives, its file is its own
        fetch(MNIST, root, mirrors=[server.url("broken")])
    assert partial in left_in(root)
    killed.kill()
    killed.wait()
    assert partial in left_in(root)
    old = root / "MNIST" / "raw" / f".{NAME}.abcdefgh"  # as version 0.1 left them
    old.touch()
    os.utime(old, (1e9, 1e9))
    fetch(MNIST, root, mirrors=[server.url("good")])
    assert left_in(root) == sorted(path.name for path in server.folder.iterdir())
    assert read_mnist(root).sha256 == mnist.sha256


def test_a_partial_file_is_locked_while_it_comes(server, root):
    seen = []

    def look(name, size):
        [partial] = (root / "MNIST" / "raw").glob(f".{NAME}.*.partial")
        with partial.open("rb") as file, pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        seen.append(size)

    fetch(MNIST, root, mirrors=[server.url("good")], progress=look)
    assert seen[-1] == SIZE


def test_what_stands_in_the_place_of_a_file_is_no_reason_to_wait(server, root, mnist):
    raw = root / "MNIST" / "raw"
    os.mkfifo(raw / NAME)
    (raw / NAME.removesuffix(".gz")).mkdir()
    fetch(MNIST, root, mirrors=[server.url("good")])
    assert read_mnist(root).sha256 == mnist.sha256
