"""A sweep's runs and settings as text."""

import pytest
from rich.cells import cell_len

from engine.sweeps.heat import heat
from engine.sweeps.outcome import settled
from tests.engine.sweeps.made import state
from tui.drawing.heat_map import draw_heat
from tui.drawing.sweep_rows import columns_of, heading, ranked, row_of, whisker

STATES = [
    state(0.9 + rate + seed * rate / 100, seed=seed, learning_rate=rate, model=model)
    for model in ("linear", "a-network-of-ones-own-漢字-with-a-long-name")
    for rate in (0.01, 0.02) for seed in range(3)
]  # fmt: skip
OTHERS = [state(None, 3, "running", model="linear", learning_rate=0.01),
          state(None, 4, "failed", "no", model="linear", learning_rate=0.01),
          state(None, 5, "waiting", model="\x1b[2J", learning_rate=0.01)]  # fmt: skip


@pytest.mark.parametrize("width", range(20, 140, 7))
def test_rows_and_headings_fit_and_stand_in_columns(width):
    columns = columns_of(STATES + OTHERS, width)
    assert columns.width <= width
    lines = [heading(columns, "accuracy")]
    for one in STATES + OTHERS:
        lines.append(row_of(one, columns, 0.4, (0.1, None, 0.9), 12.0, "red"))
    assert {line.cell_len for line in lines} == {columns.width}
    assert "\x1b" not in "".join(line.plain for line in lines)


def test_a_row_says_state_and_progress():
    columns = columns_of(STATES + OTHERS, 100)
    running, failed, waiting = (
        row_of(one, columns, 0.4, (), None, "").plain for one in OTHERS
    )  # fmt: skip
    assert (running[0], " 40%" in running) == ("◐", True)
    assert (failed[0], "failed" in failed) == ("✗", True)
    assert (waiting[0], "waiting" in waiting) == ("◌", True)
    assert "90.03%" in row_of(state(0.9003), columns, 1.0, (), None, "").plain


def test_the_seed_keeps_its_column_longest():
    assert "seed" in dict(columns_of(STATES, 24).options)


@pytest.mark.parametrize("width", range(36, 140, 9))
def test_ranked_settings_fit_and_the_best_comes_first(width):
    lines = ranked(settled(STATES), width)
    assert max(line.cell_len for line in lines) <= width
    assert len(lines) == 5
    assert "0.02" in lines[1].plain or width < 40
    assert "92.02%" in lines[1].plain
    assert "No run has finished yet." in ranked(settled(OTHERS), width)[0].plain


def test_an_interval_is_drawn_between_its_ends():
    assert whisker(0.5, 0.2, 0.8, (0.0, 1.0), 11).plain == "  ├──●──┤  "
    assert whisker(0.1, float("nan"), float("nan"), (0.0, 1.0), 11).plain == " ●         "
    assert whisker(-9, -12, -3, (0.0, 1.0), 5).plain == "‹    "  # far from all others
    assert whisker(float("nan"), 0, 0, (0, 1), 3).plain == "   "
    assert whisker(0.5, 0.4, 9.0, (0.0, 1.0), 11).plain == "    ├●─────"


@pytest.mark.parametrize("room", [(20, 4), (30, 8), (60, 5), (60, 20), (120, 40)])
def test_a_heat_map_fits_its_room_and_marks_the_best(room):
    found = heat(STATES, "accuracy", "model", "learning_rate")
    drawn = draw_heat(found, "accuracy", room, lambda share: "bold" if share == 1 else "")
    lines = drawn.plain.split("\n")
    assert len(lines) <= max(room[1], 5)
    assert max(map(cell_len, lines)) <= max(room[0], 20)
    assert drawn.plain.count("◆") <= 1
    if room[0] >= 60 and room[1] >= 5:
        assert "◆92.02%" in drawn.plain


def test_what_has_no_room_in_a_heat_map_is_counted():
    states = [state(0.5, seed=seed, l2=rate / 100) for rate in range(11) for seed in range(9)]
    drawn = draw_heat(heat(states, "accuracy", "seed", "l2"), "accuracy", (30, 8), lambda s: "")
    assert drawn.plain.endswith("4 more rows and 8 more columns")
