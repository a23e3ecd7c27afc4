"""A child process on a pseudo-terminal, and what stands on its screen."""

import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time
from typing import ClassVar

import pyte
import pytest


class Terminal:
    """A child on a pseudo-terminal, the bytes that it wrote and the screen that they make.

    ``program`` are arguments of this Python; without them the command line of the app.
    """

    alive: ClassVar[list["Terminal"]] = []

    def __init__(
        self, *arguments, program=("-m", "tui.cli"), size=(100, 30), watch=True, **environment
    ):
        """``watch=False`` keeps the bytes only: drawing a screen from them takes time too."""
        self.screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self.screen) if watch else None
        self.output = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            # Not the environment of this process itself: readline hides COLUMNS and LINES in it,
            # which would win over the terminal's own size.
            everything = dict(os.environ) | {"TERM": "xterm-256color"} | environment
            os.execve(sys.executable, [sys.executable, *program, *arguments], everything)
        self.alive.append(self)
        self.resize(*size)

    def resize(self, columns, lines):
        """Change the size; the child hears of it."""
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.screen.resize(lines, columns)

    @property
    def text(self):
        """The screen's lines."""
        return "\n".join(self.screen.display)

    def _take(self, seconds):
        """Read what comes within a time; False once the other end is closed."""
        if select.select([self.fd], [], [], seconds)[0]:
            try:
                data = os.read(self.fd, 1 << 16)
            except OSError:
                return False
            self.output += data
            if self._stream is not None:
                self._stream.feed(data)
        return True

    def read(self, condition, seconds=30):
        """Read until the condition holds for this terminal, or fail."""
        deadline = time.monotonic() + seconds
        while not condition(self):
            assert time.monotonic() < deadline, self.text
            if not self._take(0.1):
                assert condition(self), self.text

    def read_for(self, seconds):
        """Read for a time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._take(0.1)

    def press(self, keys):
        """Send keys."""
        os.write(self.fd, keys.encode())

    def exit_code(self, seconds=60):  # a busy disk takes its time to sync what is saved
        """Drain the output until the child is gone; return its exit code."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.fd is not None and not self._take(0.05):
                time.sleep(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.alive.remove(self)
                return os.waitstatus_to_exitcode(status)
            if self.fd is None:
                time.sleep(0.05)
        pytest.fail("the app did not end\n" + self.text)

    def hang_up(self):
        """Close the line."""
        os.close(self.fd)
        self.fd = None
