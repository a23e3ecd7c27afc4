"""The log of processes that nobody watches: detached runs, and the workers of a sweep."""

import os
from pathlib import Path
from typing import IO

import platformdirs


def log_path() -> Path:
    """Return the file that takes the error output of such processes."""
    return platformdirs.user_log_path("mnist-tui") / "detached.log"


def open_log() -> IO[bytes]:
    """Open that file for appending, or the null device if that fails."""
    path = log_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("ab")
    except OSError:  # no run is lost for want of a log
        return open(os.devnull, "ab")
