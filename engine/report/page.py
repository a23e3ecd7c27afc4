"""What our pages have in common: their templates, and pictures that are part of them."""

import base64
import struct
from dataclasses import dataclass
from pathlib import Path

import jinja2

from engine.files.reader import MB, DamagedFile, read_bytes

PNG_LIMIT = 16 * MB
PNG_START, PNG_END = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\0\0\0\0IEND\xaeB`\x82"


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure, embedded in the page."""

    source: str  # a data: address
    alternative: str
    width: int  # pixels
    height: int

    @property
    def wide(self) -> bool:
        """Whether it needs the page's whole width."""
        return self.width > 2.2 * self.height


def page(template: str) -> jinja2.Template:
    """Return a page's template; all that it is filled with is text, never markup."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("engine.report", ""),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["percent"] = lambda value: f"{value:.2%}".replace("%", " %")
    return environment.get_template(template)


def embedded(content: bytes, alternative: str) -> Picture:
    """Return a whole PNG file as a picture."""
    width, height = struct.unpack(">2I", content[16:24])  # its first chunk begins with them
    encoded = base64.b64encode(content).decode("ascii")
    return Picture(f"data:image/png;base64,{encoded}", alternative, width, height)


def whole_png(path: Path) -> bytes:
    """Return a picture's file, or nothing if it is missing, truncated or no picture."""
    try:
        content = read_bytes(path, PNG_LIMIT)
    except (FileNotFoundError, DamagedFile):
        return b""
    return content if content.startswith(PNG_START) and content.endswith(PNG_END) else b""
