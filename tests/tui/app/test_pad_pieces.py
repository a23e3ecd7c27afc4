"""The pieces of the pad by themselves: sizes, columns of answers, maps, the slider's curve."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.pad import STRENGTHS
from engine.pad.networks import Answer
from engine.pad.strength import Curve
from tui.app.screens.pad.answers import answer_column
from tui.app.screens.pad.arrangement import EDGE, KEYS, arrange
from tui.app.screens.pad.maps import draw_maps, grid_for
from tui.app.screens.pad.strength import draw_strength, strength_words
from tui.app.widgets.pixelled import FRAME, greys

NAMES = {2: ("cat", "dog"), 10: tuple("0123456789"), 100: tuple(f"class {n}" for n in range(100))}


@given(
    st.integers(60, 250), st.integers(18, 80), st.integers(8, 64), st.integers(2, 100),
    st.booleans(),
)  # fmt: skip
def test_everything_has_its_place_in_a_terminal_of_any_size(width, height, side, classes, inside):
    sizes = arrange(width, height, side, classes, inside=inside)
    assert sizes.left + sizes.right == width
    assert sizes.canvas % 2 == 0
    assert sizes.canvas + EDGE <= sizes.left
    assert sizes.canvas // 2 + EDGE <= sizes.top
    assert sizes.canvas >= 16
    assert sizes.networks >= 5
    below = 0 if sizes.beside else sizes.maps
    assert sizes.top + below + KEYS == height
    assert sizes.networks + max(sizes.noise, sizes.maps if sizes.beside else 0) == sizes.top
    assert sizes.seen // 2 + EDGE <= max(sizes.noise, EDGE)
    assert sizes.seen + EDGE <= sizes.right
    assert (sizes.maps > 0) == inside
    assert 1 <= sizes.columns <= sizes.right // 12


@pytest.mark.parametrize("count", NAMES)
@pytest.mark.parametrize("room", [(9, 4), (10, 11), (18, 11), (40, 30)])
def test_a_column_of_answers_fits_and_names_the_winner(count, room):
    shares = np.full(count, 0.1 / count, np.float32)
    shares[1] += 0.9
    for label in (None, 1, 0):
        text = answer_column(Answer(shares), NAMES[count], "$series-1", label, room)
        lines = text.plain.split("\n")
        assert len(lines) == min(count, room[1] - 1) + 1
        assert all(len(line) <= room[0] for line in lines)
        assert ("✓" in lines[0], "✗" in lines[0]) == (label == 1, label == 0)
        assert f"{shares[1] * 100:.0f}%" in lines[0]
    waiting = answer_column(None, NAMES[count], "$series-1", None, room).plain
    assert waiting.startswith("…")
    assert "cannot" in answer_column(Answer(None, "It cannot."), NAMES[count], "", None, room).plain
    long = Answer(None, "its code was\x1b not run before on this machine: --trust runs it" * 3)
    lines = answer_column(long, NAMES[count], "", None, room).plain.split("\n")
    assert len(lines) <= room[1]
    assert all(len(line) <= room[0] for line in lines)
    if room[0] * room[1] > 250:
        assert lines[-1].endswith("runs it")
    else:
        assert "…" in lines[-1]
    assert "\x1b" not in "".join(lines)


@given(st.integers(1, 512), st.integers(20, 240), st.integers(3, 20))
def test_maps_fit_and_a_click_finds_each(count, width, lines):
    grid = grid_for(count, width, lines)
    maps = np.random.default_rng(0).random((count, 5, 5)).astype(np.float32)
    for chosen in (0, count - 1):
        picture = draw_maps(maps, grid, chosen)
        assert picture.shape[1] <= width
        assert picture.shape[0] <= 2 * lines
        assert (picture == FRAME).any()
        row, column = divmod(chosen - grid.first(chosen), grid.columns)
        x, y = 1 + column * (grid.size + 1), row * (grid.size + 2) // 2
        assert grid.at(x, y) == chosen - grid.first(chosen)
    assert grid.at(0, 0) is None


def test_flat_layers_and_negative_values_are_drawn_too():
    logits = np.array([-3.0, 0.0, 5.0], np.float32).reshape(3, 1, 1)
    grid = grid_for(3, 40, 6)
    picture = draw_maps(logits, grid, 1)
    first, _, last = (picture[0, 1 + n * (grid.size + 1)] for n in range(3))
    assert (first, last) == (0, 255)
    assert not draw_maps(np.zeros((3, 2, 4), np.float32), grid, 0).max()


def test_greys_are_few_and_end_at_black_and_white():
    levels = greys(np.linspace(-0.5, 1.5, 1000), 8)
    assert (levels.min(), levels.max(), len(np.unique(levels))) == (0, 255, 8)
    assert greys(np.array([np.nan]))[0] == 0


def test_the_curve_says_what_was_counted_and_no_more():
    nothing = (None,) * len(STRENGTHS)
    assert strength_words(None, 1.0, 80).plain == ""
    assert strength_words(Curve(nothing, nothing, 0, 900), 1.0, 80).plain == "counting …"
    part = Curve(tuple(s / 2 for s in STRENGTHS), nothing, 300, 900)
    assert strength_words(part, 1.0, 80).plain == "success 50.0% of 300 of 900 test images"
    assert "at 1.25×" in strength_words(part, 1.2, 80).plain
    whole = Curve(part.noise, (0.02,) * len(STRENGTHS), 900, 900)
    words = [strength_words(whole, 1.0, room).plain for room in (80, 40, 25, 10)]
    assert words[0] == "success 50.0% of 900 test images, random 2.0%"
    assert all(len(w) <= room for w, room in zip(words, (80, 40, 25, 10), strict=True))
    for curve in (None, part, whole):
        for room in ((10, 3), (40, 12)):
            lines = draw_strength(curve, 1.0, "baseline", room).plain.split("\n")
            assert len(lines) <= room[1]
