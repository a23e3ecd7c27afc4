"""All that is printed: lines, tables and JSON.

Nothing is printed in another way, so that nothing foreign (a file's content, a folder's name, a
variable) is ever an escape sequence, markup or a second line.
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

from engine.files.text import visible
from engine.runs.events import plain as json_values
from tui.streams import on_terminal

WIDTH_OFF_TERMINAL = 100_000  # nothing is cut or wrapped


class SafeConsole(Console):
    """A console that shows text as it is: no markup, no emoji codes, no control characters.

    A newline in a ``str`` counts as foreign; one that is meant stands in a ``Text``.
    """

    def __init__(self, **options: Any) -> None:
        # Of what is no number, rich makes a ValueError or a screen without columns.
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
        """Return a string as Text: made safe before the layout, which counts its cells."""
        return super().render_str(visible(text), **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Yield the segments of a renderable, made safe whatever it was made of."""
        for text, style, control in super().render(renderable, options):
            if control is None:
                text = "\n".join(map(visible, text.split("\n")))
            yield Segment(text, style, control)


def console_for(stream: str) -> SafeConsole:
    """Return a console on ``stdout`` or ``stderr``.

    Off a terminal it writes no escape codes, and lines as long as they need to be.
    """
    there = on_terminal(getattr(sys, stream))
    # Settled now: one that hangs up later is no terminal, and would never be written to again.
    capable = there and os.environ.get("TTY_COMPATIBLE") != "0"
    console = SafeConsole(stderr=stream == "stderr", force_terminal=capable)
    if not there:
        console.width = WIDTH_OFF_TERMINAL
    return console


def say(line: str) -> None:
    """Print one line of a result on standard output."""
    _write(sys.stdout, visible(line))


def say_text(text: str) -> None:
    """Print lines of a result on standard output; newlines must be meant."""
    _write(sys.stdout, *map(visible, text.removesuffix("\n").split("\n")))


def say_json(value: Any, separators: tuple[str, str] | None = None) -> None:
    """Print a value as one line of JSON on standard output; numbers not finite are null."""
    text = json.dumps(json_values(value), separators=separators, allow_nan=False)
    # The one control character that ASCII alone does not rule out.
    _write(sys.stdout, text.replace("\x7f", "\\u007f"))


def complain(message: str) -> None:
    """Print one line about what went wrong on standard error, if anyone still reads it."""
    explain(f"mnist-tui: {visible(message)}")


def explain(text: str) -> None:
    """Print lines on standard error, if anyone still reads them; newlines must be meant."""
    with suppress(OSError):
        _write(sys.stderr, *map(visible, text.removesuffix("\n").split("\n")))


def _write(stream: TextIO | None, *lines: str) -> None:
    if stream is not None:
        stream.write("".join(f"{line}\n" for line in lines))
        stream.flush()
