"""Kitty's graphics protocol, as far as images stand in cells: escape sequences and placeholders.

An image is sent once, under an id, for a box of cells. Where the terminal then finds the character
U+10EEEE it shows a piece of it: two diacritics say which row and column of the box, the foreground
colour says which image. To whatever handles the text, tmux included, that is text like any other.
"""

import struct
import zlib
from base64 import b64encode
from collections.abc import Iterator
from functools import lru_cache

import numpy as np

PLACEHOLDER = "\U0010eeee"
PAYLOAD = 3072  # characters of base64 in a sequence, so that all of it stays below 4,096
COLOURS = range(16, 256)  # that name images: 256 is all that many have, the first 16 are their own
# The code points that count rows and columns, as the protocol lists them: those of Unicode 6.0 that
# stand above a letter and are fused with none.
_ABOVE = """
305 30d-30e 310 312 33d-33f 346 34a-34c 350-352 357 35b 363-36f 483-487 592-595 597-599 59c-5a1
5a8-5a9 5ab-5ac 5af 5c4 610-617 657-65b 65d-65e 6d6-6dc 6df-6e2 6e4 6e7-6e8 6eb-6ec 730 732-733
735-736 73a 73d 73f-741 743 745 747 749-74a 7eb-7f1 7f3 816-819 81b-823 825-827 829-82d 951 953-954
f82-f83 f86-f87 135d-135f 17dd 193a 1a17 1a75-1a7c 1b6b 1b6d-1b73 1cd0-1cd2 1cda-1cdb 1ce0 1dc0-1dc1
1dc3-1dc9 1dcb-1dcc 1dd1-1de6 1dfe 20d0-20d1 20d4-20d7 20db-20dc 20e1 20e7 20e9 20f0 2cef-2cf1
2de0-2dff a66f a67c-a67d a6f0-a6f1 a8e0-a8f1 aab0 aab2-aab3 aab7-aab8 aabe-aabf aac1 fe20-fe26
10a0f 10a38 1d185-1d189 1d1aa-1d1ad 1d242-1d244
"""


def _numbers() -> Iterator[str]:
    for part in _ABOVE.split():
        first, _, last = part.partition("-")
        yield from map(chr, range(int(first, 16), int(last or first, 16) + 1))


NUMBERS = tuple(_numbers())
MOST = len(NUMBERS)  # rows, or columns, of a box


def png(pixels: np.ndarray) -> bytes:
    """Return uint8 pixels as PNG: [H, W] is grey, [H, W, 3] has colours, [H, W, 4] alpha too."""
    height, width = pixels.shape[:2]
    kind = {1: 0, 3: 2, 4: 6}[1 if pixels.ndim == 2 else pixels.shape[2]]
    rows = pixels.reshape(height, -1)
    unfiltered = np.concatenate([np.zeros((height, 1), np.uint8), rows], axis=1)
    return b"".join([
        b"\x89PNG\r\n\x1a\n",
        _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)),
        _chunk(b"IDAT", zlib.compress(unfiltered.tobytes())),
        _chunk(b"IEND", b""),
    ])  # fmt: skip


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def transmission(id: int, picture: bytes, columns: int, rows: int) -> list[str]:
    """Return the sequences that send a PNG for a box of cells; nothing is answered to them."""
    payload = b64encode(picture).decode()
    parts = [payload[start : start + PAYLOAD] for start in range(0, len(payload), PAYLOAD)]
    sequences = []
    for number, part in enumerate(parts):
        head = "" if number else f"a=T,U=1,f=100,i={id},c={columns},r={rows},"
        more = int(number < len(parts) - 1)
        sequences.append(f"\x1b_G{head}q=2,m={more};{part}\x1b\\")
    return sequences


def deletion(id: int) -> str:
    """Return the sequence that removes an image and frees its memory."""
    return f"\x1b_Ga=d,d=I,i={id},q=2\x1b\\"


def through_tmux(sequence: str) -> str:
    """Return a sequence as tmux passes it on to the terminal around it."""
    return "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\"


def id_of(number: int) -> int:
    """Return the id of the image with a number: below 256 for as many as there are colours."""
    above, colour = divmod(number, len(COLOURS))
    return above << 24 | COLOURS[colour]


IDS = len(COLOURS) << 8  # how many ids there are


def colour_of(id: int) -> str:
    """Return the sequence that names an image by the foreground colour."""
    return f"\x1b[38;5;{id & 255}m"


@lru_cache(maxsize=4096)
def placeholders(id: int, row: int, column: int, count: int) -> str:
    """Return the characters that show some cells of a row.

    Each says where it belongs. The protocol lets one follow from that to its left, but something
    else may come to stand there. A third diacritic has what a colour cannot say of the id.
    """
    start, end = PLACEHOLDER + NUMBERS[row], NUMBERS[id >> 24] if id >> 24 else ""
    return "".join(f"{start}{number}{end}" for number in NUMBERS[column : column + count])
