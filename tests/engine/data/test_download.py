"""Against a real HTTP server on loopback, with mirrors that fail in every way."""

import hashlib
import socket
import time

import pytest

from engine.data.download import DownloadFailed, fetch
from engine.data.known import MNIST
from tests.conftest import a_few
from tests.engine.data.roots import read_mnist
from tests.engine.data.serving import PATIENCE, serving


@pytest.fixture
def server(mnist_root):
    with serving(mnist_root / "MNIST" / "raw") as server:
        yield server


def test_a_good_mirror_gives_verified_files(server, tmp_path, mnist):
    heard = {}
    folder = fetch(MNIST, tmp_path, mirrors=[server.url("good")], progress=heard.__setitem__)
    assert read_mnist(tmp_path).sha256 == mnist.sha256
    assert sorted(path.name for path in folder.iterdir()) == sorted(heard)  # and no partial file
    assert heard["t10k-labels-idx1-ubyte.gz"] == 4542


@pytest.mark.parametrize("mood", a_few(["busy", "hangs", "stalls", "half", "wrong"], 2))
def test_the_next_mirror_is_taken_on_any_error(server, tmp_path, mnist, mood):
    mirrors = [server.url(mood), server.url("good")]
    folder = fetch(MNIST, tmp_path, mirrors=mirrors, timeout=0.5)
    assert read_mnist(tmp_path).sha256 == mnist.sha256
    assert len(list(folder.iterdir())) == 4
    assert {m for m, _ in server.seen} == {mood, "good"}


def test_a_closed_port_is_an_error_too(server, tmp_path, mnist):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        fetch(MNIST, tmp_path, mirrors=[closed, server.url("good")])
    assert read_mnist(tmp_path).sha256 == mnist.sha256


def test_when_no_mirror_helps_each_answer_is_told_and_nothing_is_left(server, tmp_path):
    mirrors = [server.url(mood) for mood in ("busy", "half", "wrong")]
    with pytest.raises(DownloadFailed) as caught:
        fetch(MNIST, tmp_path, mirrors=mirrors)
    for mirror in mirrors:
        assert mirror in str(caught.value)
    assert "503" in str(caught.value)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.alone
def test_patience_bounds_all_mirrors_together_before_the_first_byte(server, tmp_path):
    import torchvision.datasets  # noqa: F401  # takes seconds, which are not the mirrors'

    mirrors = [server.url("hangs")] * 5
    since = time.monotonic()
    with pytest.raises(DownloadFailed):
        fetch(MNIST, tmp_path, mirrors=mirrors, patience=0.6)
    assert time.monotonic() - since < 2.0


@pytest.mark.parametrize("moods", [["pauses"], ["breaks", "good"]])
def test_patience_ends_with_the_first_byte(server, tmp_path, mnist, moods):
    fetch(MNIST, tmp_path, mirrors=[server.url(mood) for mood in moods], patience=PATIENCE)
    assert read_mnist(tmp_path).sha256 == mnist.sha256
    assert server.seen[-1][0] == moods[-1]


def test_what_is_there_and_whole_is_not_fetched_again(server, tmp_path):
    fetch(MNIST, tmp_path, mirrors=[server.url("good")])
    server.seen.clear()
    damaged = tmp_path / "MNIST" / "raw" / "t10k-labels-idx1-ubyte.gz"
    damaged.write_bytes(b"half")
    damaged.with_suffix("").write_bytes(b"an old extracted one")
    fetch(MNIST, tmp_path, mirrors=[server.url("good")])
    assert server.seen == [("good", damaged.name)]
    assert hashlib.md5(damaged.read_bytes()).hexdigest() == "ec29112dd5afa0611ce80d1b7f02629c"
    assert not damaged.with_suffix("").exists()


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DownloadFailed, match="cannot be made"):
        fetch(MNIST, tmp_path / "file", mirrors=[])
