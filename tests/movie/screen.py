"""A terminal's screen as pixels: what an emulator would show, with a font that matplotlib brings.

Blocks, braille and lines are drawn and not taken from the font, so that neighbours touch.
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from rich.cells import cell_len
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.app import App

WIDTH, HEIGHT = 12, 24  # pixels of a cell
FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
FONT_SIZE = WIDTH / 0.602  # DejaVu Sans Mono is so wide
INK, PAPER = (224, 224, 224), (18, 18, 18)  # where the app leaves the terminal's own
Colour = tuple[int, int, int]

LINES = {  # arms: left, right, up, down; 1 is thin, 2 is thick
    "─": (1, 1, 0, 0), "│": (0, 0, 1, 1), "┌": (0, 1, 0, 1), "┐": (1, 0, 0, 1),
    "└": (0, 1, 1, 0), "┘": (1, 0, 1, 0), "├": (0, 1, 1, 1), "┤": (1, 0, 1, 1),
    "┬": (1, 1, 0, 1), "┴": (1, 1, 1, 0), "┼": (1, 1, 1, 1), "╭": (0, 1, 0, 1),
    "╮": (1, 0, 0, 1), "╰": (0, 1, 1, 0), "╯": (1, 0, 1, 0), "━": (2, 2, 0, 0),
    "╸": (2, 0, 0, 0), "╺": (0, 2, 0, 0), "┃": (0, 0, 2, 2), "╴": (1, 0, 0, 0),
    "╶": (0, 1, 0, 0), "╵": (0, 0, 1, 0), "╷": (0, 0, 0, 1),
}  # fmt: skip
QUADRANTS = {  # of a cell: top left, top right, bottom left, bottom right
    "▖": "0010", "▗": "0001", "▘": "1000", "▙": "1011", "▚": "1001", "▛": "1110", "▜": "1101",
    "▝": "0100", "▞": "0110", "▟": "0111",
}  # fmt: skip
SHADES = {"░": 0.25, "▒": 0.5, "▓": 0.75}


def picture_of(app: App[None]) -> np.ndarray:
    """Return what the app shows now, dialogs over sections included: uint8 [H, W, 3]."""
    update = app.screen._compositor.render_update(full=True, screen_stack=app._background_screens)
    lines = [[segment for strip in line for segment in strip] for line in update.strips]
    return drawn(lines, *app.size)


def drawn(lines: Iterable[Iterable[Segment]], columns: int, rows: int) -> np.ndarray:
    """Draw lines of text: uint8 [rows * HEIGHT, columns * WIDTH, 3]."""
    picture = np.empty((rows * HEIGHT, columns * WIDTH, 3), np.uint8)
    picture[:] = PAPER
    for row, line in enumerate(lines):
        column = 0
        for words, style, control in line:
            if control:
                continue
            ink, paper, bold = _colours(style or Style())
            for character in words:
                cells = cell_len(character)
                if cells and row < rows and column + cells <= columns:
                    x, y = column * WIDTH, row * HEIGHT
                    cell = _cell(character, cells, ink, paper, bold)
                    picture[y : y + HEIGHT, x : x + cells * WIDTH] = cell
                column += cells
    return picture


@cache
def _colours(style: Style) -> tuple[Colour, Colour, bool]:
    """Return ink, paper and whether it is bold."""

    def rgb(colour: Color | None, default: Colour) -> Colour:
        if colour is None or colour.is_default:
            return default
        return tuple(colour.get_truecolor())

    ink, paper = rgb(style.color, INK), rgb(style.bgcolor, PAPER)
    if style.reverse:
        ink, paper = paper, ink
    if style.dim:
        ink = tuple((a + b) // 2 for a, b in zip(ink, paper, strict=True))
    return ink, paper, bool(style.bold)


@cache
def _cell(character: str, cells: int, ink: Colour, paper: Colour, bold: bool) -> np.ndarray:
    """Return a character on its cells: uint8 [HEIGHT, cells * WIDTH, 3]."""
    cover = _cover(character, cells, bold)[..., None]
    return np.round(np.array(paper) * (1 - cover) + np.array(ink) * cover).astype(np.uint8)


@cache
def _cover(character: str, cells: int, bold: bool) -> np.ndarray:
    """Return how much of each pixel is ink: [HEIGHT, cells * WIDTH] in [0, 1]."""
    cover = np.zeros((HEIGHT, cells * WIDTH))
    code = ord(character)
    if 0x2800 <= code <= 0x28FF:
        _braille(cover, code - 0x2800)
    elif character in LINES:
        _arms(cover, *LINES[character])
    elif character in QUADRANTS:
        for n, filled in enumerate(QUADRANTS[character]):
            y, x = n // 2 * HEIGHT // 2, n % 2 * WIDTH // 2
            cover[y : y + HEIGHT // 2, x : x + WIDTH // 2] = int(filled)
    elif character in SHADES:
        cover[:] = SHADES[character]
    elif 0x2580 <= code <= 0x2595:
        _block(cover, code)
    elif not character.isspace():
        image = Image.new("L", (cells * WIDTH, HEIGHT))
        ImageDraw.Draw(image).text((0, HEIGHT * 0.77), character, 255, _font(bold), anchor="ls")
        cover = np.asarray(image) / 255
    return cover


@cache
def _font(bold: bool) -> ImageFont.FreeTypeFont:
    name = "DejaVuSansMono-Bold.ttf" if bold else "DejaVuSansMono.ttf"
    return ImageFont.truetype(str(FONTS / name), FONT_SIZE)


def _braille(cover: np.ndarray, dots: int) -> None:
    high, wide = HEIGHT // 4, WIDTH // 2
    for bit, (row, column) in enumerate(
        [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1), (3, 0), (3, 1)]
    ):
        if dots >> bit & 1:
            dot = cover[row * high + 1 : (row + 1) * high - 1, column * wide + 1 :][:, : wide - 2]
            dot[:] = 1
            dot[[0, 0, -1, -1], [0, -1, 0, -1]] = 0.6  # round


def _arms(cover: np.ndarray, left: int, right: int, up: int, down: int) -> None:
    y, x = HEIGHT // 2, WIDTH // 2
    for thick, along in ((left, slice(0, x)), (right, slice(x - 1, WIDTH))):
        cover[y - 1 : y - 1 + thick, along] = 1
    for thick, along in ((up, slice(0, y)), (down, slice(y - 1, HEIGHT))):
        cover[along, x - 1 : x - 1 + thick] = 1


def _block(cover: np.ndarray, code: int) -> None:
    if code == 0x2580:
        cover[: HEIGHT // 2] = 1
    elif code <= 0x2588:  # from the bottom, in eighths
        cover[HEIGHT - round(HEIGHT * (code - 0x2580) / 8) :] = 1
    elif code <= 0x258F:  # from the left
        cover[:, : round(WIDTH * (0x2590 - code) / 8)] = 1
    elif code == 0x2590:
        cover[:, WIDTH // 2 :] = 1
    elif code == 0x2594:
        cover[: round(HEIGHT / 8)] = 1
    elif code == 0x2595:
        cover[:, WIDTH - round(WIDTH / 8) :] = 1
