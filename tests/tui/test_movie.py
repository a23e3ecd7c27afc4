"""The README's moving picture: what it draws, and that its story can still be told."""

import asyncio

import numpy as np
import pytest
from PIL import Image
from rich.segment import Segment
from rich.style import Style

from tests.movie import __main__ as movie
from tests.movie.screen import HEIGHT, WIDTH, drawn

RED, BLUE = (255, 0, 0), (0, 0, 255)


def cell(character, style="#ff0000 on #0000ff"):
    return drawn([[Segment(character, Style.parse(style))]], 1, 1)


def test_blocks_are_their_colours():
    half = cell("▀")
    assert (half[: HEIGHT // 2] == RED).all()
    assert (half[HEIGHT // 2 :] == BLUE).all()
    assert (cell("█") == RED).all()
    assert (cell(" ") == BLUE).all()
    assert (cell(" ", "reverse #ff0000 on #0000ff") == RED).all()
    assert (cell("▁")[-HEIGHT // 8 :] == RED).all()
    assert (cell("▌")[:, : WIDTH // 2] == RED).all()
    assert 100 < cell("█", "dim #ff0000 on #0000ff")[0, 0, 0] < 155


def test_lines_and_dots_lie_where_they_should():
    one = cell("⠁")[..., 0] > 128
    assert one[: HEIGHT // 4, : WIDTH // 2].any()
    assert not one[HEIGHT // 4 :].any()
    assert not one[:, WIDTH // 2 :].any()
    whole = cell("⣿")[..., 0] > 128
    assert all(
        whole[y : y + HEIGHT // 4, x : x + WIDTH // 2].any()
        for y in range(0, HEIGHT, HEIGHT // 4)
        for x in range(0, WIDTH, WIDTH // 2)
    )
    across, down = cell("─")[..., 0] > 128, cell("│")[..., 0] > 128
    assert across.any(0).all()
    assert down.any(1).all()


def test_characters_stand_in_their_cells_and_none_is_wider():
    line = [Segment("ab", Style.parse("bold red")), Segment("猫✗")]
    picture = drawn([line], 5, 2)
    assert picture.shape == (2 * HEIGHT, 5 * WIDTH, 3)
    ink = (picture != picture[-1, -1]).any(2)
    assert ink[:HEIGHT].any()
    assert not ink[HEIGHT:].any()
    assert np.array_equal(picture[:, :WIDTH], drawn([[line[0]]], 1, 2))


@pytest.mark.long
def test_the_story_can_be_told(finished, tmp_path, monkeypatch):
    monkeypatch.setattr(movie, "FRAMES", 2)
    film = asyncio.run(movie.shoot(finished))
    film.save(tmp_path / "film.webp")
    with Image.open(tmp_path / "film.webp") as saved:
        assert saved.n_frames == len(film.frames) > 15
        assert saved.size == (movie.COLUMNS * WIDTH, movie.LINES * HEIGHT + movie.BAR)
        assert saved.info["loop"] == 0
    assert 12 <= sum(film.times) / 1000 <= 25
