"""Every section and dialog of the app, to be looked at one after another."""

from dataclasses import replace

import numpy as np
from textual.widgets import Input

from tests.tui.pilot import until
from tui.app import screens
from tui.app.sections.run_order import Order

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
    "commands": ("1", "ctrl+p"), "found": ("1", "ctrl+p", "s", "t", "down"),
}  # fmt: skip
GALLERIES = ("mistakes", "mistake", "resisting", "resists")
VIEWS = (*KEYS, "leave", "notice", "fault", "diverged")


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
    if view == "leave":
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
    if view in ("commands", "found"):
        await until(pilot, lambda: app.screen.query_one("CommandList").option_count > 1)
    for box in app.screen.query(Input):
        box.cursor_blink = False
    await pilot.pause(0.2)
