"""Everything the program prints goes through here: lines, tables and JSON.

So untrusted text (from a file, a folder's name, a variable) never becomes an escape sequence,
markup or a second line.
"""

import json
import os
import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from engine.files.numbers import plain as json_values
from engine.files.text import visible
from tui.streams import on_terminal

WIDTH_OFF_TERMINAL = 100_000  # nothing is cut or wrapped


class SafeConsole(Console):
    """A console that shows text literally: no markup, no emoji codes, no control characters.

    A newline in a ``str`` is replaced as well; put an intended one in a ``Text``.
    """

    def __init__(self, **options: Any) -> None:
        # If these are not numbers, rich raises ValueError or thinks the screen has no columns.
        sizes = re.compile("[1-9][0-9]{0,4}")
        environment = {
            name: value
            for name, value in os.environ.items()
            if name not in ("COLUMNS", "LINES") or sizes.fullmatch(value)
        }
        super().__init__(
            markup=False, emoji=False, highlight=False, _environ=environment, **options
        )

    def render_str(self, text: str, **options: Any) -> Text:
        """Return a string as Text, made safe before layout counts its cells."""
        return super().render_str(visible(text), **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Yield a renderable's segments, made safe."""
        for text, style, control in super().render(renderable, options):
            if control is None:
                text = "\n".join(map(visible, text.split("\n")))
            yield Segment(text, style, control)


def console_for(stream: str) -> SafeConsole:
    """Return a console on ``stdout`` or ``stderr``.

    Off a terminal it writes no escape codes and never wraps.
    """
    there = on_terminal(getattr(sys, stream))
    # Decided now: after a hang-up isatty() is false, and rich would write nothing more.
    capable = there and os.environ.get("TTY_COMPATIBLE") != "0"
    console = SafeConsole(stderr=stream == "stderr", force_terminal=capable)
    if not there:
        console.width = WIDTH_OFF_TERMINAL
    return console


def say(line: str) -> None:
    """Print one line of a result on standard output."""
    _write(sys.stdout, visible(line))


def say_text(text: str) -> None:
    """Print lines of a result on standard output; newlines in ``text`` are kept."""
    text = text.removesuffix("\n")
    printable = text.replace("\n", "").isprintable()  # as all of a long table is
    _write(sys.stdout, *([text] if printable else map(visible, text.split("\n"))))


def say_json(value: Any, separators: tuple[str, str] | None = None) -> None:
    """Print a value as one line of JSON on standard output; non-finite numbers become null."""
    text = json.dumps(json_values(value), separators=separators, allow_nan=False)
    # The one control character that JSON in ASCII leaves as it is.
    _write(sys.stdout, text.replace("\x7f", "\\u007f"))


def complain(message: str) -> None:
    """Print a one-line message on standard error, if anyone still reads it."""
    explain(f"mnist-tui: {visible(message)}")


def explain(text: str) -> None:
    """Print lines on standard error, if anyone still reads them; newlines in ``text`` are kept."""
    with suppress(OSError):
        _write(sys.stderr, *map(visible, text.removesuffix("\n").split("\n")))


def _write(stream: TextIO | None, *lines: str) -> None:
    if stream is not None:
        stream.write("".join(f"{line}\n" for line in lines))
        stream.flush()
