"""Ticks: 1, 2 or 5 times a power of ten, with labels that fit together."""

import math

import pytest

from tui.drawing.ticks import linear_ticks, log_ticks, short


def labels(ticks):
    return [tick.label for tick in ticks]


@pytest.mark.parametrize(
    ("low", "high", "most", "shown"),
    [
        (0.11, 0.73, 4, ["0.2", "0.4", "0.6"]),
        (0, 2150, 5, ["0", "500", "1,000", "1,500", "2,000"]),
        (0, 1, 3, ["0.0", "0.5", "1.0"]),
        (-3, 7, 3, ["0", "5"]),
        (1e-6, 3e-6, 3, ["1·10⁻⁶", "2·10⁻⁶", "3·10⁻⁶"]),
        (0, 4e9, 3, ["0", "2·10⁹", "4·10⁹"]),
        (0.9312, 0.9318, 4, ["0.9312", "0.9314", "0.9316", "0.9318"]),
    ],
)
def test_linear_ticks(low, high, most, shown):
    ticks = linear_ticks(low, high, most)
    assert labels(ticks) == shown
    assert all(low - 1e-9 <= tick.place <= high + 1e-9 for tick in ticks)


def test_shares_are_written_in_percent():
    assert labels(linear_ticks(0.81, 1, 4, share=True)) == ["85%", "90%", "95%", "100%"]
    assert labels(linear_ticks(0.971, 0.984, 3, share=True)) == ["97.5%", "98.0%"]


@pytest.mark.parametrize(
    ("low", "high", "lines", "shown", "plain"),
    [
        (0.004, 2.3, 9, ["10⁻²", "10⁻¹", "10⁰"], ["1e-2", "1e-1", "1e0"]),
        (0.09, 1.2, 9, ["10⁻¹", "10⁰", "0.2", "0.5"], ["1e-1", "1e0", "0.2", "0.5"]),
        (0.15, 1.2, 9, ["0.2", "0.5", "1"], ["0.2", "0.5", "1"]),
        (0.06, 0.33, 36, ["0.10", "0.15", "0.20", "0.25", "0.30"], None),
        (0.61, 0.69, 9, ["0.62", "0.68"], None),
        (1e-30, 1e30, 4, ["10⁻²⁰", "10²⁰"], None),
    ],
)
def test_log_ticks(low, high, lines, shown, plain):
    ends = math.log10(low), math.log10(high)
    assert labels(log_ticks(*ends, lines)) == shown
    assert labels(log_ticks(*ends, lines, plain=True)) == (plain or labels(
        log_ticks(*ends, lines, plain=True)))  # fmt: skip
    assert all(label.isascii() for label in labels(log_ticks(*ends, lines, plain=True)))


def test_values_are_short():
    assert short(0.31249) == "0.312"
    assert short(0.98125, share=True) == "98.12%"
    assert short(0.99999, share=True) == "100.0%"  # and no more digits than others
    assert short(1234.5) == "1,234"
    assert short(0.000012) == "1.2·10⁻⁵"
    assert short(0.000012, plain=True) == "1.2e-5"
    assert short(math.nan) == "–"
