"""The lines around the section, where there is no room for all of them."""

from types import SimpleNamespace

import pytest

from tui.app.keymap import Keymap
from tui.app.widgets.status import fitting_parts, status_line

LONG = {"title": "two-conv-fc", "epochs": 20, "batch_size": 128}


def running(**given):
    """Return a conductor whose run is on."""
    control = SimpleNamespace(stop_reason=None, paused=False)
    task = SimpleNamespace(
        step=1_240, steps=9_380, section="train", config=SimpleNamespace(**LONG), doing="",
        rate=27.3, elsewhere=False, control=control,
    )  # fmt: skip
    vars(task).update(given)
    return SimpleNamespace(running=task, waiting=2)


PAUSED = SimpleNamespace(stop_reason=None, paused=True)
WHOLE = ("two-conv-fc", "step 1,240/9,380", "epoch 3/20", "3,494 img/s", "4:58 left", "2 waiting",
         "elsewhere", "in another process", "paused", "· space resumes")  # fmt: skip


@pytest.mark.parametrize("given", [{}, {"elsewhere": True}, {"control": PAUSED}])
def test_the_status_line_leaves_out_whole_parts(given):
    for width in range(46, 140):
        line = status_line(running(**given), "", Keymap(), width=width).plain
        assert len(line) <= width
        rest = line.replace("━", "").replace("─", "")
        for words in WHOLE:
            rest = rest.replace(words, "")
        assert not rest.strip()
        assert "two-conv-fc" in line
        assert "step 1,240/9,380" in line
        assert ("paused" in line) == ("control" in given)
        if width >= 60:
            assert "left" in line or "paused · space resumes" in line


def test_a_wide_line_holds_all():
    line = status_line(running(), "", Keymap(), width=140).plain
    assert line.startswith(" two-conv-fc  ━━━")
    assert line.endswith("─  epoch 3/20  step 1,240/9,380  3,494 img/s  4:58 left  2 waiting")


def test_the_place_loses_its_last_parts():
    words = "digits · cpu · bf16"
    assert [fitting_parts(words, room) for room in (19, 18, 12, 11, 6, 5)] == [
        words, "digits · cpu", "digits · cpu", "digits", "digits", ""
    ]  # fmt: skip
