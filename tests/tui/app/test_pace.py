from tui.app.terminal.pace import Pace


def test_drawing_keeps_to_its_share_of_time_but_never_stops():
    now, used = [0.0], [0.0]
    pace = Pace(lambda: now[0], lambda: used[0])
    assert pace.due()
    pace.drew()
    used[0] += 0.005
    now[0] = 0.4
    assert not pace.due()  # twice a second at most
    now[0] = 0.5
    assert pace.due()
    pace.drew()
    used[0] += 0.0225  # dear: 1.5 % of 1.5 s
    now[0] = 1.9
    assert not pace.due()
    now[0] = 2.0
    assert pace.due()
    pace.drew()
    used[0] += 1
    now[0] = 3.9
    assert not pace.due()
    now[0] = 4.0
    assert pace.due()
