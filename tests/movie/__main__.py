"""Makes the README's moving picture: ``make movie ARTIFACTS=PATH``.

PATH holds a finished ``run all`` on MNIST. The app is the real one, driven by its keys; only its
clock is the story's, so that the film is the same on any machine.
"""

import asyncio
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from engine.config import RunConfig
from tests.movie.screen import FONTS, picture_of
from tests.tui.strokes import FIVE, draw
from tui.app.app import MnistTui
from tui.app.keys.keymap import displayed
from tui.app.terminal.pace import Pace

COLUMNS, LINES = 120, 34
FRAMES = 12  # a second
PATIENCE = 60.0  # seconds until the runs are read
BAR = 40  # pixels of the window's title
WORDS = 18  # pixels of its font
WINDOW, TITLE, KEY = (41, 41, 41), (170, 170, 170), (255, 196, 87)
MOST = 3_000_000  # bytes
FILM = Path(__file__).parents[2] / ".github" / "pictures" / "app.webp"


class Film:
    """Frames, each for how many milliseconds it is shown."""

    def __init__(self, app: MnistTui) -> None:
        self.frames: list[np.ndarray] = []
        self.times: list[int] = []
        self._app = app

    def shoot(self, seconds: float, caption: str, key: str) -> None:
        """Take a picture; the same again makes the last one longer."""
        window = framed(picture_of(self._app), caption, key)
        milliseconds = round(seconds * 1000)
        if self.frames and np.array_equal(window, self.frames[-1]):
            self.times[-1] += milliseconds
        else:
            self.frames.append(window)
            self.times.append(milliseconds)

    def save(self, path: Path) -> None:
        """Write an animation that repeats for ever."""
        first, *others = map(Image.fromarray, self.frames)
        first.save(path, save_all=True, append_images=others, duration=self.times, loop=0,
                   lossless=True, quality=60, method=4, minimize_size=True)  # fmt: skip


def framed(screen: np.ndarray, caption: str, key: str) -> np.ndarray:
    """Put a screen into a window: three buttons, a caption, and the key that is pressed."""
    high, wide, _ = screen.shape
    window = Image.new("RGB", (wide, high + BAR), WINDOW)
    draw = ImageDraw.Draw(window)
    for place, colour in enumerate(((255, 95, 87), (254, 188, 46), (40, 200, 64))):
        x = 20 + 22 * place
        draw.ellipse((x - 6, BAR // 2 - 6, x + 6, BAR // 2 + 6), colour)
    font = ImageFont.truetype(str(FONTS / "DejaVuSansMono.ttf"), WORDS)
    draw.text((wide / 2, BAR / 2), caption, TITLE, font, anchor="mm")
    if key:
        bold = ImageFont.truetype(str(FONTS / "DejaVuSansMono-Bold.ttf"), WORDS)
        half = draw.textlength(key, bold) / 2 + 9
        x = wide - 24 - half
        draw.rounded_rectangle((x - half, 5, x + half, BAR - 6), 5, (66, 66, 66), KEY)
        draw.text((x, BAR / 2), key, KEY, bold, anchor="mm")
    window.paste(Image.fromarray(screen), (0, BAR))
    return np.asarray(window)


class Director:
    """Presses keys and lets the story's time pass."""

    def __init__(self, app: MnistTui, pilot, film: Film) -> None:
        self.app, self.pilot, self.film = app, pilot, film
        self.caption = "mnist-tui"
        self._now = 0.0
        self._key, self._until = "", 0.0
        for pane in app.main.experiments.values():
            pane.player.clock = lambda: self._now
            pane.player._pace = Pace(lambda: self._now, lambda: 0.0, soonest=0.0)

    async def wait(self, seconds: float) -> None:
        """Take the frames of a while; what replays goes on."""
        for _ in range(round(seconds * FRAMES)):
            self._now += 1 / FRAMES
            for pane in self.app.main.experiments.values():
                if pane.player.playing:
                    pane.player.tick()
            await self.pilot.pause()
            key = self._key if self._now < self._until else ""
            self.film.shoot(1 / FRAMES, self.caption, key)

    async def press(self, *keys: str, wait: float = 0.4) -> None:
        """Press keys, one after another, each shown for a while."""
        for key in keys:
            self._key, self._until = displayed(key), self._now + 0.9
            await self.pilot.press(key)
            await self.pilot.pause(0.15)
            await self.wait(wait)

    async def replay(self, slowly: float, then: float) -> None:
        """Replay what is shown at the usual speed for a while, then faster for another."""
        await self.press("p", wait=slowly)
        await self.press("right_curly_bracket", "right_curly_bracket", wait=0.2)
        await self.wait(then - 0.4)
        self.app.main.pane.to_latest()
        self.app.main.pane.look.speed = 1.0


async def tell(do: Director) -> None:
    """Tell the story."""
    do.caption = "train: curves grow, predictions become correct"
    await do.wait(0.5)
    await do.replay(1.6, 2.4)
    await do.wait(0.4)
    do.caption = "which digits are mistaken for which"
    await do.press("m", wait=1.6)
    await do.press("escape", wait=0.2)
    do.caption = "adversarial: one noise turns every digit into a 3"
    await do.press("2", wait=0.3)
    await do.press("j", "j", "j", wait=0.1)
    await do.replay(2.4, 1.6)
    await do.press("enter", wait=1.4)
    await do.press("escape", wait=0.2)
    do.caption = "visualize: what each neuron looks for"
    await do.press("3", wait=0.4)
    await do.replay(1.2, 2.0)
    await do.wait(0.6)
    do.caption = "runs: everything that was tried"
    await do.press("4", wait=0.6)
    await do.press("j", "j", wait=0.5)
    await do.wait(0.6)
    await try_the_pad(do)


async def try_the_pad(do: Director) -> None:
    """Draw a 5, and push the noise for a 3 until every network says so."""
    do.caption = "try: draw, and every network answers"
    await do.press("t", wait=0.2)
    pad = do.app.screen
    for _ in range(600):  # torch is imported, and the images opened
        if pad.desk.starts is not None and any(pad.answers):
            break
        await do.pilot.pause(0.1)
    await draw(do.app, FIVE, lambda: do.wait(0.05))
    await do.wait(0.4)
    do.caption = "noise on a slider, until they all say 3"
    await do.press("b", wait=0.0)
    pad.desk.set_strength(0.0)
    for _ in range(22):
        await do.press("plus", wait=0.05)
    await do.wait(1.0)
    await do.press("escape", wait=0.1)


async def shoot(artifacts: Path) -> Film:
    """Open the app on finished runs and film the story."""
    app = MnistTui(RunConfig(artifacts=str(artifacts), offline=True))
    app.conductor.prepare = lambda config: None  # only files are looked at
    app._read_load = lambda: None  # this machine's, and different each time
    film = Film(app)
    async with app.run_test(size=(COLUMNS, LINES), notifications=True) as pilot:
        deadline = time.monotonic() + PATIENCE
        while app.main.experiments["visualize"].newest() is None:
            if time.monotonic() > deadline:
                raise SystemExit(f"{artifacts} holds no finished visualization that can be opened")
            await pilot.pause(0.1)
        await pilot.pause(1.0)
        await pilot.press("j", "j")
        await pilot.pause(1.0)
        await tell(Director(app, pilot, film))
    return film


def main() -> None:
    """Film it and say how it came out."""
    film = asyncio.run(shoot(Path(sys.argv[1])))
    path = Path(sys.argv[2]) if len(sys.argv) > 2 else FILM
    film.save(path)
    size, seconds = path.stat().st_size, sum(film.times) / 1000
    print(f"{path}: {len(film.frames)} pictures, {seconds:.1f} s, {size / 1e6:.2f} MB")
    if size > MOST:
        raise SystemExit(f"more than {MOST / 1e6:.0f} MB: shorten the story")


if __name__ == "__main__":
    main()
