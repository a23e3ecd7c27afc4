"""Every section and dialog of the app, to be looked at one after another."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from textual.widgets import Input

from engine.data.digits import open_digits
from engine.pad import STRENGTHS
from engine.pad.networks import Answer
from engine.pad.strength import Curve
from tests.engine.sweeps.made import make_run, planned_sweep
from tests.tui.pilot import until
from tui.app import screens
from tui.app.screens.pad.strength import Counting
from tui.app.screens.pad.work import Reply
from tui.app.sections.runs.order import Order

KEYS = {
    "train": ("1",), "adversarial": ("2", "j"), "visualize": ("3", "j", "x"),
    "runs": ("4", "space"), "filter": ("4", "slash", "t"), "grouped": ("4", "u"),
    "mistyped": ("4", "slash", *"acc>9"), "sample": ("1", "enter"),
    "noise": ("2", "enter"), "map": ("2", "m"), "neuron": ("3", "enter"),
    "help": ("1", "question_mark"), "files": ("4", "o"),
    "compare": ("4", "down", "down", "space", "down", "space", "c"), "form": ("1", "e"),
    "choices": ("1", "e", "enter"), "toggle": ("1", "e", *["tab"] * 6), "network": ("2", "n"),
    "dataset": ("1", "i"), "confusion": ("1", "m"), "mistakes": ("1", "v"),
    "mistake": ("1", "v"), "resisting": ("2", "v"), "resists": ("2", "v"),
    "pad": ("1", "t"), "pad-networks": ("1", "t"), "pad-keep": ("1", "t", "space"),
    "pad-help": ("1", "t", "question_mark"),
    "commands": ("1", "ctrl+p"), "found": ("1", "ctrl+p", "s", "t", "down"),
}  # fmt: skip
GALLERIES = ("mistakes", "mistake", "resisting", "resists")
VIEWS = (*KEYS, "sweep", "stopping", "leave", "notice", "fault", "diverged")


@cache
def a_sweep():
    """A sweep of four runs, three of which have finished, in a folder of its own."""
    folder = TemporaryDirectory()
    sweep = planned_sweep(Path(folder.name) / "artifacts")
    for place in range(3):
        make_run(sweep, open_digits(), place, 0.9 + place / 100)
    sweep.folder = folder  # which goes with it
    return sweep


async def open_view(app, pilot, view):
    """Open a section or dialog by its keys, and whatever else stands on the screen at times."""
    while len(app.screen_stack) > 1:
        app.pop_screen()
    app.main.runs._marked.clear()
    app.main.runs.order = Order()
    app.main.runs.box.value = ""
    if view in KEYS:
        await pilot.press(*KEYS[view])
    else:
        app.main.show("train")
        await pilot.pause()
    if view in ("sweep", "stopping"):
        shown = screens.SweepView(a_sweep(), app.main.runs.look)
        await app.push_screen(shown)
        await until(pilot, lambda: shown.found.told)
    if view == "stopping":
        app.push_screen(screens.StopSweep("small", "one of its runs"))
    elif view == "leave":
        app.push_screen(screens.Leave(app.conductor, app.keys))
    elif view == "notice":
        app.tell("What happened last… “in words”")
    elif view == "fault":
        app.report(ZeroDivisionError("by zero"), "Pane.refresh_text", app.main.pane)
        app._exception = None  # it was meant
    elif view == "diverged":
        chart = app.main.pane.loss
        await until(pilot, lambda: chart.plot.lines)
        first, *others = chart.plot.lines
        late = np.arange(len(first.steps)) >= len(first.steps) - 3
        diverged = replace(first, values=np.where(late, np.nan, first.values), around=())
        chart.plot = replace(chart.plot, lines=[diverged, *others])
    gallery = app.screen
    if view in GALLERIES and gallery is not app.main:  # where there is one, and not a reason
        await until(pilot, lambda: gallery.exhibit is not None or gallery.problem)
        if view in ("mistake", "resists"):
            await pilot.press("enter")
    if view.startswith("pad"):
        await dressed(app, pilot, view)
    if view in ("commands", "found"):
        await until(pilot, lambda: app.screen.query_one("CommandList").option_count > 1)
    for box in app.screen.query(Input):
        box.cursor_blink = False
    await pilot.pause(0.2)


async def dressed(app, pilot, view):
    """Have networks answer on the pad: those of the example runs have no weights."""
    pad = next(screen for screen in app.screen_stack if isinstance(screen, screens.Pad))
    await until(pilot, lambda: pad.listed)
    pad.ask = lambda: None
    shares = np.array([0.02] * 9 + [0.82], np.float32)
    said = [Answer(shares), Answer(np.roll(shares, 4)), Answer(None, "It cannot be asked.")]
    pad.said = {one.run.path: answer for one, answer in zip(pad.desk.shown, said, strict=False)}
    maps = np.random.default_rng(0).random((32, 7, 7)).astype(np.float32)
    pad.mapped = Reply(pad.desk.question(0.0, inside=True), said, maps)
    curve = Curve(tuple(s / 2 for s in STRENGTHS), (0.02,) * len(STRENGTHS), 900, 1000)
    pad.counting = Counting(pad.desk.noise, curve)
    pad.desk.set_strength(1.2)
    pad.desk.canvas.line((0.2, 0.2), (0.7, 0.6))
    pad.draw_all()
    if view in ("pad-networks", "pad-keep"):
        await pilot.press("n" if view == "pad-networks" else "w")
