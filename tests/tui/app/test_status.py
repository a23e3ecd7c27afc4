"""The lines around the section, where there is no room for all of them."""

from types import SimpleNamespace

import pytest

from tui.app.keys.keymap import Keymap
from tui.app.widgets.status import LEAST_WORDS, fitting_parts, status_line
from tui.ascii import in_ascii

LONG = {"title": "two-conv-fc", "epochs": 20, "batch_size": 128}


def running(states=(), **given):
    """Return a conductor whose run is on, after others that ended in some ``states``."""
    control = SimpleNamespace(stop_reason=None, paused=False)
    task = SimpleNamespace(
        run="", step=1_240, steps=9_380, section="train", config=SimpleNamespace(**LONG), doing="",
        rate=27.3, elsewhere=False, control=control, state="running",
    )  # fmt: skip
    vars(task).update(given)
    ended = [SimpleNamespace(state=state, run="") for state in states]
    return SimpleNamespace(running=task, waiting=2, tasks=[*ended, task], doing="")


PAUSED = SimpleNamespace(stop_reason=None, paused=True)
MANY = ("finished", "finished", "stopped", "failed")
WHOLE = ("▶ two-conv-fc", "▷ two-conv-fc", "1,240/9,380", "epoch 3/20", "3,494 img/s", "4:58 left",
         "⋯ 2 queued", "elsewhere", "in another process", "paused", "· space resumes",
         "✓ 2", "■ 1", "✗ 1")  # fmt: skip


@pytest.mark.parametrize("given", [{}, {"elsewhere": True}, {"control": PAUSED}, {"states": MANY}])
def test_the_status_line_leaves_out_whole_parts(given):
    for width in range(46, 140):
        line = status_line(running(**given), "", Keymap(), width=width).plain
        assert len(line) <= width
        rest = line.replace("━", "").replace("╸", "").replace("─", "")
        for words in WHOLE:
            rest = rest.replace(words, "")
        assert not rest.strip()
        assert " two-conv-fc  " in line
        assert "1,240/9,380" in line
        assert ("paused" in line) == ("control" in given)
        if width >= 60:
            assert "left" in line or "paused · space resumes" in line
            assert "⋯ 2 queued" in line or width < 66


def test_a_wide_line_holds_all_and_what_happened_last():
    line = status_line(running(MANY), "Screenshot saved", Keymap(), width=160).plain
    assert line.startswith(" ▶ two-conv-fc  epoch 3/20  ━━━")
    assert line.endswith("─  1,240/9,380  3,494 img/s  4:58 left  ⋯ 2 queued  ✓ 2  ■ 1  ✗ 1"
                         "  Screenshot saved")  # fmt: skip
    assert in_ascii(line).isascii()


def test_the_last_message_is_cut_or_left_out_before_anything_else():
    whole = status_line(running(), "", Keymap(), width=109).plain
    told = "A message that is much too long for what is left of the line"
    for width in range(len(whole), 109):
        line = status_line(running(), told, Keymap(), width=109, room=width).plain
        assert line.startswith(whole)
        assert len(line) <= width
        assert line == whole or len(line) >= len(whole) + len("  ") + LEAST_WORDS


@pytest.mark.parametrize(("doing", "last", "line"), [
    ("", "", " ready"), ("importing torch", "", " importing torch …"),
    ("importing torch", "A message", " A message  ✓ 2  ■ 1  ✗ 1"),
])  # fmt: skip
def test_an_idle_line_says_what_happened_last(doing, last, line):
    states = MANY if last else ()
    tasks = [SimpleNamespace(state=state, run="") for state in states]
    idle = SimpleNamespace(running=None, waiting=0, tasks=tasks, doing=doing)
    assert status_line(idle, last, Keymap(), width=80).plain == line


def test_a_run_that_begins_says_what_it_waits_for():
    conductor = running(steps=0, step=0)
    conductor.doing = "importing torch"
    line = status_line(conductor, "", Keymap(), width=80).plain
    assert line == " ▶ two-conv-fc  importing torch …  ⋯ 2 queued"


def test_the_place_loses_its_last_parts():
    words = "digits · cpu · bf16"
    assert [fitting_parts(words, room) for room in (19, 18, 12, 11, 6, 5)] == [
        words, "digits · cpu", "digits · cpu", "digits", "digits", ""
    ]  # fmt: skip
