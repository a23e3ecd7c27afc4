"""Signal handlers that only set a flag, which the Session reads."""

import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from engine.runs.control import Control

CAUGHT = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


@contextmanager
def stopping_on_signals(control: Control) -> Iterator[None]:
    """Let the first signal ask ``control`` to stop; a second one ends the process at once.

    A dropped line may send several SIGHUPs: they count as one. Signals that were ignored when the
    process started (by nohup, or in a shell's background) stay ignored.
    """
    heard = [number for number in CAUGHT if signal.getsignal(number) is not signal.SIG_IGN]

    def ask(number: int, frame: object) -> None:
        control.stop(signal.Signals(number).name)
        for each in heard:
            hang_up = signal.Signals(each).name == "SIGHUP"
            signal.signal(each, signal.SIG_IGN if hang_up else signal.SIG_DFL)

    with handling_signals(ask, heard):
        yield


@contextmanager
def handling_signals(
    handler: Callable[[int, object], None], numbers: Iterable[int] = CAUGHT
) -> Iterator[None]:
    """Install ``handler`` for some signals, and restore their former handlers at the end."""
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, signal.SIG_DFL if former is None else former)


def exit_code(reason: str) -> int:
    """Return the shell's exit code for a stop by signal: 130 for SIGINT, 143 for SIGTERM.

    A stop that another process asked for counts as SIGTERM.
    """
    known = signal.Signals.__members__
    return 128 + known.get(reason, signal.SIGTERM)
