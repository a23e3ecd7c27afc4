"""What a terminal that shows images gets, put together again by a terminal of the test's own."""

import gc

import numpy as np
import pytest
from rich.console import Console
from rich.segment import Segment
from rich.text import Text
from textual.color import Color
from textual.strip import Strip

from engine.files.text import REPLACEMENT, visible
from tests.tui.kitty_terminal import KittyTerminal
from tests.tui.pixels import cells_of_text
from tui.app.look import Look
from tui.app.terminal.filters import VISIBLE
from tui.app.terminal.images import BURST, Images
from tui.app.widgets.tiles import Tiles
from tui.drawing.kitty import COLOURS
from tui.drawing.pixels import ASCII, BLOCKS, FRAME, draw_framed, draw_grey, draw_signed
from tui.drawing.placing import FIRST, LAST, STAND_INS, Placing
from tui.drawing.thumbnails import beside, thumbnails
from tui.images import obstacle

RANDOM = np.random.default_rng(0)


class Line:
    """An app's end of the line and the terminal at the other."""

    def __init__(self, *, tmux=False, colours="256", placing=None):
        self.console = Console(force_terminal=True, color_system=colours, width=300)
        self.placing = placing or Placing()
        self.terminal = KittyTerminal(tmux=tmux)
        self.now, self.stalled, self.written = 0.0, False, 0
        self.images = Images(
            self.placing, tmux=tmux, clock=lambda: self.now, busy=lambda: self.stalled
        )

    def show(self, text, line=0, column=0, crop=None):
        """Write a text's lines as Textual does, or what is between two columns of them."""
        for number, one in enumerate(text.split("\n")):
            strip = Strip(one.render(self.console, end="")).crop(*crop or (0, None))
            self.send(f"\x1b[{line + number + 1};{column + 1}H{strip.render(self.console)}")

    def send(self, data):
        self.get(self.images.translate(data))

    def get(self, data):
        self.written += len(data)
        self.terminal.feed(data)

    def seen(self, line, column, text):
        """Return the picture where a text was shown."""
        lines = text.plain.split("\n")
        return self.terminal.picture(line, column, len(lines), len(lines[0]))


def nearest(pixels, width, height):
    """Return pixels [H, W, 3], each dot from the pixel that it is in."""
    if pixels.ndim == 2:
        pixels = np.stack([pixels] * 3, axis=-1)
    y, x = (
        (np.arange(n) + 0.5) * m / n for n, m in zip((height, width), pixels.shape, strict=False)
    )
    return pixels[y.astype(int)][:, x.astype(int)]


def grey(side):
    return RANDOM.integers(0, 256, (side, side)).astype(np.uint8)


@pytest.mark.parametrize("side", [8, 28, 64])
@pytest.mark.parametrize("size", [8, 14, 28, 40, 64])
@pytest.mark.parametrize("tmux", [False, True])
def test_an_image_is_seen_with_all_its_pixels_in_boxes_of_any_size(side, size, tmux):
    line, pixels = Line(tmux=tmux), grey(side)
    text = draw_grey(pixels / 255, line.placing, size)
    assert {len(each) for each in text.plain.split("\n")} == {size}
    assert text.plain.count("\n") == size // 2 - 1
    line.show(text, 3, 5)
    assert (line.seen(3, 5, text) == nearest(pixels, 4 * size, 4 * size)).all()


def pixels_of(cells):
    """Return the pixels [H, W, 3] of a text in half blocks."""
    rows = cells_of_text(cells)
    return np.array([[cell[half] for cell in row] for row in rows for half in (1, 2)], np.uint8)


def test_a_noise_has_the_colours_that_cells_have():
    line, noise = Line(), RANDOM.normal(size=(28, 28))
    placed = draw_signed(noise, 2, line.placing)
    line.show(placed)
    assert (line.seen(0, 0, placed)[2::4, 2::4] == pixels_of(draw_signed(noise, 2))).all()


def test_a_frame_is_just_outside_what_it_is_for():
    line, field = Line(), (slice(4, 9), slice(3, 20))
    placed = draw_framed(np.zeros((28, 28)), field, line.placing, 28)
    line.show(placed)
    frame = (line.seen(0, 0, placed) == FRAME).all(2)
    expected = np.zeros_like(frame)
    expected[4 * 4 - 2 : 9 * 4 + 2, 3 * 4 - 2 : 20 * 4 + 2] = True
    expected[4 * 4 : 9 * 4, 3 * 4 : 20 * 4] = False
    assert (frame == expected).all()
    assert (pixels_of(draw_framed(np.zeros((28, 28)), field, None, 28))[3, 5] == FRAME).all()


def test_what_is_cut_shows_the_part_that_is_left():
    line, pixels = Line(), grey(28)
    text = draw_grey(pixels / 255, line.placing)
    whole = nearest(pixels, 28 * 4, 14 * 8)
    line.show(Text("\n").join(text.split("\n")[5:9]), 2, 7, crop=(11, 20))  # scrolled both ways
    assert (line.terminal.picture(2, 7, 4, 9) == whole[5 * 8 : 9 * 8, 11 * 4 : 20 * 4]).all()
    line.show(Text("a panel\nover it"), 3, 9)
    seen = line.terminal.picture(2, 7, 4, 9)
    assert (seen[8:24, 2 * 4 : 9 * 4] == (255, 0, 255)).all()
    assert (seen[8:24, : 2 * 4] == whole[6 * 8 : 8 * 8, 11 * 4 : 13 * 4]).all()
    assert line.terminal.received == 1


def test_an_image_is_sent_once_and_freed_when_it_is_gone():
    line = Line()
    one, two = (draw_grey(grey(28) / 255, line.placing) for _ in range(2))
    line.show(one)
    line.show(one, 0, 30)
    assert line.terminal.received == 1
    before = line.written
    line.show(one)
    assert line.written - before < 28 * 14 * 12
    line.show(two)
    assert len(line.terminal.images) == 2
    line.show(two, 0, 30)
    assert len(line.terminal.images) == 1
    line.show(Text("\n".join([" " * 28] * 14)))
    assert len(line.terminal.images) == 1
    line.show(Text("\n".join(["日" * 14] * 14)), 0, 30)  # two cells wide each
    assert not line.terminal.images
    line.show(one)
    assert line.terminal.received == 3
    assert (line.terminal.picture(0, 0, 14, 28) != (255, 0, 255)).any()


def test_at_the_end_everything_is_freed_and_comes_back_after_a_pause():
    line = Line(tmux=True)
    text = draw_grey(grey(28) / 255, line.placing)
    line.show(text)
    line.get(line.images.free())
    assert not line.terminal.images
    assert line.images.free() == ""
    line.show(text)
    assert len(line.terminal.images) == 1


def test_a_smaller_terminal_forgets_what_is_outside():
    line = Line()
    one, two = (draw_grey(grey(28) / 255, line.placing) for _ in range(2))
    line.show(one)
    line.show(two, 0, 40)
    line.get(line.images.fit(40, 20))
    assert len(line.terminal.images) == 1
    line.get(line.images.fit(10, 5))
    assert len(line.terminal.images) == 1
    line.get(line.images.fit(10, 0))
    assert not line.terminal.images


def test_ids_fit_256_colours_and_more_images_than_colours_are_told_apart():
    line, count = Line(), len(COLOURS) + 20
    line.images._next = 239
    pixels = [grey(8) for _ in range(count)]
    places = [(number // 20, number % 20 * 4) for number in range(count)]
    for one, (row, column) in zip(pixels, places, strict=True):
        line.now += 1
        line.show(draw_grey(one / 255, line.placing, 4), 2 * row, column)
    assert sum(id < 256 for id in line.terminal.images) == len(COLOURS)
    assert len(line.terminal.images) == count
    for one, (row, column) in zip(pixels, places, strict=True):
        assert (line.terminal.picture(2 * row, column, 2, 4) == nearest(one, 16, 16)).all()


@pytest.mark.parametrize("stalls", [False, True])
def test_what_the_line_cannot_take_yet_comes_later(stalls):
    """A burst is used up, or the line takes nothing at all; the cells stay blank until then."""
    line = Line()
    images = [RANDOM.normal(size=(64, 64)) for _ in range(6)]
    texts = [draw_signed(image, 1, line.placing, 16) for image in images]
    line.stalled = stalls
    for place, text in enumerate(texts):
        line.show(text, 0, 20 * place)
    first = len(line.terminal.images)
    assert first < 6
    assert (first == 0) is stalls
    assert line.images.late
    assert (line.terminal.picture(0, 100, 8, 16) == (255, 0, 255)).all()
    assert stalls or line.written < BURST + 40_000
    assert line.images.catch_up() == ""
    line.stalled = False
    line.show(Text("x"), 0, 100)  # meanwhile something else stands there
    before = line.written
    while line.images.late:
        line.now += 0.25
        line.get(line.images.catch_up())
    assert line.written - before < BURST + 64 * 1024 * line.now
    for place, text in enumerate(texts):
        expected = Line()
        expected.show(draw_signed(images[place], 1, expected.placing, 16))
        seen, right = line.seen(0, 20 * place, text), expected.seen(0, 0, text)
        assert (seen[8:] == right[8:]).all()
        assert (seen[:, 4:] == right[:, 4:]).all()
    assert (line.terminal.picture(0, 100, 1, 1) == (255, 0, 255)).all()
    assert line.images.catch_up() == ""


@pytest.mark.parametrize("fine", [1, 4])
def test_of_a_picture_that_changes_only_the_parts_that_do_are_sent(fine):
    line = Line()
    tiles = Tiles(line.placing)
    picture = RANDOM.integers(0, 256, (20, 22, 4)).astype(np.uint8)
    picture[..., 3] = 255
    picture[:, 16:] = 0  # nothing there

    def show():
        cells = tiles.stand_ins(picture.repeat(fine, 0).repeat(fine, 1), fine)
        assert cells.shape == (10, 22)
        line.show(Text("\n".join("".join(map(chr, row)) for row in cells.tolist())))
        seen = line.terminal.picture(0, 0, 10, 22)
        assert (seen[:, :64] == nearest(picture, 88, 80)[:, :64, :3]).all()
        assert (seen[:, 64:] == (255, 0, 255)).all()

    show()
    assert line.terminal.received == len(line.terminal.images) == 6
    picture[13, 9] = 1, 2, 3, 255
    show()
    assert line.terminal.received == 7
    gc.collect()
    show()
    assert line.terminal.received == 7
    assert len(line.terminal.images) == len(line.placing) == 6


@pytest.mark.parametrize(("images", "plain", "uncoloured", "shades"), [
    ("auto", False, False, None), ("cells", False, False, None), ("auto", False, True, BLOCKS),
    ("cells", False, True, BLOCKS), ("auto", True, True, ASCII), ("ascii", False, False, ASCII),
    ("kitty", True, True, ASCII),
])  # fmt: skip
def test_what_images_are_drawn_with(images, plain, uncoloured, shades, in_kitty):
    assert Look.of(images, plain=plain, uncoloured=uncoloured).shades is shades


@pytest.mark.parametrize(("name", "value", "why"), [
    ("NO_COLOR", "1", "NO_COLOR"), ("STY", "1.pts", "GNU screen"), ("TERM", "dumb", "TERM=dumb"),
    ("MNIST_TUI_ASCII", "1", "ASCII"),
])  # fmt: skip
def test_nothing_is_sent_where_nothing_can_show_it(name, value, why, in_kitty, monkeypatch):
    assert obstacle() == ""
    assert isinstance(Look.of("kitty", plain=False, uncoloured=False).shades, Placing)
    monkeypatch.setenv(name, value)
    assert why in obstacle()
    assert not isinstance(Look.of("kitty", plain=False, uncoloured=False).shades, Placing)


def test_other_output_is_left_alone():
    line = Line()
    data = "\x1b[2;3H\x1b[1;38;2;1;2;3mwords\x1b[0m\x1b]8;;file:x\x1b\\link\x1b]8;;\x1b\\\x1b[?25l"
    assert line.images.translate(data) == data
    line.show(draw_grey(grey(8) / 255, line.placing))
    assert line.images.translate(data) == data


def test_words_beside_an_image_keep_their_colours():
    line = Line(colours="truecolor")
    image = draw_grey(grey(8) / 255, line.placing)
    code = line.images.translate("\x1b[1;38;2;1;2;3mab" + image.plain[:2] + "cd\x1b[0m")
    assert code.count("\x1b[1;38;2;1;2;3m") == 2
    assert code.endswith("\x1b[0m\x1b[1;38;2;1;2;3mcd\x1b[0m")


def test_an_image_is_known_as_long_as_a_text_has_it():
    placing, pixels = Placing(), grey(28) / 255
    text = draw_grey(pixels, placing)
    again = draw_grey(pixels.copy(), placing)
    assert text == again
    assert draw_grey(pixels, placing, 14) != text
    part = beside(thumbnails([(text, Text("words"))], 28, 40), Text("x"))
    del text, again
    gc.collect()
    assert len(placing) == 1
    stand_in = STAND_INS.search(part.plain)[0][0]
    assert placing.find(stand_in) is not None
    del part
    gc.collect()
    assert len(placing) == 0
    assert placing.find(stand_in) is None


def test_stand_ins_are_used_again_but_not_those_of_what_is_kept(monkeypatch):
    monkeypatch.setattr("tui.drawing.placing.LAST", FIRST + 4 * 32 - 1)
    placing = Placing()
    kept = draw_grey(grey(8) / 255, placing)
    for _ in range(20):
        text = draw_grey(grey(8) / 255, placing)
        assert STAND_INS.search(text.plain)
        assert not set(text.plain) & (set(kept.plain) - {"\n"}) - {"\n"}
    several = [draw_grey(grey(8) / 255, placing) for _ in range(5)]
    assert "▀" in several[-1].plain  # in cells, where there is no room for more
    assert LAST > FIRST


def test_cells_of_images_stay_on_the_screen_and_are_no_one_s_words():
    cells = chr(FIRST) + chr(LAST)
    [segment] = VISIBLE.apply([Segment(f"a\x1b{cells}\x07")], Color(0, 0, 0))
    assert segment.text == f"a{REPLACEMENT}{cells}{REPLACEMENT}"
    assert visible(cells) == 2 * REPLACEMENT
