"""The app in a real pseudo-terminal, by real keys and signals."""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

import pytest

ENTER_SCREEN, LEAVE_SCREEN = b"\x1b[?1049h", b"\x1b[?1049l"


class Terminal:
    """A child on a pseudo-terminal of 100x30 cells and all that it wrote."""

    def __init__(self, *arguments, **environment):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update({"TERM": "xterm-256color"} | environment)
            os.execv(sys.executable, [sys.executable, "-m", "tui.cli", *arguments])
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        self.output = b""

    def read(self, condition, seconds=30):
        """Read until the condition holds for the output, or fail."""
        deadline = time.monotonic() + seconds
        while not condition(self.output):
            assert time.monotonic() < deadline, self.output[-2000:]
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    self.output += os.read(self.fd, 1 << 16)
                except OSError:  # the other end is closed
                    assert condition(self.output), self.output[-2000:]

    def press(self, keys):
        os.write(self.fd, keys.encode())

    def exit_code(self, seconds=15):
        """Drain the output until the child is gone; return its exit code."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.fd is not None and select.select([self.fd], [], [], 0.05)[0]:
                try:
                    self.output += os.read(self.fd, 1 << 16)
                except OSError:
                    time.sleep(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
        os.kill(self.pid, signal.SIGKILL)
        pytest.fail("the app did not end")

    def hang_up(self):
        os.close(self.fd)
        self.fd = None


def training(artifacts):
    """Open the app, start a long training, and wait until it goes on."""
    terminal = Terminal("--dataset", "digits", "--artifacts", str(artifacts), "--ascii")
    terminal.read(lambda output: b"Models" in output)
    terminal.press("r")
    terminal.read(lambda output: b"img/s" in output, 60)
    return terminal


def status(artifacts):
    [run] = artifacts.iterdir()
    return json.loads((run / "run.json").read_text())["status"]


def test_q_restores_the_terminal_and_is_0(tmp_path):
    terminal = Terminal("--dataset", "digits", "--artifacts", str(tmp_path))
    terminal.read(lambda output: b"Models" in output)
    terminal.press("q")
    assert terminal.exit_code() == 0
    assert terminal.output.count(ENTER_SCREEN) == terminal.output.count(LEAVE_SCREEN) == 1
    assert terminal.output.rfind(b"\x1b[?25h") > terminal.output.rfind(b"\x1b[?25l")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_stops_saves_and_restores(tmp_path, number, code):
    terminal = training(tmp_path)
    os.kill(terminal.pid, number)
    assert terminal.exit_code() == code
    assert LEAVE_SCREEN in terminal.output
    assert status(tmp_path) in ("stopped", "finished")


def test_a_line_that_drops_leaves_a_stopped_run_and_no_process(tmp_path):
    terminal = training(tmp_path)
    terminal.hang_up()
    assert terminal.exit_code() == 129
    assert status(tmp_path) in ("stopped", "finished")


def test_ascii_is_ascii_in_the_pictures(tmp_path):
    terminal = training(tmp_path)
    assert "▀".encode() not in terminal.output
    os.kill(terminal.pid, signal.SIGTERM)
    terminal.exit_code()


def test_without_a_terminal_one_line_says_what_to_do(capsys):
    from tui.cli import invoke

    assert invoke([]) == 1
    assert "mnist-tui --help" in capsys.readouterr().err
