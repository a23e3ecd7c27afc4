"""What this user has allowed or done before, in the state folder: a line for each.

SHA-256, date, words. It is read anew each time, as another process may have added to it, and lines
that are none count for nothing.
"""

import fcntl
import os
import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import platformdirs

from engine.errors import EngineError
from engine.files.reader import MB, open_regular, read_bytes
from engine.files.text import visible

LIMIT = 4 * MB  # bytes; some thirty thousand lines
LONGEST = 300  # characters of the words

_LINE = re.compile(rb"^([0-9a-f]{64}) ", re.MULTILINE)


class Ledger:
    """A file of hashes, which belongs to the user alone."""

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def path(self) -> Path:
        """Where it lies, or will."""
        return platformdirs.user_state_path("mnist-tui") / self._name

    def holds(self, sha256: str) -> bool:
        """Tell whether a hash was written into it."""
        try:
            return sha256.encode() in _LINE.findall(read_bytes(self.path, LIMIT))
        except (FileNotFoundError, EngineError):  # one that cannot be read says nothing
            return False

    def add(self, sha256: str, words: str) -> None:
        """Write a hash into it unless it is there. Raises OSError, EngineError where it is full."""
        if self.holds(sha256):
            return
        path = self.path
        line = f"{sha256} {datetime.now(UTC).date()} {visible(words)[:LONGEST]}\n".encode()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = open_regular(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            with suppress(OSError):  # some network file systems have no locks
                fcntl.flock(file, fcntl.LOCK_EX)
            size = os.fstat(file).st_size
            if size + len(line) > LIMIT:
                raise EngineError(f"{path} is full; remove the lines that are no longer needed.")
            cut = size > 0 and os.pread(file, 1, size - 1) != b"\n"  # by a full disk, or an editor
            os.write(file, b"\n" * cut + line)
        finally:
            os.close(file)
