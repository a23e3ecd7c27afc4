"""Kitty's protocol: what is sent is decoded again, pixel by pixel."""

import io
import re
import unicodedata

import numpy as np
import pytest
from PIL import Image

from tests.tui.kitty_terminal import KittyTerminal
from tui.drawing import kitty

RANDOM = np.random.default_rng(0)


def test_rows_and_columns_are_counted_with_the_protocols_diacritics():
    assert len(kitty.NUMBERS) == kitty.MOST == 297
    assert [ord(kitty.NUMBERS[n]) for n in (0, 1, 100, 255, 296)] == [
        0x305, 0x30D, 0x7EB, 0xA8E5, 0x1D244,
    ]  # fmt: skip
    for mark in kitty.NUMBERS:  # nothing on the way may fuse them with anything
        assert (unicodedata.combining(mark), unicodedata.category(mark)) == (230, "Mn")
        assert not unicodedata.decomposition(mark)
    assert list(kitty.NUMBERS) == sorted(set(kitty.NUMBERS))


@pytest.mark.parametrize("shape", [(1, 1), (28, 28), (5, 9, 3), (64, 64, 3), (3, 7, 4)])
def test_a_png_has_the_pixels(shape):
    pixels = RANDOM.integers(0, 256, shape).astype(np.uint8)
    read = Image.open(io.BytesIO(kitty.png(pixels)))
    read.verify()
    assert (np.array(Image.open(io.BytesIO(kitty.png(pixels)))) == pixels).all()


@pytest.mark.parametrize("side", [1, 8, 28, 64, 200])
@pytest.mark.parametrize("tmux", [False, True])
def test_an_image_arrives_in_small_pieces_and_goes(side, tmux):
    pixels = RANDOM.integers(0, 256, (side, side, 3)).astype(np.uint8)
    sequences = kitty.transmission(200, kitty.png(pixels), 14, 7)
    assert all(len(sequence) <= 4096 for sequence in sequences)
    assert (len(sequences) > 1) is (side >= 28)
    terminal = KittyTerminal(tmux=tmux)
    for sequence in sequences:
        terminal.feed(kitty.through_tmux(sequence) if tmux else sequence)
    got, columns, rows = terminal.images[200]
    assert (got == pixels).all()
    assert (columns, rows) == (14, 7)
    gone = kitty.deletion(200)
    terminal.feed(kitty.through_tmux(gone) if tmux else gone)
    assert not terminal.images


def test_ids_are_below_256_as_long_as_there_are_colours():
    ids = [kitty.id_of(number) for number in range(kitty.IDS)]
    assert ids[:240] == list(range(16, 256))
    assert len(set(ids)) == len(ids)
    assert {kitty.colour_of(id) for id in ids} == {f"\x1b[38;5;{n}m" for n in range(16, 256)}
    with_msb = kitty.placeholders(kitty.id_of(241), 2, 3, 1)
    assert re.fullmatch(f"{kitty.PLACEHOLDER}...", with_msb)
    assert [kitty.NUMBERS.index(mark) for mark in with_msb[1:]] == [2, 3, 1]
