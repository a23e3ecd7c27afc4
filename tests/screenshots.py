"""Draws the README's pictures of the app: ``make screenshots ARTIFACTS=PATH``.

PATH holds a finished ``run all``. The pictures are what the app exports, but for a link to a font.
"""

import asyncio
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from engine.config import RunConfig
from tests.tui.strokes import FIVE, draw
from tui.app import screens
from tui.app.app import MnistTui

PATIENCE = 60.0  # seconds until the runs are read
PICTURES = Path(__file__).parents[1] / ".github" / "pictures"
SHOTS = {  # name: (columns, lines, keys)
    "app-train": (120, 36, "j"),
    "app-adversarial": (120, 36, "2jjj"),
    "app-visualize": (120, 36, "3jjjj"),
}


PAD = ("app-pad", 120, 40)


async def shoot_pad(artifacts: Path, name: str, columns: int, lines: int) -> None:
    """Draw a 5 on the pad, push the noise for a 3 until every network says so, and export that."""
    app = MnistTui(RunConfig(artifacts=str(artifacts), offline=True), pad=True)
    async with app.run_test(size=(columns, lines)) as pilot:
        await waited(pilot, lambda: isinstance(app.screen, screens.Pad) and app.screen.listed)
        pad = app.screen
        await waited(pilot, lambda: pad.desk.starts is not None and pad.desk.noise is not None)
        await draw(app, FIVE, pilot.pause)
        await pilot.press("b")
        for _ in range(20):
            await pilot.pause(0.5)
            if all(answer.predicted == pad.desk.noise.label for answer in pad.answers):
                break
            await pilot.press("plus")
        await waited(pilot, lambda: pad.curve is not None and pad.curve.whole)
        await pilot.pause(2.5)
        write(name, app.export_screenshot(title="mnist-tui"))


async def waited(pilot: Pilot[None], condition: Callable[[], object]) -> None:
    """Wait for something that files, networks and test images take a while for."""
    deadline = time.monotonic() + 10 * PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit("the pad needs trained networks, a noise for them, and MNIST")
        await pilot.pause(0.1)


def write(name: str, svg: str) -> None:
    """Write a picture."""
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.S)
    (PICTURES / f"{name}.svg").write_text(svg.replace("Fira Code", "DejaVu Sans Mono, Menlo"))


async def shoot(artifacts: Path, name: str, columns: int, lines: int, keys: str) -> None:
    """Open the app on finished runs, press keys and export the screen."""
    app = MnistTui(RunConfig(artifacts=str(artifacts), offline=True))
    app.conductor.prepare = lambda config: None  # only files are looked at
    async with app.run_test(size=(columns, lines)) as pilot:
        deadline = time.monotonic() + PATIENCE
        while app.main.experiments["visualize"].newest() is None:
            if time.monotonic() > deadline:
                raise SystemExit(f"{artifacts} holds no finished visualization that can be opened")
            await pilot.pause(0.1)
        await pilot.press(*keys)
        await pilot.pause(2.5)
        write(name, app.export_screenshot(title="mnist-tui"))


def main() -> None:
    """Draw all of them."""
    for name, (columns, lines, keys) in SHOTS.items():
        asyncio.run(shoot(Path(sys.argv[1]), name, columns, lines, keys))
    asyncio.run(shoot_pad(Path(sys.argv[1]), *PAD))


if __name__ == "__main__":
    main()
