"""Draws the README's pictures of the app: ``make screenshots ARTIFACTS=PATH``.

PATH holds a finished ``run all``. The pictures are what the app exports, but for a link to a font.
"""

import asyncio
import re
import sys
import time
from pathlib import Path

from engine.config import RunConfig
from tui.app.app import MnistTui

PATIENCE = 60.0  # seconds until the runs are read
PICTURES = Path(__file__).parents[1] / ".github" / "pictures"
SHOTS = {  # name: (columns, lines, keys)
    "app-train": (120, 36, "j"),
    "app-adversarial": (120, 36, "2jjj"),
    "app-visualize": (120, 36, "3jjjj"),
}


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
        svg = app.export_screenshot(title="mnist-tui")
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.S)
    (PICTURES / f"{name}.svg").write_text(svg.replace("Fira Code", "DejaVu Sans Mono, Menlo"))


def main() -> None:
    """Draw all of them."""
    for name, (columns, lines, keys) in SHOTS.items():
        asyncio.run(shoot(Path(sys.argv[1]), name, columns, lines, keys))


if __name__ == "__main__":
    main()
