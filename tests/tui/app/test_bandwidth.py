"""The share of the line that each picture has."""

import numpy as np
import pytest

from tui.app.terminal.bandwidth import Bandwidth

RATES = {"canvas": 30_000, "maps": 8_000}


def sent_in_a_minute(wanted, size):
    """Return the bytes of each picture when some are wanted all the time."""
    now, sent = [0.0], dict.fromkeys(RATES, 0)
    line = Bandwidth(RATES, lambda: sum(sent.values()), lambda: now[0])
    for now[0] in np.arange(0, 60, 0.01):
        for picture in wanted:
            if line.allows(picture):
                line.sent(picture, size)
                sent[picture] += size
    return sent


@pytest.mark.parametrize("size", [500, 3_000, 20_000])
def test_in_the_long_run_no_more_is_sent_than_the_line_carries(size):
    sent = sent_in_a_minute(RATES, size)
    assert sum(sent.values()) <= 60 * sum(RATES.values()) + sum(RATES.values()) + 2 * size
    for picture, rate in RATES.items():  # and each has its share
        assert sent[picture] >= 0.7 * min(60 * rate, 60 / 0.011 * size)


def test_what_others_leave_can_be_used():
    assert sent_in_a_minute(["maps"], 3_000)["maps"] >= 0.8 * 60 * sum(RATES.values())


def test_what_was_not_sent_lately_is_sent_at_once():
    now, sent = [0.0], [0]
    line = Bandwidth({"maps": 1_000}, lambda: sent[0], lambda: now[0])
    assert line.allows("maps")
    line.sent("maps", 50_000)
    sent[0] = 50_000
    assert not line.allows("maps")
    now[0] = 49.0
    assert line.allows("maps")
