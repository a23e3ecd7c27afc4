"""A monkey at the terminal: random keys, clicks, turns of the wheel and sizes, by a seed.

It plays an app with finished runs and a live one, in as many sittings as it takes: whenever it has
left the app, what left it is checked, and the app is opened again on the same folder.
"""

import asyncio
import os
import random
import string
from dataclasses import dataclass, field
from pathlib import Path

from engine.runs.run import Run
from engine.runs.store import list_runs
from tests.tui.player import KEYS, assert_sound, click, playing, press, resize, scroll
from tui.app import open as open_app

SMALLEST, LARGEST = (20, 5), (240, 70)
USUAL = [(60, 18), (80, 24), (120, 40), (200, 60)]
OTHERS = [*string.ascii_letters, *string.digits, "space", "backspace", "delete", "home", "end",
          "pageup", "pagedown", "ctrl+a", "ctrl+u", "minus", "full_stop", "left_square_bracket",
          *(f"f{n}" for n in range(1, 13))]  # fmt: skip
OFTEN = ["escape", "enter", "tab", "up", "down", "left", "right"]
LEAVING = {"q", "ctrl+q", "ctrl+c", "d"}  # seldom, or no sitting would come to anything
TIRED = 40  # keys without a run after which it begins one itself


@dataclass
class Monkey:
    """Plays ``steps`` steps. ``handed_over`` collects runs that another process was given."""

    artifacts: Path
    seed: int
    steps: int
    handed_over: list[str] = field(default_factory=list)
    sittings: int = 0
    begun: set[Path] = field(default_factory=set)  # runs that it saw begin
    _done: list[str] = field(default_factory=list)  # for the message of a failure

    def __post_init__(self):
        self.random = random.Random(self.seed)

    def play(self):
        """Play it all; returns how many steps there were."""
        step = 0
        while step < self.steps:
            step = asyncio.run(self._sit(step))
            self.sittings += 1
            self.check_runs()
        return step

    async def _sit(self, step):
        """Open the app and play until it has been left or all is done; return the next step."""
        async with playing(self.artifacts, self.random.choice(USUAL), plain=False) as (app, _):
            idle = 0
            while step < self.steps and app.is_running and not app._exit:
                idle = 0 if app.conductor.own is not None else idle + 1
                if idle > TIRED or step == 0:
                    await press(app, *["escape"] * 3, "1", "r")
                step += 1
                await self._step(app)
                if app._exit:
                    break
                assert_sound(app, self.seed, step, self._done[-30:])
                self._note(app)
            self._note(app)
            if not app.left:  # all steps are done
                app._leave("stop")
        assert_left(app)
        return step

    def _note(self, app):
        self.begun.update(task.path for task in app.conductor.tasks if task.run)

    async def _step(self, app):
        kind = self.random.choices(["key", "click", "scroll", "size"], [75, 12, 5, 8])[0]
        size = app.size
        x, y = self.random.randrange(size.width), self.random.randrange(size.height)
        if kind == "key":
            key = self._key()
            self._done.append(key)
            await press(app, key)
        elif kind == "size":
            size = self.random.choice([*USUAL, self._size()])
            self._done.append("{}x{}".format(*size))
            await resize(app, *size)
        else:
            button = self.random.choice([1, 1, 1, 3])
            self._done.append(f"{kind} {x},{y}")
            again = self.random.random() < 0.3
            for _ in range(1 + again):
                if kind == "click" and not app._exit:
                    await click(app, x, y, button)
                elif not app._exit:
                    await scroll(app, x, y, down=button == 1)

    def _key(self):
        key = self.random.choice(self.random.choice([KEYS, KEYS, OTHERS, OFTEN]))
        if key in LEAVING and self.random.random() < 0.8:
            return "escape"
        return key

    def _size(self):
        return tuple(self.random.randint(a, b) for a, b in zip(SMALLEST, LARGEST, strict=True))

    def check_runs(self):
        """No run is lost: each was kept as it was stopped, ended by itself, or was handed over.

        In the folder that its config names, which the form can change.
        """
        for folder in {path.parent for path in self.begun}:
            there = {run.path: run for run in list_runs(folder)}
            begun = {path for path in self.begun if path.parent == folder}
            assert begun <= set(there), (self.seed, begun - set(there))
            for path in begun:
                assert_kept(there[path], (self.seed, self.sittings, self._done[-30:]))


class ProcessEnds(Exception):
    """Stands for the end of the process, which does not wait for an engine that draws figures."""


def assert_left(app):
    """See to the runs of an app that was left as the program does; nothing goes wrong in that."""
    try:
        code = open_app._leave(app)
    except ProcessEnds as end:
        [code] = end.args
    assert code == 0
    assert app.conductor.ended.wait(60)
    assert app._exception is None


def assert_kept(run: Run, why=()):
    """A run that is over can be resumed, or need not be."""
    status = run.read_status()
    assert status in ("stopped", "finished", "failed"), (run.id, status, why)
    if status == "stopped":
        assert (run.path / "checkpoint.pt").is_file() or os.path.getsize(
            run.path / "events.jsonl"
        ), (run.id, why)
    if status == "failed":
        assert "Unexpected" not in run.read_info()["message"], (run.read_info()["message"], why)
