"""Command lines that messages suggest: they work from where the reader stands."""

import os
import shlex
from contextlib import suppress

DEFAULT, VARIABLE = "artifacts", "MNIST_TUI_ARTIFACTS"


def hint(artifacts: str | os.PathLike[str], *words: str) -> str:
    """Return a command about runs of a folder, in backticks: ```mnist-tui resume RUN```.

    It names the folder unless that is where the command looks by itself.
    """
    there = [] if _is_default(artifacts) else ["--artifacts", os.path.abspath(artifacts)]
    return f"`{shlex.join(['mnist-tui', *words, *there])}`"


def _is_default(artifacts: str | os.PathLike[str]) -> bool:
    default = os.path.expanduser(os.environ.get(VARIABLE) or DEFAULT)
    with suppress(OSError):  # the current folder may have been removed
        return os.path.realpath(default) == os.path.realpath(artifacts)
    return False
