"""Standard streams at whose other end nobody is left, or no room."""

import errno
import io
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from rich.console import Console

from tests.conftest import a_few
from tests.processes import COMMAND
from tui.cli.main import invoke
from tui.console import complain, say
from tui.streams import Outlet, forgive_reader, lost, on_terminal, outlets, unwritable


class Broken(io.StringIO):
    """A stream whose every write fails, once it is flushed or at once."""

    encoding = "utf-8"

    def __init__(self, number, *, late=False):
        super().__init__()
        self.number, self.late, self.writes = number, late, 0

    def write(self, text):
        self.writes += 1
        if not self.late:
            raise OSError(self.number, os.strerror(self.number))

    def flush(self):
        raise OSError(self.number, os.strerror(self.number))


@pytest.fixture
def streams(monkeypatch):
    def put(out, err=None):
        monkeypatch.setattr("sys.stdout", out)
        monkeypatch.setattr("sys.stderr", err or io.StringIO())

    return put


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(
    ("number", "signal"),
    [(errno.EPIPE, "SIGPIPE"), (errno.EIO, "SIGHUP"), (errno.ENOSPC, ""), (errno.EBADF, "")],
)
def test_a_failure_is_kept_not_raised_and_what_follows_is_dropped(number, signal, late):
    stream = Broken(number, late=late)
    outlet = Outlet(stream)
    for _ in range(3):
        assert outlet.write("words\n") == 6
        outlet.flush()
    assert (outlet.failure.errno, outlet.signal, stream.writes) == (number, signal, 1)


def test_whoever_writes_to_it_never_hears_of_a_failure(streams):
    streams(Broken(errno.EIO), Broken(errno.EIO))
    with outlets() as (out, err):
        say("result")
        complain("message")
        Console().print("[b]rich")
        print("print")
        thread = threading.Thread(target=print, args=("from a thread",))
        thread.start()
        thread.join()
        assert out.signal == err.signal == lost() == "SIGHUP"
        assert unwritable() is None
    assert isinstance(sys.stdout, Broken)


def test_what_is_lost_is_told_apart(streams):
    streams(Broken(errno.ENOSPC), Broken(errno.ENOSPC))
    with outlets():
        complain("message")
        assert lost() == ""  # a log that is full stops nothing
        say("result")
        assert lost() == "standard output"
        assert unwritable().errno == errno.ENOSPC
        forgive_reader()
        assert unwritable()
    streams(Broken(errno.EPIPE))
    with outlets() as (out, _):
        say("result")
        assert lost() == "SIGPIPE"
        forgive_reader()
        say("more")
        assert (lost(), out.failure) == ("", None)


def test_a_closed_stream_is_no_terminal_and_cannot_be_written():
    outlet = Outlet(None)
    assert not on_terminal(outlet)
    assert not on_terminal(None)
    outlet.flush()
    assert outlet.failure is None
    outlet.write("words")
    assert outlet.failure.errno == errno.EBADF


def test_a_locale_that_cannot_hold_the_words_gets_others():
    raw = io.BytesIO()
    outlet = Outlet(io.TextIOWrapper(raw, "ascii"))
    outlet.write("ε ≈ 3 – é\n")
    outlet.flush()
    assert raw.getvalue() == b"e ~ 3 - ?\n"


@pytest.mark.parametrize(
    ("number", "code", "words"),
    [(errno.EPIPE, 141, ""), (errno.EIO, 129, ""),
     (errno.ENOSPC, 1, "Standard output cannot be written (No space left on device)."),
     (errno.EBADF, 1, "Standard output cannot be written (Bad file descriptor).")],
)  # fmt: skip
@pytest.mark.parametrize(
    "arguments", [["--version"], ["--help"], ["runs"], ["runs", "--json"], ["data"]]
)
def test_results_that_cannot_be_written_decide_the_exit_code(
    streams, arguments, number, code, words
):
    err = io.StringIO()
    streams(Broken(number, late=True), err)
    assert invoke([*arguments]) == code
    assert err.getvalue() == (f"mnist-tui: {words}\n" if words else "")


def test_an_error_keeps_its_code_and_its_reader_may_have_left(streams):
    streams(io.StringIO(), Broken(errno.EPIPE))
    assert invoke(["runs", "show", "none"]) == 1
    assert invoke(["runs", "--no-such-option"]) == 2


@pytest.mark.parametrize("json", a_few([True, False]))
def test_a_run_whose_output_has_no_room_is_kept(tmp_path, json):
    arguments = ["run", "train", "--model", "baseline", "--dataset", "digits", "--epochs", "60",
                 "--artifacts", str(tmp_path), *(["--json"] if json else ["--quiet"])]  # fmt: skip
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*COMMAND, *arguments], stdout=full, stderr=subprocess.PIPE,
                              text=True, timeout=120)  # fmt: skip
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert "Standard output cannot be written (No space left on device)" in line
    [run] = tmp_path.iterdir()
    assert (str(run) in line) is json
    status = "stopped" if json else "finished"
    assert f'"status": "{status}"' in (run / "run.json").read_text()


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_were_closed_from_the_start(tmp_path, closed):
    program = f'exec "$@" {closed}'
    done = subprocess.run(["sh", "-c", program, "sh", *COMMAND, "runs"], cwd=tmp_path,
                          capture_output=True, text=True, timeout=60)  # fmt: skip
    out, err = done.stdout, done.stderr
    assert done.returncode == int(">&-" in closed.replace("2>&-", ""))
    assert "Traceback" not in err
    if ">&-" not in closed:
        assert out.startswith("No runs in")
