"""The ledger of trusted code: the files of networks that this user let run on this machine.

One line for each, in the user's state folder: SHA-256, date, where it came from. It is read anew
each time, as another process may have added to it, and lines that are none count for nothing.
"""

import fcntl
import hashlib
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import platformdirs

from engine.errors import EngineError
from engine.files.reader import MB, open_regular, read_bytes
from engine.files.text import visible

LIMIT = 4 * MB  # bytes; some thirty thousand files
LONGEST_SOURCE = 300  # characters

_LINE = re.compile(rb"^([0-9a-f]{64}) ", re.MULTILINE)
_vouched: set[str] = set()  # hashes, in this process alone
_PACKAGED = Path(__file__).parent / "more"


def ledger_path() -> Path:
    """Return where the ledger lies, or will."""
    return platformdirs.user_state_path("mnist-tui") / "trusted-code.txt"


def is_trusted(sha256: str) -> bool:
    """Tell whether the file of that hash was run here before, or comes with this package."""
    return sha256 in _packaged() or sha256 in _vouched or sha256.encode() in _listed()


def vouch(digests: Iterable[str]) -> None:
    """Let this process run files that are trusted where its work was given out, and no other."""
    _vouched.clear()
    _vouched.update(digests)


def trust(sha256: str, source: str) -> None:
    """Write the hash of a file that the user lets run into the ledger, and where it came from.

    Raises EngineError where the ledger cannot be written.
    """
    if sha256.encode() in _listed():  # a later version may come with another file
        return
    path = ledger_path()
    words = visible(source)[:LONGEST_SOURCE]
    line = f"{sha256} {datetime.now(UTC).date()} {words}\n".encode()
    try:
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
    except OSError as error:
        raise EngineError(
            f"{path} cannot be written ({error.strerror}), so the file cannot be trusted."
        ) from None


def _listed() -> set[bytes]:
    try:
        return set(_LINE.findall(read_bytes(ledger_path(), LIMIT)))
    except (FileNotFoundError, EngineError):  # not one that can be read vouches for nothing
        return set()


@cache
def _packaged() -> frozenset[str]:
    files = _PACKAGED.glob("*.py")
    return frozenset(hashlib.sha256(file.read_bytes()).hexdigest() for file in files)
