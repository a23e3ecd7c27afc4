"""Digits as a hand draws them on the pad: strokes of places, from the left and the top of it."""

from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise

from textual import events

from tests.tui.player import mouse
from tui.app.app import MnistTui
from tui.app.screens.pad import Pad

Places = Sequence[tuple[float, float]]
SEVEN: Sequence[Places] = (
    ((0.28, 0.25), (0.4, 0.24), (0.55, 0.24), (0.69, 0.23), (0.66, 0.33), (0.6, 0.45),
     (0.54, 0.57), (0.49, 0.68), (0.45, 0.8)),
)  # fmt: skip
FIVE: Sequence[Places] = (
    ((0.66, 0.2), (0.5, 0.21), (0.36, 0.22), (0.35, 0.34), (0.34, 0.45), (0.46, 0.42),
     (0.58, 0.45), (0.65, 0.55), (0.63, 0.68), (0.52, 0.77), (0.36, 0.75)),
)  # fmt: skip
PARTS = 2  # of the way from one place to the next


async def draw(
    app: MnistTui, strokes: Sequence[Places], after: Callable[[], Awaitable[object]]
) -> None:
    """Draw with the mouse; ``after`` is awaited after each of its moves."""
    assert isinstance(app.screen, Pad)
    region = app.screen.canvas.region

    def post(kind: type[events.MouseEvent], place: tuple[float, float], button: int) -> None:
        x, y = region.x + place[0] * region.width, region.y + place[1] * region.height
        app.post_message(mouse(kind, x, y, button))

    for places in strokes:
        post(events.MouseDown, places[0], 1)
        await after()
        for (x, y), (to_x, to_y) in pairwise(places):
            for part in range(1, PARTS + 1):
                share = part / PARTS
                post(events.MouseMove, (x + share * (to_x - x), y + share * (to_y - y)), 1)
                await after()
        post(events.MouseUp, places[-1], 1)
        await after()
