"""Where the program begins: Ctrl-C ends it in one line, even while the rest is being imported.

So nothing is imported here, at the top, that takes time.
"""

import gc
import os
import signal
from typing import NoReturn


def main() -> None:
    """Run a command and exit with its code."""
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN:  # as in a shell's background
        # No KeyboardInterrupt: raised within an import, it may come out as another error.
        signal.signal(signal.SIGINT, _interrupted)
    gc.disable()  # imports leave no garbage, and looking for it takes a tenth of them
    from tui.cli import main as command_line

    gc.enable()
    signal.signal(signal.SIGINT, before)
    try:
        command_line.main()
    except KeyboardInterrupt:  # between two commands' own handlers
        _interrupted()


def _interrupted(number: int = signal.SIGINT, frame: object = None) -> NoReturn:
    try:
        os.write(2, b"mnist-tui: interrupted\n")
    finally:
        os._exit(128 + number)
