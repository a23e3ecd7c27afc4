"""A terminal that shows images: it takes what is written, and puts the picture together again.

It knows as much of the protocol as the app uses, and fails on anything else.
"""

import base64
import io
import re

import numpy as np
from PIL import Image
from rich.cells import cell_len

from tui.drawing import kitty

PLACEHOLDER = "\U0010eeee"
TOKENS = re.compile(
    r"\x1bPtmux;(?P<wrapped>(?:[^\x1b]|\x1b\x1b)*)\x1b\\"
    r"|\x1b_G(?P<image>[^\x1b]*)\x1b\\"
    r"|\x1b\[(?P<line>\d*);?(?P<column>\d*)H"
    r"|\x1b\[(?P<style>[\d;]*)m"
    r"|\x1b\[(?P<mode>\?\d+[hl]|[0-?]*[ -/]*[@-ln-~])"
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"
    r"|\x1b(?P<cursor>[78])|(?P<end>\r?\n)"
    r"|(?P<text>[^\x00-\x1f\x7f]+)"
)


CELLS = re.compile(f"{PLACEHOLDER}[{''.join(kitty.NUMBERS)}]*|.")


class KittyTerminal:
    """``images`` are those it holds, by id: pixels [H, W, 3 or 4], columns, rows."""

    def __init__(self, columns=80, lines=24, *, tmux=False):
        self.columns, self.lines, self.tmux = columns, lines, tmux
        self.images, self.cells = {}, {}
        self.received = 0  # images
        self._line = self._column = 0
        self._colour = None
        self._parts, self._head, self._kept = [], {}, (0, 0, None)

    def feed(self, data):
        """Take what was written."""
        end = 0
        for token in TOKENS.finditer(data):
            assert token.start() == end, repr(data[max(end - 20, 0) : token.start() + 40])
            end = token.end()
            if (wrapped := token["wrapped"]) is not None:
                assert self.tmux
                self._image(
                    re.fullmatch(r"\x1b_G(.*)\x1b\\", wrapped.replace("\x1b\x1b", "\x1b"))[1]
                )
            elif token["image"] is not None:
                assert not self.tmux, "tmux would keep this for itself"
                self._image(token["image"])
            elif token["line"] is not None:
                self._line = int(token["line"] or 1) - 1
                self._column = int(token["column"] or 1) - 1
            elif token["style"] is not None:
                self._style([int(part or 0) for part in token["style"].split(";")])
            elif token["cursor"] == "7":
                self._kept = self._line, self._column, self._colour
            elif token["cursor"] == "8":
                self._line, self._column, self._colour = self._kept
            elif token["end"]:
                self._line, self._column = self._line + 1, 0
            elif token["text"] is not None:
                self._write(token["text"])
        assert end == len(data), repr(data[end : end + 40])

    def _image(self, content):
        assert len(content) + 5 <= 4096
        head, _, payload = content.partition(";")
        keys = dict(part.split("=") for part in head.split(","))
        assert keys.pop("q") == "2"
        if keys.get("a") == "d":
            assert keys.keys() == {"a", "d", "i"}
            assert keys["d"] == "I"
            del self.images[int(keys["i"])]
            return
        more = keys.pop("m")
        if self._parts:
            assert not keys
        else:
            self._head = keys
        assert more == "0" or len(payload) % 4 == 0
        self._parts.append(payload)
        if more == "0":
            head, whole = self._head, "".join(self._parts)
            self._parts = []
            assert (head["a"], head["U"], head["f"]) == ("T", "1", "100")
            pixels = np.array(Image.open(io.BytesIO(base64.b64decode(whole, validate=True))))
            if pixels.ndim == 2:
                pixels = np.stack([pixels] * 3, axis=-1)
            assert int(head["i"]) not in self.images
            self.images[int(head["i"])] = pixels, int(head["c"]), int(head["r"])
            self.received += 1

    def _style(self, codes):
        while codes:
            code = codes.pop(0)
            if code in (38, 48):
                kind = codes.pop(0)
                colour = [codes.pop(0) for _ in range({5: 1, 2: 3}[kind])]
                if code == 38:
                    self._colour = colour
            elif code in (0, 39) or 30 <= code <= 37 or 90 <= code <= 97:
                self._colour = None

    def _write(self, text):
        for one in CELLS.findall(text):
            if one[0] != PLACEHOLDER:
                width = cell_len(one)
                for place in range(width):
                    self.cells.pop((self._line, self._column + place), None)
                self._column += width
                continue
            marks = one[1:]
            assert len(marks) in (2, 3)
            numbers = [NUMBERS[mark] for mark in marks]
            assert self._colour is not None
            red, green, blue = self._colour if len(self._colour) == 3 else (0, 0, *self._colour)
            id = red << 16 | green << 8 | blue | (numbers[2] << 24 if len(numbers) == 3 else 0)
            assert id in self.images, "an image must be there before its cells are"
            self.cells[self._line, self._column] = id, numbers[0], numbers[1]
            self._column += 1

    def picture(self, line, column, rows, columns, dots=(4, 8)):
        """Return what stands in an area, RGB [rows * dots[1], columns * dots[0], 3].

        Where there is no image, it is magenta.
        """
        across, down = dots
        whole = np.full((rows * down, columns * across, 3), (255, 0, 255), np.uint8)
        for y in range(rows):
            for x in range(columns):
                cell = self.cells.get((line + y, column + x))
                if cell is not None:
                    part = whole[y * down :, x * across :][:down, :across]
                    part[:] = self._cell(*cell, dots)
        return whole

    def _cell(self, id, row, column, dots):
        pixels, columns, rows = self.images[id]
        assert row < rows
        assert column < columns
        height, width = pixels.shape[:2]
        y = (row * dots[1] + np.arange(dots[1]) + 0.5) * height / (rows * dots[1])
        x = (column * dots[0] + np.arange(dots[0]) + 0.5) * width / (columns * dots[0])
        return pixels[y.astype(int)][:, x.astype(int)][..., :3]

    def whole_images(self):
        """Return the places of the images' upper left cells, by line and column, with their ids."""
        return {place: cell[0] for place, cell in sorted(self.cells.items()) if cell[1:] == (0, 0)}


NUMBERS = {mark: number for number, mark in enumerate(kitty.NUMBERS)}  # test_kitty.py checks them
