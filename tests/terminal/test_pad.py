"""The pad in a real terminal: strokes by mouse and keys, and what they leave on the screen."""

import re

import pytest

from tests.terminal.terminal import Terminal
from tui.cli.main import invoke

SIZE = (100, 30)
INK = "▀"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """An artifacts folder with a network that has learned something."""
    folder = tmp_path_factory.mktemp("trained")
    options = ["--dataset", "digits", "--epochs", "5", "--artifacts", str(folder), "--quiet"]
    assert invoke(["run", "train", "--model", "baseline", *options]) == 0
    return folder


@pytest.fixture
def terminal(trained, tmp_path):
    """A terminal with the pad open, its network ready."""
    opened = Terminal("try", "--dataset", "digits", "--artifacts", str(trained), size=SIZE,
                      XDG_CONFIG_HOME=str(tmp_path))  # fmt: skip
    opened.read(lambda t: "Drawing" in t.text and re.search(r"┌─ baseline|╭─ baseline", t.text))
    opened.read(lambda t: "100%" in t.text or "%" in column_of(t)[0])
    return opened


def canvas_of(terminal):
    """Return what stands on the canvas: the cells left of the first network's panel."""
    end = terminal.screen.display[0].index("baseline") - 4
    return [line[1:end] for line in terminal.screen.display[1:-2]]


def column_of(terminal):
    """Return the lines of the network's panel."""
    begin = terminal.screen.display[0].index("baseline") - 2
    return [line[begin:].strip("│ ") for line in terminal.screen.display[1:12]]


def inked(terminal):
    """Return the cells with ink on them, (x, y)."""
    return [(x, y) for y, line in enumerate(canvas_of(terminal)) for x, c in enumerate(line)
            if c == INK]  # fmt: skip


def mouse(x, y, kind="M", button=0):
    return f"\x1b[<{button};{x + 1};{y + 1}{kind}"


@pytest.mark.extended
def test_a_stroke_by_mouse_appears_and_is_answered(terminal):
    assert not inked(terminal)
    before = column_of(terminal)
    terminal.press(mouse(20, 6))
    for x in range(20, 33):
        terminal.press(mouse(x, 6, button=32))
    for y in range(6, 22):
        terminal.press(mouse(32 - (y - 6) // 3, y, button=32))
    terminal.press(mouse(27, 21, "m"))
    terminal.read(lambda t: len(inked(t)) > 20, 10)
    terminal.read(lambda t: column_of(t) != before, 10)
    terminal.press("u")
    terminal.read(lambda t: not inked(t), 10)
    terminal.press("\x1b")
    terminal.read(lambda t: "Models" in t.text)
    terminal.press("q")
    assert terminal.exit_code() == 0


@pytest.mark.extended
def test_a_stroke_by_keys_appears_and_pixels_of_the_mouse_count(terminal):
    terminal.press(" " + "\x1b[C" * 6)  # the pen down, to the right
    terminal.read(lambda t: len(inked(t)) > 5, 10)
    terminal.press("u")
    # As a terminal that tells the mouse's place in pixels says so: 10x20 of them a cell.
    terminal.press("\x1b[?2048;1$y\x1b[48;30;100;600;1000t")
    terminal.read(lambda t: b"\x1b[?1016h" in t.output, 10)
    terminal.press(mouse(205, 125) + mouse(325, 125, button=32) + mouse(325, 125, "m"))
    terminal.read(lambda t: inked(t) and max(inked(t), key=lambda c: c[1])[1] < 8, 10)
    terminal.read(lambda t: len(inked(t)) > 20, 10)
    cells = inked(terminal)
    assert {y for _, y in cells} <= {3, 4, 5, 6}  # around the seventh line of the terminal
    assert min(x for x, _ in cells) in (16, 17, 18, 19)
    assert max(x for x, _ in cells) in (32, 33, 34, 35)
    terminal.press("\x1b")
    terminal.read(lambda t: "Models" in t.text)
    terminal.press("q")
    assert terminal.exit_code() == 0
