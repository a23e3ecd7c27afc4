"""What a node is asked before it is given runs.

Ray sends this module as it stands, and it imports nothing of ours: a node without this package can
say so.
"""

import platform
import socket
from importlib import metadata
from pathlib import Path

OURS = "mnist-tui"


def probe(path: str, token: str) -> dict[str, str | bool | None]:
    """Return this node's name and versions, and whether it sees the sweep's folder."""
    try:
        sees = Path(path).read_text() == token
    except OSError:
        sees = False
    return {
        "host": socket.gethostname(),
        "sees": sees,
        "Python": platform.python_version(),
        "torch": _version("torch"),
        OURS: _version(OURS),
    }


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
