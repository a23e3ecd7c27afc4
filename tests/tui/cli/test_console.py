import io

import numpy as np
import pytest
from rich.console import Console

from engine.runs.events import Failed, Finished, Progress, Started, Stopped, Working
from tui.cli.progress import ProgressBars

STARTED = Started(step=0, time=1.0, run="r", section="train", title="t", steps=9, config={},
                  dataset={}, environment={})  # fmt: skip
PROGRESS = Progress(step=9, time=2.0, series={"loss": np.ones(9, np.float32)})
FINISHED = Finished(step=9, time=3.0, results={})


@pytest.fixture(autouse=True)
def clever_terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")


def shown(*events, runs=1):
    """Return what the progress bars leave on a terminal."""
    screen = io.StringIO()
    with ProgressBars(Console(file=screen, force_terminal=True, width=160), runs) as bars:
        for event in events:
            bars(event)
    return screen.getvalue()


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (Stopped(step=9, reason="SIGINT"), "stopped (SIGINT)"),
        (Failed(step=9, message=""), "failed"),
    ],
)
def test_a_bar_tells_of_its_end(end, words):
    assert words in shown(STARTED, PROGRESS, end)


@pytest.mark.parametrize(
    "event",
    [Working(step=9, doing="drew a picture"), Stopped(step=9, reason="hand-over"),
     Failed(step=9, message="The disk is full.")],
)  # fmt: skip
@pytest.mark.parametrize("runs", [1, 2])
def test_what_happens_while_figures_are_drawn_leaves_the_full_bar(event, runs):
    assert "9/9" in shown(STARTED, PROGRESS, FINISHED, event, runs=runs)
