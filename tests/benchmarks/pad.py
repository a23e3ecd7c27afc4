"""What the pad costs: ``python -m tests.benchmarks.pad ARTIFACTS [--dataset NAME] [--strokes N]``.

ARTIFACTS holds three trained networks. From a move of the mouse to the answers on the screen, while
nothing trains and while something does; and bytes to the terminal as someone draws without a pause.
"""

import argparse
import asyncio
import math
import os
import signal
import statistics
import tempfile
import time
from pathlib import Path

from textual import events

from engine.config import RunConfig
from engine.sections.train.config import TrainConfig
from tests.terminal.terminal import Terminal
from tests.tui.player import mouse
from tui.app.app import MnistTui
from tui.app.screens.pad import Pad

SIZE = (120, 40)
MOVES = 60  # a second, of a hand that draws
SECONDS = 5.0  # of drawing
BETWEEN = 0.06  # seconds from an answer to the next move


def circle(share: float) -> tuple[float, float]:
    """Return a place on the canvas, round and round."""
    return 0.5 + 0.3 * math.cos(9 * share), 0.5 + 0.3 * math.sin(7 * share)


async def until(condition, seconds: float = 60.0) -> None:
    """Wait for something, and keep the app running meanwhile."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit("what was waited for did not happen")
        await asyncio.sleep(0.001)


async def stroke_to_answer(app: MnistTui, pad: Pad, strokes: int) -> list[float]:
    """Return the seconds from each move of the mouse to its answers, drawn."""
    region = pad.canvas.region

    def post(kind, share: float, button: int) -> None:
        x, y = circle(share)
        x, y = region.x + x * region.width, region.y + y * region.height
        app.post_message(mouse(kind, x, y, button))

    post(events.MouseDown, 0, 1)
    await asyncio.sleep(0.2)
    seconds = []
    for number in range(strokes):
        before = pad.asked
        begin = time.perf_counter()
        post(events.MouseMove, 1 + number / 20, 1)
        await until(
            lambda before=before: pad.asked is not before and not pad._pending & {"answers"}
        )
        seconds.append(time.perf_counter() - begin)
        await asyncio.sleep(BETWEEN)
    post(events.MouseUp, 0, 1)
    return seconds


async def latencies(config: RunConfig, strokes: int) -> None:
    """Measure and print."""
    app = MnistTui(config)
    async with app.run_test(size=SIZE):
        await until(lambda: app.focused is not None)
        await app.main.action_do("app.try")
        await until(lambda: isinstance(app.screen, Pad))
        pad = app.screen
        await until(lambda: pad.listed and any(pad.answers) and pad.desk.starts is not None)
        await asyncio.sleep(2)
        print(f"networks: {', '.join(one.name for one in pad.desk.shown)}")
        tell("idle", await stroke_to_answer(app, pad, strokes))
        with tempfile.TemporaryDirectory() as folder:
            training = TrainConfig(model="two-conv-fc", dataset="digits", epochs=10_000,
                                   artifacts=folder)  # fmt: skip
            [task] = app.conductor.start([training], "a command")
            await until(lambda: task.step > 5)
            tell("while one trains", await stroke_to_answer(app, pad, strokes))
            task.control.stop("user")
            await until(lambda: app.conductor.own is None)
        app.conductor.close()


def tell(what: str, seconds: list[float]) -> None:
    """Print a median and the slowest twentieth."""
    ordered = sorted(1000 * one for one in seconds)
    print(f"stroke to answer, {what}: median {statistics.median(ordered):.0f} ms, "
          f"p95 {ordered[int(0.95 * len(ordered))]:.0f} ms")  # fmt: skip


def bytes_a_second(artifacts: str, dataset: str, size: tuple[int, int], colours: str) -> float:
    """Return what goes to a real terminal while someone draws without a pause."""
    with tempfile.TemporaryDirectory() as home:
        terminal = Terminal("try", "--artifacts", artifacts, "--dataset", dataset, size=size,
                            watch=False, XDG_CONFIG_HOME=home, COLORTERM=colours)  # fmt: skip
        terminal.read(lambda t: b"Drawing" in t.output)
        terminal.read_for(6)  # the networks are loaded
        width, height = size[0] // 2, size[1] - 12
        terminal.press("\x1b[<0;20;10M")
        begin, before = time.perf_counter(), len(terminal.output)
        while (passed := time.perf_counter() - begin) < SECONDS:
            x, y = circle(passed)
            terminal.press(f"\x1b[<32;{int(x * width) + 1};{int(y * height) + 1}M")
            terminal._take(1 / MOVES)
        sent = (len(terminal.output) - before) / (time.perf_counter() - begin)
        os.kill(terminal.pid, signal.SIGKILL)
        os.waitpid(terminal.pid, 0)
        terminal.hang_up()
        Terminal.alive.clear()
    return sent


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("artifacts", type=Path)
    parser.add_argument("--dataset", default="auto")
    parser.add_argument("--strokes", type=int, default=100)
    given = parser.parse_args()
    config = RunConfig(artifacts=str(given.artifacts), dataset=given.dataset, offline=True)
    asyncio.run(latencies(config, given.strokes))
    for size in ((80, 24), SIZE, (200, 60)):
        for colours in ("256", "truecolor"):
            sent = bytes_a_second(str(given.artifacts), given.dataset, size, colours)
            print(f"to a terminal of {size[0]}x{size[1]} while drawing, {colours} colours: "
                  f"{sent / 1024:.1f} KiB/s")  # fmt: skip


if __name__ == "__main__":
    main()
