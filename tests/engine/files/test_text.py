"""Foreign text on its way to a terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.files.text import REPLACEMENT, visible


@pytest.mark.parametrize(
    "foreign",
    ["\x1b]52;c;aGk=\x07", "\x9b31m", "a\rb", "a\nb", "\x7f", "\u202eabc", "\ud800", "\U00040000",
     "\U000dffff"],
)  # fmt: skip
def test_what_a_terminal_obeys_is_replaced(foreign):
    shown = visible(foreign)
    assert REPLACEMENT in shown
    assert len(shown) == len(foreign)


@given(st.text(st.characters()))
def test_it_can_always_be_written_and_read_twice(text):
    shown = visible(text)
    shown.encode()
    assert visible(shown) == shown
    assert all(c.isprintable() or not c.isascii() for c in shown)


def test_ordinary_words_stay():
    assert visible("ε 0.3 → 97.5 % ✗ Ziffern[old]") == "ε 0.3 → 97.5 % ✗ Ziffern[old]"
