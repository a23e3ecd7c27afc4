"""Windows of steps."""

import pytest

from tui.drawing.window import LEAST, panned, zoomed


def test_zooming_keeps_the_step_where_it_is():
    window = zoomed(None, 1000, 0.5, 200)
    assert window == (100, 600)
    assert zoomed(window, 1000, 0.5, 200) == (150, 400)
    assert zoomed(None, 1000, 0.5, 1000) == (500, 1000)


def test_a_window_ends_where_the_run_does_and_never_has_fewer_than_some_steps():
    assert zoomed((100, 600), 1000, 2, 200) is None
    assert zoomed((600, 1000), 1000, 2, 700) == (200, 1000)
    tiny = zoomed((500, 512), 1000, 0.5, 506)
    assert tiny[1] - tiny[0] == LEAST
    assert zoomed(None, 5, 0.5, 3) is None
    assert zoomed(None, 0, 0.5, 0) is None


def test_panning_moves_a_window_within_the_run():
    assert panned((100, 500), 1000, 0.25) == (200, 600)
    assert panned((100, 500), 1000, -0.5) == (0, 400)
    assert panned((500, 900), 1000, 0.5) == pytest.approx((600, 1000))
    assert panned(None, 1000, 0.5) is None
