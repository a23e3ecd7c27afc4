"""The ledger of trusted code: the files of networks that this user let run on this machine."""

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from engine.errors import EngineError
from engine.files.ledger import LIMIT, Ledger

__all__ = ["LIMIT", "is_trusted", "ledger_path", "trust", "vouch"]

_TRUSTED = Ledger("trusted-code.txt")
_vouched: set[str] = set()  # hashes, in this process alone
_PACKAGED = Path(__file__).parent / "more"


def ledger_path() -> Path:
    """Return where the ledger lies, or will."""
    return _TRUSTED.path


def is_trusted(sha256: str) -> bool:
    """Tell whether the file of that hash was run here before, or comes with this package."""
    return sha256 in _packaged() or sha256 in _vouched or _TRUSTED.holds(sha256)


def vouch(digests: Iterable[str]) -> None:
    """Let this process run files that are trusted where its work was given out, and no other."""
    _vouched.clear()
    _vouched.update(digests)


def trust(sha256: str, source: str) -> None:
    """Write the hash of a file that the user lets run into the ledger, and where it came from.

    Also where it comes with this package: a later version may come with another file. Raises
    EngineError where the ledger cannot be written.
    """
    try:
        _TRUSTED.add(sha256, source)
    except OSError as error:
        raise EngineError(
            f"{_TRUSTED.path} cannot be written ({error.strerror}), so the file cannot be trusted."
        ) from None


@cache
def _packaged() -> frozenset[str]:
    files = _PACKAGED.glob("*.py")
    return frozenset(hashlib.sha256(file.read_bytes()).hexdigest() for file in files)
